import * as vscode from 'vscode';
import { RUN_VIEW_TYPE } from '../editor/contributions.ts';

/** As the editor's tabs name a panel of ours. */
const TAB_TYPE = `mainThreadWebview-${RUN_VIEW_TYPE}`;
/** After a reload of the window the editor hands a panel back within this time, once it is in sight. */
const HANDED_BACK_MS = 5_000;

/** Tabs of run views, whoever made them. */
export function runTabs(): vscode.Tab[] {
  return vscode.window.tabGroups.all.flatMap(({ tabs }) =>
    tabs.filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType === TAB_TYPE),
  );
}

/**
 * When the process of the extensions dies, the editor starts another one in the same window and leaves the panels of the
 * former one as they are: nobody hears them, and they are not handed back as after a reload. One that is in sight and was
 * not handed back in time is such a leftover.
 */
export class LeftoverTabs implements vscode.Disposable {
  readonly #isOurs: () => boolean;
  readonly #takeOver: (column: vscode.ViewColumn) => Promise<void>;
  readonly #subscription: vscode.Disposable;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param isOurs whether this process has a panel
   * @param takeOver shows what the leftover showed in a panel of this process, in the same column; closes the leftover
   */
  constructor(isOurs: () => boolean, takeOver: (column: vscode.ViewColumn) => Promise<void>) {
    this.#isOurs = isOurs;
    this.#takeOver = takeOver;
    this.#subscription = vscode.window.tabGroups.onDidChangeTabs(() => this.#look());
    this.#look();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscription.dispose();
  }

  #look(): void {
    if (this.#timer || !this.#leftover()) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const left = this.#leftover();
      if (!left) return;
      // The page itself says that nobody answers it.
      void this.#takeOver(left.group.viewColumn).catch(() => undefined);
    }, HANDED_BACK_MS);
  }

  #leftover(): vscode.Tab | undefined {
    return this.#isOurs() ? undefined : runTabs().find(({ isActive }) => isActive);
  }
}
