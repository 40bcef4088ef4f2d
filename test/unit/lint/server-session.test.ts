import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createConnection,
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';
import type { Diagnostic, ProtocolConnection } from 'vscode-languageserver/node';
import { startSession } from '../../../src/lint/server/server-session.ts';

const URI = 'file:///work/deploy.sh';
const open: ProtocolConnection[] = [];

/** A client and the real server session, joined by streams in this process. */
async function connect(
  capabilities: object,
  settings: unknown = {},
  initializationOptions: object = {},
): Promise<{ client: ProtocolConnection; result: { capabilities: Record<string, unknown> } }> {
  const up = new PassThrough();
  const down = new PassThrough();
  const server = createConnection(new StreamMessageReader(up), new StreamMessageWriter(down));
  startSession(server);
  server.listen();
  const client = createProtocolConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
  client.onRequest('workspace/configuration', () => [settings]);
  client.onRequest('client/registerCapability', () => null);
  client.listen();
  open.push(client);
  const result: { capabilities: Record<string, unknown> } = await client.sendRequest('initialize', {
    processId: null,
    rootUri: null,
    capabilities,
    initializationOptions,
  });
  await client.sendNotification('initialized', {});
  return { client, result };
}

const PULL = { textDocument: { diagnostic: {} }, workspace: { configuration: true } };

async function openText(client: ProtocolConnection, text: string, languageId = 'shellscript'): Promise<void> {
  await client.sendNotification('textDocument/didOpen', { textDocument: { uri: URI, languageId, version: 1, text } });
}

interface Registrations {
  registrations: { registerOptions?: { watchers?: { globPattern: string }[] } }[];
}

interface Report {
  kind: string;
  resultId: string;
  items: Diagnostic[];
}

const pull = (client: ProtocolConnection, previousResultId?: string): Promise<Report> =>
  client.sendRequest('textDocument/diagnostic', { textDocument: { uri: URI }, previousResultId });

afterEach(() => {
  for (const client of open.splice(0)) client.dispose();
});

