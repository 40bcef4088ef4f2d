import {
  CodeLensRefreshRequest,
  DidChangeConfigurationNotification,
  DocumentDiagnosticReportKind,
  TextDocuments,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node';
import type { Connection, InitializeParams, InitializeResult } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { DEFAULT_CONFIG } from './config.ts';
import type { LintConfig } from './config.ts';
import { LanguageService } from './language-service.ts';
import { readLintSettings } from './lint-settings.ts';

/** How long typing must pause before findings are pushed to a client that does not ask for them. */
const PUSH_DELAY_MS = 300;

/** What the client passes as initializationOptions. */
export interface ServerOptions {
  /** Untrusted workspaces get no code lenses. Default: trusted. */
  trusted?: boolean;
}

/** The settings of section `stratus` that the server reads. */
interface ClientSettings {
  enabled: boolean;
  codeLens: boolean;
  config: LintConfig;
}

const DEFAULT_SETTINGS: ClientSettings = { enabled: true, codeLens: true, config: DEFAULT_CONFIG };

function readSettings(section: unknown, log: (line: string) => void): ClientSettings {
  if (typeof section !== 'object' || section === null) return DEFAULT_SETTINGS;
  const { lint, protectedContexts } = section as { lint?: unknown; protectedContexts?: unknown };
  const own = typeof lint === 'object' && lint !== null ? (lint as Record<string, unknown>) : {};
  const names = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  const { config, problems } = readLintSettings({
    ...own,
    // A linter that knows more protected contexts than the runs is fine; fewer would mislead.
    protectedContexts: [...names(protectedContexts), ...names(own['protectedContexts'])],
  });
  for (const problem of problems) log(`settings: ${problem}`);
  return { enabled: own['enabled'] !== false, codeLens: own['codeLens'] !== false, config };
}

/**
 * Connects the language service to a client: pull diagnostics where the client can, pushed ones otherwise. The caller
 * creates the connection and listens on it.
 */
export function startSession(connection: Connection): void {
  const service = new LanguageService();
  const documents = new TextDocuments(TextDocument);
  const timers = new Map<string, NodeJS.Timeout>();
  let settings: Promise<ClientSettings> | undefined;
  let asksForSettings = false;
  let pulls = false;
  let refreshes = false;
  let refreshesLenses = false;
  let trusted = true;

  const currentSettings = (): Promise<ClientSettings> => {
    settings ??= asksForSettings
      ? connection.workspace.getConfiguration('stratus').then(
          (section: unknown) => readSettings(section, (line) => connection.console.warn(line)),
          () => DEFAULT_SETTINGS,
        )
      : Promise.resolve(DEFAULT_SETTINGS);
    return settings;
  };

  const push = async (document: TextDocument): Promise<void> => {
    const { enabled, config } = await currentSettings();
    if (documents.get(document.uri) !== document) return;
    const diagnostics = enabled ? service.diagnostics(document, config) : [];
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

  connection.onInitialize((params: InitializeParams): InitializeResult => {
    asksForSettings = params.capabilities.workspace?.configuration === true;
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
        .catch(() => undefined);
  });

  connection.onDidChangeConfiguration(() => {
    settings = undefined;
    if (pulls && refreshes) connection.languages.diagnostics.refresh();
    if (trusted && refreshesLenses) void connection.sendRequest(CodeLensRefreshRequest.type).catch(() => undefined);
    if (!pulls) for (const document of documents.all()) pushSoon(document);
  });

  connection.languages.diagnostics.on(async (params, token) => {
    const { enabled, config } = await currentSettings();
    const document = documents.get(params.textDocument.uri);
    if (!document || !enabled || token.isCancellationRequested)
      return { kind: DocumentDiagnosticReportKind.Full, items: [] };
    const { resultId } = service.check(document, config);
    if (params.previousResultId === resultId) return { kind: DocumentDiagnosticReportKind.Unchanged, resultId };
    return { kind: DocumentDiagnosticReportKind.Full, resultId, items: service.diagnostics(document, config) };
  });

  connection.onCodeAction(async (params, token) => {
    const { enabled, config } = await currentSettings();
    const document = documents.get(params.textDocument.uri);
    if (!document || !enabled || token.isCancellationRequested) return [];
    return service.codeActions(document, params.range, params.context.only, config);
  });

  connection.onHover((params) => {
    const document = documents.get(params.textDocument.uri);
    return document ? service.hover(document, params.position) : undefined;
  });

  connection.onCodeLens(async (params, token) => {
    const { enabled, codeLens } = await currentSettings();
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
