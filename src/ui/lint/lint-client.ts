import * as vscode from 'vscode';
import { LINT_LANGUAGES, Setting } from '../editor/contributions.ts';
import { readSetting } from '../editor/editor-api.ts';
import type { LintConnection, LintConnectionOptions } from './lint-connection.ts';
import type { Log } from '../editor/log.ts';
import { mayConcernKubernetes } from './kubernetes-words.ts';
import { messageOf } from '../../domain/cluster-error.ts';

/** What the start of the language client took, in milliseconds. */
export interface LintStartup {
  /** Until the server answered. */
  wall: number;
  /** During which the extension host could do nothing else. */
  busy: number;
  /** Processor time of that; null where the editor's Node cannot tell. */
  processor: number | null;
}

export type ConnectLinter = (options: LintConnectionOptions) => Promise<LintConnection>;

/**
 * Starts the language server when the first document is open in which there may be something to report, and stops it
 * when the linter is switched off. Most YAML and Markdown of the world has nothing to do with Kubernetes.
 * Being constructed costs activation nothing: looking at documents and loading the client happen later.
 */
export class LintClient implements vscode.Disposable {
  readonly #server: string;
  readonly #connect: ConnectLinter;
  readonly #log: Log;
  readonly #subscriptions: vscode.Disposable[] = [];
  #connection: Promise<LintConnection | null> | null = null;
  #startup: LintStartup | null = null;
  #disposed = false;

  constructor(extension: vscode.Uri, connect: ConnectLinter, log: Log) {
    this.#server = vscode.Uri.joinPath(extension, 'dist', 'server.cjs').fsPath;
    this.#connect = connect;
    this.#log = log;
    this.#subscriptions.push(
      vscode.workspace.onDidOpenTextDocument((document) => {
        if (isLinted(document)) this.#start();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (this.#connection || !isLintable(document)) return;
        const touched = contentChanges.map(({ range, text }) => `${document.lineAt(range.start.line).text}\n${text}`);
        if (touched.some(mayConcernKubernetes)) this.#start();
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration(Setting.lintEnabled)) return;
        if (readSetting(Setting.lintEnabled)) this.#startIfNeeded();
        else void this.#stop();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.#stop().then(() => this.#startIfNeeded())),
    );
    setImmediate(() => this.#startIfNeeded());
  }

  /** Null until the linter has started. */
  get startup(): LintStartup | null {
    return this.#startup;
  }

  dispose(): void {
    this.#disposed = true;
    vscode.Disposable.from(...this.#subscriptions).dispose();
    void this.#stop();
  }

  #startIfNeeded(): void {
    if (vscode.workspace.textDocuments.some(isLinted)) this.#start();
  }

  #start(): void {
    if (this.#connection || this.#disposed || !readSetting(Setting.lintEnabled)) return;
    const started = performance.now();
    const options = { server: this.#server, languages: LINT_LANGUAGES, trusted: vscode.workspace.isTrusted };
    this.#connection = this.#connect(options).then(
      (connection) => {
        const { milliseconds: busy, processor } = connection.busy;
        this.#startup = { wall: performance.now() - started, busy, processor };
        this.#log.info(`linter started in ${this.#startup.wall.toFixed(0)} ms, ${busy.toFixed(0)} ms of them busy`);
        return connection;
      },
      (error: unknown) => {
        this.#log.error(`the linter did not start: ${messageOf(error)}`);
        return null;
      },
    );
  }

  async #stop(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await (await connection)?.stop().catch((error: unknown) => this.#log.error(messageOf(error)));
  }
}

function isLintable({ languageId, uri }: vscode.TextDocument): boolean {
  return LINT_LANGUAGES.includes(languageId) && (uri.scheme === 'file' || uri.scheme === 'untitled');
}

function isLinted(document: vscode.TextDocument): boolean {
  return isLintable(document) && (mayConcernKubernetes(document.fileName) || mayConcernKubernetes(document.getText()));
}