describe('language server', () => {
  it('answers pulled diagnostics with exact ranges, rule links and result ids', async () => {
    const { client, result } = await connect(PULL);
    expect(result.capabilities['diagnosticProvider']).toMatchObject({ interFileDependencies: false });
    await openText(client, 'set -e\nkubectl delete ns prod\n');
    const report = await pull(client);
    expect(report.kind).toBe('full');
    expect(report.items).toMatchObject([
      {
        code: 'delete-protected-kind',
        severity: 2,
        source: 'stratus',
        range: { start: { line: 1, character: 15 }, end: { line: 1, character: 17 } },
        codeDescription: { href: 'command:stratus.openDocs?%5B%22delete-protected-kind%22%5D' },
      },
    ]);
    expect((await pull(client, report.resultId)).kind).toBe('unchanged');
    await client.sendNotification('textDocument/didChange', {
      textDocument: { uri: URI, version: 2 },
      contentChanges: [{ range: { start: { line: 1, character: 8 }, end: { line: 1, character: 14 } }, text: 'get' }],
    });
    expect(await pull(client, report.resultId)).toMatchObject({ kind: 'full', items: [] });
  });

  it('pushes diagnostics to a client that cannot pull', async () => {
    const { client, result } = await connect({});
    expect(result.capabilities['diagnosticProvider']).toBeUndefined();
    const pushed = new Promise<{ diagnostics: Diagnostic[] }>((resolve) =>
      client.onNotification('textDocument/publishDiagnostics', resolve),
    );
    await openText(client, 'kubectl delete ns prod\n');
    expect((await pushed).diagnostics).toMatchObject([{ code: 'delete-protected-kind' }]);
  });

  it('obeys settings per rule and protected namespaces', async () => {
    const { client } = await connect(PULL, {
      lint: { rules: { 'delete-protected-kind': 'off' }, protectedNamespaces: ['prod-*'] },
    });
    await openText(
      client,
      'kubectl delete ns prod-1\nkubectl delete pods --all -n prod-1\nkubectl delete pods --all -n test\n',
    );
    const { items } = await pull(client);
    expect(items.map((item) => [item.code, item.severity])).toEqual([
      ['delete-many', 1],
      ['delete-many', 2],
    ]);
  });

  it('offers a safe rewrite, comments that disable a rule, and fix-all', async () => {
    const { client } = await connect(PULL);
    await openText(client, '  kubectl drain n1\n  kubectl delete pod x --force --grace-period=0\n');
    const range = { start: { line: 0, character: 4 }, end: { line: 1, character: 40 } };
    const actions: { title: string; kind: string; edit: { changes: Record<string, { newText: string }[]> } }[] =
      await client.sendRequest('textDocument/codeAction', {
        textDocument: { uri: URI },
        range,
        context: { diagnostics: [] },
      });
    const titles = actions.map((action) => action.title);
    expect(titles).toEqual(
      expect.arrayContaining([
        'Add --timeout=120s',
        'Delete gracefully',
        'Disable drain-unbounded for this line',
        'Disable drain-unbounded in this file',
      ]),
    );
    const disable = actions.find((action) => action.title.startsWith('Disable drain-unbounded for this line'));
    expect(disable?.edit.changes[URI]?.[0]?.newText).toBe('  # stratus: disable-next-line drain-unbounded -- reason\n');
    const all = actions.find((action) => action.kind === 'source.fixAll.stratus');
    expect(all?.edit.changes[URI]?.length).toBe(2);
  });

  it('explains the command under the cursor', async () => {
    const { client } = await connect(PULL);
    await openText(client, 'kubectl rollout restart deploy/x\n');
    const hover: { contents: { value: string } } = await client.sendRequest('textDocument/hover', {
      textDocument: { uri: URI },
      position: { line: 0, character: 12 },
    });
    expect(hover.contents.value).toContain('kubectl rollout restart');
    expect(hover.contents.value).toContain('put back as it was');
    expect(hover.contents.value).toContain('no `--dry-run`');
  });

  it('shows code lenses for runnable writes only, and none in untrusted workspaces', async () => {
    const script =
      'kubectl scale deploy/x --replicas=2\nkubectl get pods\nkubectl delete ns x\nkubectl scale deploy/x --replicas=$N\nkubectl apply -f x.yaml\n';
    const { client } = await connect(PULL);
    await openText(client, script);
    const lenses: {
      range: { start: { line: number } };
      command: { title: string; arguments: { argv: string[] }[] };
    }[] = await client.sendRequest('textDocument/codeLens', { textDocument: { uri: URI } });
    expect(lenses.map((lens) => [lens.range.start.line, lens.command.title])).toEqual([
      [0, 'Rehearse'],
      [0, 'Run in transaction'],
      [4, 'Rehearse'],
      [4, 'Run in transaction'],
    ]);
    expect(lenses[0]?.command.arguments[0]?.argv).toEqual(['scale', 'deploy/x', '--replicas=2']);
    const { result } = await connect(PULL, {}, { trusted: false });
    expect(result.capabilities['codeLensProvider']).toBeUndefined();
  });

  describe('with a workspace folder', () => {
    let folder: string;
    const uriOf = (path: string): string => pathToFileURL(join(folder, path)).href;
    const write = (path: string, text: string): void => {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'stratus-session-'));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    /** A client with the folder open, or one below it, the script in it, and what the server published. */
    async function openFolder(script: string, settings: unknown = {}, opened = '.') {
      const published = new Map<string, Diagnostic[]>();
      const watched: string[] = [];
      const { client } = await connect(
        {
          textDocument: { diagnostic: {} },
          workspace: {
            configuration: true,
            workspaceFolders: true,
            didChangeWatchedFiles: { dynamicRegistration: true },
            diagnostics: { refreshSupport: true },
          },
        },
        settings,
      );
      let refreshed = (): void => undefined;
      client.onRequest('workspace/diagnostic/refresh', () => {
        refreshed();
        return null;
      });
      client.onRequest('workspace/workspaceFolders', () => [{ uri: uriOf(opened), name: 'w' }]);
      client.onRequest('client/registerCapability', ({ registrations }: Registrations) => {
        for (const { registerOptions } of registrations)
          watched.push(...(registerOptions?.watchers ?? []).map(({ globPattern }) => globPattern));
        return null;
      });
      client.onNotification('textDocument/publishDiagnostics', (params: { uri: string; diagnostics: Diagnostic[] }) => {
        published.set(params.uri, params.diagnostics);
      });
      const uri = uriOf(join(opened, 'scripts/a.sh'));
      const textDocument = { uri, languageId: 'shellscript', version: 1, text: script };
      await client.sendNotification('textDocument/didOpen', { textDocument });
      const look = async () => {
        const report: Report = await client.sendRequest('textDocument/diagnostic', { textDocument: { uri } });
        return report.items.map(({ code, severity }) => `${String(code)} ${String(severity)}`);
      };
      const changed = (path: string) =>
        client.sendNotification('workspace/didChangeWatchedFiles', { changes: [{ uri: uriOf(path), type: 2 }] });
      /** Does something that the server must notice by itself. */
      const noticed = async (change: () => void) => {
        const asked = new Promise<void>((resolve) => void (refreshed = resolve));
        change();
        await asked;
      };
      return { look, changed, noticed, published, watched };
    }

    it('lets .stratus.yaml win over the client’s settings, key by key, and follows its changes', async () => {
      write('.stratus.yaml', 'lint: {rules: {delete-many: off}, protectedNamespaces: [live]}\n');
      const script = 'kubectl delete pods --all\nkubectl drain n -n live\nkubectl drain n -n shop\n';
      const settings = { lint: { rules: { 'delete-many': 'error', 'drain-unbounded': 'information' } } };
      const { look, changed } = await openFolder(script, settings);
      expect(await look()).toEqual(['drain-unbounded 2', 'drain-unbounded 3']);
      write('.stratus.yaml', 'lint: {}\n');
      await changed('.stratus.yaml');
      expect(await look()).toEqual(['delete-many 1', 'drain-unbounded 3', 'drain-unbounded 3']);
    });

    it('notices what happens to a .stratus.yaml above the opened folder', async () => {
      const { look, noticed } = await openFolder('kubectl drain n\n', {}, 'team/shop');
      mkdirSync(join(folder, 'team/shop'), { recursive: true });
      expect(await look()).toEqual(['drain-unbounded 2']);
      await noticed(() => write('.stratus.yaml', 'lint: {rules: {drain-unbounded: off}}\n'));
      expect(await look()).toEqual([]);
      await noticed(() => write('.stratus.yaml', 'lint: {rules: {drain-unbounded: error}}\n'));
      expect(await look()).toEqual(['drain-unbounded 1']);
      await noticed(() => write('team/.stratus.yaml', 'lint: {rules: {drain-unbounded: information}}\n'));
      expect(await look()).toEqual(['drain-unbounded 3']);
      await noticed(() => rmSync(join(folder, 'team/.stratus.yaml')));
      expect(await look()).toEqual(['drain-unbounded 1']);
      await noticed(() => rmSync(join(folder, '.stratus.yaml')));
      expect(await look()).toEqual(['drain-unbounded 2']);
    });

    it('says what is wrong in .stratus.yaml there, once, and takes it back', async () => {
      write('.stratus.yaml', 'lint:\n  rules: {drain-unbounded: off\n');
      const { look, changed, published } = await openFolder('kubectl drain n\n');
      expect(await look()).toEqual(['drain-unbounded 2']);
      expect(published.get(uriOf('.stratus.yaml'))).toMatchObject([
        { severity: 1, source: 'stratus', message: expect.stringContaining('not readable as YAML') as string },
      ]);
      write('.stratus.yaml', 'lint:\n  rules: {drain-unbounded: off}\n');
      await changed('.stratus.yaml');
      expect(await look()).toEqual([]);
      expect(published.get(uriOf('.stratus.yaml'))).toEqual([]);
    });

    it('judges by the kubectl release that is set', async () => {
      const script = 'kubectl logs x --all-pods\n';
      write('.stratus.yaml', "lint: {kubectl: '1.30'}\n");
      const { look, changed } = await openFolder(script, { lint: { kubectl: '1.31' } });
      expect(await look()).toEqual(['unknown-flag 2']);
      rmSync(join(folder, '.stratus.yaml'));
      await changed('.stratus.yaml');
      expect(await look()).toEqual([]);
    });

    it('looks into a manifest that a script applies, and again when it changes', async () => {
      const pod = (privileged: boolean) =>
        `apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, securityContext: {privileged: ${String(privileged)}}}]}\n`;
      write('deploy/pod.yaml', pod(true));
      const { look, changed, watched } = await openFolder('kubectl apply -f deploy/pod.yaml\n');
      expect(await look()).toEqual(['privileged-container 2']);
      write('deploy/pod.yaml', pod(false));
      await changed('deploy/pod.yaml');
      expect(await look()).toEqual([]);
      expect(watched).toEqual(['**/.stratus.yaml', '**/*.{yaml,yml,json}']);
    });
  });
});
