import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type {
  Params,
  Reply,
  RequestName,
  Requests,
  Result,
  ToHost,
  ToPage,
} from '../../../webview/protocol/requests.ts';
import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import { isToHost } from '../../../webview/protocol/requests.ts';
import { RUN_VIEW_TYPE } from '../editor/contributions.ts';
import type { Store } from '../editor/target-memory.ts';
import { editorWords } from '../editor/editor-words.ts';
import type { IncidentSession, SessionList } from './incident-session.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import { pageHtml } from '../views/page-html.ts';
import { LeftoverTabs, runTabs } from './leftover-tabs.ts';

/** What the page may ask for; each answer is a problem in one line, or empty. */
export type PageHandlers = {
  [N in Exclude<RequestName, 'ready' | 'alive'>]: (params: Params<N>) => Promise<string>;
};

/** Where the run that is shown is kept for the process that may have to take the view over. */
const KEY = 'shownRun';

/** At most one snapshot per this many milliseconds reaches the page. */
const SNAPSHOT_INTERVAL_MS = 50;

/** The one panel that shows a run. It may be closed and opened at any time; the run does not notice. */
export class RunPanel implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #extension: vscode.Uri;
  readonly #sessions: SessionList;
  readonly #handlers: PageHandlers;
  readonly #restore: (run: string) => Promise<void>;
  readonly #memory: Store;
  readonly #subscriptions: { dispose(): void }[];
  #panel: vscode.WebviewPanel | null = null;
  #run: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #restoring: Promise<void> = Promise.resolve();

  /**
   * @param restore makes a run of an earlier window a session again
   * @param memory of this workspace
   */
  constructor(
    extension: vscode.Uri,
    sessions: SessionList,
    handlers: PageHandlers,
    restore: (run: string) => Promise<void>,
    memory: Store,
  ) {
    this.#memory = memory;
    this.#restore = restore;
    this.#extension = extension;
    this.#sessions = sessions;
    this.#handlers = handlers;
    this.#subscriptions = [
      sessions.onChange((session) => this.#onChange(session)),
      new LeftoverTabs(
        () => this.#panel !== null,
        (column) => this.#takeOver(column),
      ),
    ];
  }

  get visible(): boolean {
    return this.#panel?.visible ?? false;
  }

  /** What the page shows, or would show: for tests of the protocol. */
  get snapshot(): RunSnapshot | null {
    return this.#session()?.snapshot() ?? null;
  }

  show(run: string): void {
    this.#remember(run);
    if (!this.#panel) this.#create({ viewColumn: vscode.ViewColumn.Active });
    this.#retitle();
    this.#panel!.reveal(undefined, false);
    this.#post();
  }

  /** After a window reload the run itself is over; its view comes back from the event log. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const run = typeof state === 'object' && state !== null ? (state as { run?: unknown }).run : undefined;
    this.#panel?.dispose();
    this.#remember(typeof run === 'string' ? run : null);
    if (this.#run) {
      // Without its log the page says that the run has ended.
      this.#restoring = this.#restore(this.#run).catch(() => undefined);
    }
    this.#adopt(panel);
    await this.#restoring;
    this.#retitle();
  }

  /** Serves one message of the page; also the door for tests. */
  async receive(message: unknown): Promise<ToPage | null> {
    if (!isToHost(message)) return null;
    try {
      return { type: 'reply', id: message.id, result: await this.#serve(message) };
    } catch (error) {
      return { type: 'failure', id: message.id, problem: editorWords(messageOf(error)) };
    }
  }

  dispose(): void {
    if (this.#timer) clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#panel?.dispose();
  }

  async #serve(message: ToHost): Promise<Result<RequestName>> {
    if (message.name === 'ready') await this.#restoring;
    if (message.name === 'ready') return { snapshot: this.snapshot } satisfies Requests['ready'][1];
    if (message.name === 'alive') return { problem: '' } satisfies Reply;
    const handler = this.#handlers[message.name] as (params: ToHost['params']) => Promise<string>;
    return { problem: editorWords(await handler(message.params)) } satisfies Reply;
  }

  /** Shows the run of a panel that a former process has left, without taking the focus. */
  async #takeOver(viewColumn: vscode.ViewColumn): Promise<void> {
    const run = this.#memory.get(KEY);
    if (typeof run !== 'string') return;
    await this.#restore(run);
    if (this.#panel) return;
    this.#remember(run);
    this.#create({ viewColumn, preserveFocus: true });
    this.#retitle();
  }

  /** There is one panel: others were left by a process that is gone. */
  #create(where: { viewColumn: vscode.ViewColumn; preserveFocus?: boolean }): void {
    const others = runTabs();
    this.#adopt(vscode.window.createWebviewPanel(RUN_VIEW_TYPE, vscode.l10n.t('Incident'), where));
    // One that stays says of itself that nobody answers it.
    if (others.length > 0) void vscode.window.tabGroups.close(others, true).then(undefined, () => undefined);
  }

  #remember(run: string | null): void {
    this.#run = run;
    // Where it cannot be stored, a panel that is left stays.
    this.#memory.update(KEY, run ?? undefined).then(undefined, () => undefined);
  }

  #adopt(panel: vscode.WebviewPanel): void {
    const { webview } = panel;
    const folder = vscode.Uri.joinPath(this.#extension, 'dist', 'webview');
    webview.options = { enableScripts: true, localResourceRoots: [folder] };
    // Drawn by the editor in the colours of its theme; a picture of our own has one colour only.
    panel.iconPath = new vscode.ThemeIcon('pulse');
    webview.html = pageHtml({
      script: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'run.js')).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'run.css')).toString(),
      cspSource: webview.cspSource,
      nonce: randomBytes(16).toString('base64url'),
      language: vscode.env.language,
      title: vscode.l10n.t('Incident'),
    });
    webview.onDidReceiveMessage(async (message: unknown) => {
      const answer = await this.receive(message);
      if (answer) await webview.postMessage(answer);
    });
    panel.onDidDispose(() => {
      if (this.#panel === panel) this.#panel = null;
    });
    this.#panel = panel;
  }

  #onChange(session: IncidentSession): void {
    if (session.id !== this.#run || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#post();
    }, SNAPSHOT_INTERVAL_MS);
  }

  #post(): void {
    const { snapshot } = this;
    // A hidden page has no state to update: it asks again when it is shown.
    if (!snapshot || !this.#panel?.visible) return;
    void this.#panel.webview.postMessage({ type: 'snapshot', snapshot } satisfies ToPage);
  }

  #retitle(): void {
    const session = this.#session();
    if (this.#panel && session) this.#panel.title = vscode.l10n.t('Incident: {0}', session.target.namespace);
  }

  #session(): IncidentSession | undefined {
    return this.#run ? this.#sessions.find(this.#run) : undefined;
  }
}
