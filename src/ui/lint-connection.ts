import * as vscode from 'vscode';
import type { LanguageClientOptions, ServerOptions } from 'vscode-languageclient/node';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';

export interface LintConnectionOptions {
  /** Absolute path of the language server's bundle. */
  server: string;
  languages: readonly string[];
  /** False in Restricted Mode: no code lenses. */
  trusted: boolean;
}

/** A running language server. */
export interface LintConnection {
  /** Milliseconds in which the extension host could do nothing but load and start the client. */
  readonly busyMs: number;
  stop(): Promise<void>;
}

/**
 * Starts the language server in a process of its own and connects the editor to it. In a bundle of its own, because
 * the client library is larger than everything else that activation needs.
 * @param loadMs what loading this module took
 */
export async function connectLinter(options: LintConnectionOptions, loadMs: number): Promise<LintConnection> {
  const before = performance.now();
  const { server, languages, trusted } = options;
  const run = { module: server, transport: TransportKind.ipc };
  const serverOptions: ServerOptions = { run, debug: run };
  const clientOptions: LanguageClientOptions = {
    documentSelector: languages.flatMap((language) => [
      { scheme: 'file', language },
      { scheme: 'untitled', language },
    ]),
    initializationOptions: { trusted },
    diagnosticCollectionName: 'stratus',
    diagnosticPullOptions: { onChange: true, onTabs: false },
    outputChannelName: vscode.l10n.t('Stratus Linter'),
  };
  const client = new LanguageClient('stratus.lint', 'Stratus Linter', serverOptions, clientOptions);
  const started = client.start();
  const busyMs = loadMs + performance.now() - before;
  await started;
  return { busyMs, stop: () => client.dispose() };
}
