import * as vscode from 'vscode';
import { Scheme } from '../editor/contributions.ts';

const KEPT = 100;
/** Lines of a followed log that stay. */
const FOLLOWED_LINES = 5_000;
const REDRAW_MS = 200;

/** Text that is opened, and its name: the ending decides how it is coloured. */
export interface LookDocument {
  /** `Pod geo-7c6b.yaml`. */
  name: string;
  text: string;
}

/** Read-only documents of what people looked at, as it was at that moment; followed ones grow. */
export class LookDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #followed = new Map<string, { lines: string[]; stop: AbortController; timer: NodeJS.Timeout | null }>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: vscode.Disposable[];
  #next = 1;

  constructor() {
    this.#subscriptions = [
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        for (const { input } of closed) if (input instanceof vscode.TabInputText) this.#stop(input.uri);
      }),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    const followed = this.#followed.get(uri.toString());
    if (followed) return `${followed.lines.join('\n')}\n`;
    return this.#texts.get(uri.toString()) ?? vscode.l10n.t('This was read in an earlier window. Open it again there.');
  }

  async open(look: LookDocument): Promise<vscode.TextEditor> {
    return show(this.#keep(look));
  }

  /** Opens Markdown as it is read. */
  async preview(name: string, text: string): Promise<void> {
    await vscode.commands.executeCommand('markdown.showPreview', this.#keep({ name, text }));
  }

  /**
   * Opens a document that grows until its tab is closed.
   * @param work tells lines until the signal fires; it may end, or fail, before that
   */
  async follow(
    name: string,
    work: (signal: AbortSignal, tell: (line: string) => void) => Promise<void>,
    failed: (error: unknown) => string,
  ): Promise<vscode.TextEditor> {
    const uri = this.#name(name);
    const stop = new AbortController();
    const state = { lines: [] as string[], stop, timer: null as NodeJS.Timeout | null };
    this.#followed.set(uri.toString(), state);
    const tell = (line: string) => {
      state.lines.push(line);
      state.lines.splice(0, state.lines.length - FOLLOWED_LINES);
      state.timer ??= setTimeout(() => {
        state.timer = null;
        this.#changed.fire(uri);
      }, REDRAW_MS);
    };
    // The document itself says how it ended.
    void work(stop.signal, tell).then(
      () => stop.signal.aborted || tell(vscode.l10n.t('-- nothing more is written')),
      (error: unknown) => stop.signal.aborted || tell(`-- ${failed(error)}`),
    );
    return show(uri);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const { stop, timer } of this.#followed.values()) {
      stop.abort();
      if (timer) clearTimeout(timer);
    }
    this.#changed.dispose();
  }

  #stop(uri: vscode.Uri): void {
    const followed = this.#followed.get(uri.toString());
    if (!followed) return;
    followed.stop.abort();
    if (followed.timer) clearTimeout(followed.timer);
    this.#followed.delete(uri.toString());
  }

  #keep({ name, text }: LookDocument): vscode.Uri {
    const uri = this.#name(name);
    this.#texts.set(uri.toString(), text);
    for (const oldest of this.#texts.keys()) {
      if (this.#texts.size <= KEPT) break;
      this.#texts.delete(oldest);
    }
    return uri;
  }

  #name(name: string): vscode.Uri {
    return vscode.Uri.from({ scheme: Scheme.look, path: `/${this.#next++}/${name.replace(/[^\w.() -]+/g, '-')}` });
  }
}

/** Beside the run view, so that both can be read. */
async function show(uri: vscode.Uri): Promise<vscode.TextEditor> {
  const document = await vscode.workspace.openTextDocument(uri);
  return vscode.window.showTextDocument(document, {
    preview: true,
    preserveFocus: false,
    viewColumn: vscode.ViewColumn.Beside,
  });
}
