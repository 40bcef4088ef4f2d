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
  stop(): Promise<void>;
}

/**
 * Starts the language server in a process of its own and connects the editor to it. In a bundle of its own, because
 * the client library is larger than everything else that activation needs.
 */
export async function connectLinter(options: LintConnectionOptions): Promise<LintConnection> {
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
  await client.start();
  return { stop: () => client.dispose() };
}
