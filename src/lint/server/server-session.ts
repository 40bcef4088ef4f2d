import {
  CodeLensRefreshRequest,
  DiagnosticSeverity,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  DocumentDiagnosticReportKind,
  TextDocuments,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node';
import type { Connection, Diagnostic, InitializeParams, InitializeResult } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { fileURLToPath } from 'node:url';
import { CONFIG_NAME } from '../files/config-file.ts';
import type { ConfigProblem } from '../files/config-file.ts';
import { ConfigWatch } from './config-watch.ts';
import { DocumentSettings } from './document-settings.ts';
import { LanguageService } from './language-service.ts';
import { placeFinder } from '../positions.ts';

/** How long typing must pause before findings are pushed to a client that does not ask for them. */
const PUSH_DELAY_MS = 300;

/** What the client passes as initializationOptions. */
export interface ServerOptions {
  /** Untrusted workspaces get no code lenses. Default: trusted. */
  trusted?: boolean;
}

/**
 * Connects the language service to a client: pull diagnostics where the client can, pushed ones otherwise. The caller
 * creates the connection and listens on it.
 */
export function startSession(connection: Connection): void {
  const service = new LanguageService();
  const documents = new TextDocuments(TextDocument);
  const timers = new Map<string, NodeJS.Timeout>();
  let asksForSettings = false;
  let hasFolders = false;
  let watches = false;
  let pulls = false;
  let refreshes = false;
  let refreshesLenses = false;
  let trusted = true;

  const watching = new ConfigWatch(() => {
    settings.forget();
    again();
  });
  connection.onShutdown(() => watching.close());

  const settings = new DocumentSettings({
    section: async (): Promise<unknown> =>
      asksForSettings ? await connection.workspace.getConfiguration('stratus') : undefined,
    folders: async () => {
      const folders = hasFolders ? await connection.workspace.getWorkspaceFolders() : null;
      return (folders ?? []).filter(({ uri }) => uri.startsWith('file:')).map(({ uri }) => fileURLToPath(uri));
    },
    showProblems: (uri, text, problems) => {
      void connection.sendDiagnostics({ uri, diagnostics: problems.map(problemDiagnostic(text)) });
    },
    watch: (folder) => watching.add(folder),
    log: (line) => connection.console.warn(line),
  });

  const push = async (document: TextDocument): Promise<void> => {
    const { enabled, config, nearby } = await settings.of(document.uri);
    if (documents.get(document.uri) !== document) return;
    const diagnostics = enabled ? service.diagnostics(document, config, nearby) : [];
    await connection.sendDiagnostics({ uri: document.uri, version: document.version, diagnostics });
  };

  const pushSoon = (document: TextDocument): void => {
    if (pulls) return;
    clearTimeout(timers.get(document.uri));
    timers.set(
      document.uri,
      setTimeout(() => void push(document), PUSH_DELAY_MS),
    );
  };

  /** Something that findings rest on has changed outside the documents. */
  const again = (): void => {
    if (pulls && refreshes) connection.languages.diagnostics.refresh();
    if (trusted && refreshesLenses) {
      // A client that went away needs no lenses.
      void connection.sendRequest(CodeLensRefreshRequest.type).catch(() => undefined);
    }
    if (!pulls) for (const document of documents.all()) pushSoon(document);
  };

  connection.onInitialize((params: InitializeParams): InitializeResult => {
    asksForSettings = params.capabilities.workspace?.configuration === true;
    hasFolders = params.capabilities.workspace?.workspaceFolders === true;
    watches = params.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    pulls = params.capabilities.textDocument?.diagnostic !== undefined;
    refreshes = params.capabilities.workspace?.diagnostics?.refreshSupport === true;
    refreshesLenses = params.capabilities.workspace?.codeLens?.refreshSupport === true;
    trusted = (params.initializationOptions as ServerOptions | undefined)?.trusted !== false;
    return {
      serverInfo: { name: 'stratus-lint' },
      capabilities: {
        textDocumentSync: TextDocumentSyncKind.Incremental,
        hoverProvider: true,
        codeActionProvider: { codeActionKinds: ['quickfix', 'source.fixAll.stratus'] },
        ...(trusted ? { codeLensProvider: { resolveProvider: false } } : {}),
        ...(pulls
          ? { diagnosticProvider: { identifier: 'stratus', interFileDependencies: false, workspaceDiagnostics: false } }
          : {}),
      },
    };
  });

  connection.onInitialized(() => {
    if (asksForSettings)
      void connection.client
        .register(DidChangeConfigurationNotification.type, { section: 'stratus' })
        // A client that cannot register does not send changes; settings are read at the start.
        .catch(() => undefined);
    if (watches)
      void connection.client
        .register(DidChangeWatchedFilesNotification.type, {
          watchers: [`**/${CONFIG_NAME}`, '**/*.{yaml,yml,json}'].map((globPattern) => ({ globPattern })),
        })
        .catch(() => undefined);
  });

  connection.onDidChangeConfiguration(() => {
    settings.forget();
    again();
  });

  connection.onDidChangeWatchedFiles(({ changes }) => {
    if (changes.some(({ uri }) => uri.endsWith(`/${CONFIG_NAME}`))) settings.forget();
    service.forgetFiles();
    again();
  });

  connection.languages.diagnostics.on(async (params, token) => {
    const { enabled, config, nearby } = await settings.of(params.textDocument.uri);
    const document = documents.get(params.textDocument.uri);
    if (!document || !enabled || token.isCancellationRequested)
      return { kind: DocumentDiagnosticReportKind.Full, items: [] };
    const { resultId } = service.check(document, config, nearby);
    if (params.previousResultId === resultId) return { kind: DocumentDiagnosticReportKind.Unchanged, resultId };
    return { kind: DocumentDiagnosticReportKind.Full, resultId, items: service.diagnostics(document, config, nearby) };
  });

  connection.onCodeAction(async (params, token) => {
    const { enabled, config, nearby } = await settings.of(params.textDocument.uri);
    const document = documents.get(params.textDocument.uri);
    if (!document || !enabled || token.isCancellationRequested) return [];
    return service.codeActions(document, params.range, params.context.only, config, nearby);
  });

  connection.onHover((params) => {
    const document = documents.get(params.textDocument.uri);
    return document ? service.hover(document, params.position) : undefined;
  });

  connection.onCodeLens(async (params, token) => {
    const { enabled, codeLens } = await settings.of(params.textDocument.uri);
    const document = documents.get(params.textDocument.uri);
    if (!document || !enabled || !codeLens || !trusted || token.isCancellationRequested) return [];
    return document.languageId === 'shellscript' ? service.codeLenses(document) : [];
  });

  documents.onDidChangeContent(({ document }) => pushSoon(document));
  documents.onDidClose(({ document }) => {
    clearTimeout(timers.get(document.uri));
    timers.delete(document.uri);
    service.close(document.uri);
    if (!pulls) void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
  });
  documents.listen(connection);
}

function problemDiagnostic(text: string): (problem: ConfigProblem) => Diagnostic {
  const place = placeFinder(text);
  return ({ message, start, end }) => ({
    range: { start: place(start), end: place(end) },
    severity: DiagnosticSeverity.Error,
    source: 'stratus',
    message,
  });
}
