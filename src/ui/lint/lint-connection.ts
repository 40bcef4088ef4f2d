import * as vscode from 'vscode';
import type { LanguageClientOptions, NodeModule } from 'vscode-languageclient/node';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { Command } from '../editor/contributions.ts';
import type { BusyTime } from '../editor/busy-time.ts';

export interface LintConnectionOptions {
  /** Absolute path of the language server's bundle. */
  server: string;
  languages: readonly string[];
  /** False in Restricted Mode: no code lenses. */
  trusted: boolean;
}

/** A running language server. */
export interface LintConnection {
  /** What loading and starting the client and the server's process cost the extension host. */
  readonly busy: BusyTime;
  stop(): Promise<void>;
}

/**
 * Starts the language server in a process of its own and connects the editor to it. In a bundle of its own, because
 * the client library is larger than everything else that activation needs.
 * @param busy sums what the start costs the extension host, from loading this module until the server has answered
 */
export async function connectLinter(options: LintConnectionOptions, busy: BusyTime): Promise<LintConnection> {
  const { server, languages, trusted } = options;
  const run: NodeModule = {
    module: server,
    transport: TransportKind.ipc,
    /** Read when the process is about to be started. */
    get args() {
      busy.count();
      return [];
    },
  };
  const clientOptions: LanguageClientOptions = {
    documentSelector: languages.flatMap((language) => [
      { scheme: 'file', language },
      { scheme: 'untitled', language },
    ]),
    initializationOptions: { trusted },
    // Links in hovers open pages of the documentation and nothing else.
    markdown: { isTrusted: { enabledCommands: [Command.openDocs] } },
    diagnosticCollectionName: 'stratus',
    diagnosticPullOptions: { onChange: true, onTabs: false },
    outputChannelName: vscode.l10n.t('Stratus Linter'),
  };
  // Used when the editor itself is being debugged; `Attach to the language server` in .vscode/launch.json finds it there.
  const debug: NodeModule = { ...run, options: { execArgv: ['--inspect=127.0.0.1:6009'] } };
  const client = new LanguageClient('stratus.lint', 'Stratus Linter', { run, debug }, clientOptions);
  // The server's first answer is worked off: features are registered, open documents are sent.
  client.onDidChangeState(() => {
    if (client.isRunning()) busy.count();
  });
  await client.start();
  await busy.ended();
  return { busy, stop: () => client.dispose() };
}
