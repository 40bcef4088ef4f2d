import { join } from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

const ROOM_LINES: Record<string, string> = {
  text: "import { oneLine } from '@/text/plain-text.ts'; oneLine('');",
  domain: "import { mu } from '@/domain/severity.ts'; void mu;",
  machine: "import { reduce } from '@/domain/machine/machine.ts'; void reduce;",
  kubectl: "import { commandText } from '@/kubectl/command-text.ts'; commandText([]);",
  kube: "import { ClusterView } from '@/kube/cluster-view.ts'; void ClusterView;",
  undo: "import { normalise } from '@/undo/normalise.ts'; void normalise;",
  wire: "import { KubeApi } from '@/gateway/wire/kube-api.ts'; void KubeApi;",
  monitor: "import { Monitor } from '@/gateway/monitor/monitor.ts'; void Monitor;",
  gateway: "import { GatewayTransactions } from '@/gateway/transactions.ts'; void GatewayTransactions;",
  run: "import { listRuns } from '@/run/run-history.ts'; void listRuns;",
  incident: "import { IncidentRun } from '@/run/incident/incident-run.ts'; void IncidentRun;",
  engine: "import { planning } from '@/agents/playbooks/engine/planning.ts'; void planning;",
  rules: "import { x } from '@/agents/playbooks/rules/image/image-pull.ts'; void x;",
  lint: "import { x } from '@/lint/analyze.ts'; void x;",
};

/** Import lines that must not be possible, by the file that would hold them; `@` stands for src. */
const FORBIDDEN: [file: string, line: string][] = [
  ['src/text/x.ts', ROOM_LINES.domain!],
  ['src/domain/x.ts', ROOM_LINES.monitor!],
  ['src/domain/x.ts', "import { readFileSync } from 'node:fs'; readFileSync('');"],
  ['src/kube/x.ts', ROOM_LINES.wire!],
  ['src/kube/x.ts', ROOM_LINES.engine!],
  ['src/undo/x.ts', 'Date.now();'],
  ['src/undo/consequences/x.ts', ROOM_LINES.gateway!],
  ['src/undo/x.ts', "JSON.parse('1');"],
  ['src/undo/x.ts', "JSON['stringify'](1);"],
  ['src/undo/x.ts', 'structuredClone({});'],
  ['src/undo/x.ts', "const key = 'a'; void (key in {});"],
  ['src/gateway/wire/x.ts', ROOM_LINES.monitor!],
  ['src/gateway/journal/x.ts', ROOM_LINES.monitor!],
  ['src/gateway/content/x.ts', ROOM_LINES.wire!],
  ['src/gateway/monitor/x.ts', ROOM_LINES.gateway!],
  ['src/gateway/x.ts', "const { parse } = JSON; parse('1');"],
  ['src/gateway/write/x.ts', 'JSON.stringify(1);'],
  ['src/gateway/x.ts', 'globalThis.structuredClone({});'],
  ['src/gateway/wire/x.ts', "import { parse } from 'yaml'; parse('');"],
  ['src/gateway/x.ts', 'export default 1;'],
  ['src/gateway/replay/x.ts', "import { request } from 'node:http'; request('');"],
  ['src/cluster/lock/x.ts', "import { request } from 'node:http'; request('');"],
  ['src/cluster/read/x.ts', ROOM_LINES.run!],
  ['src/severity/x.ts', ROOM_LINES.engine!],
  ['src/severity/x.ts', "import { request } from 'node:http'; request('');"],
  ['src/agents/playbooks/x.ts', ROOM_LINES.monitor!],
  ['src/agents/playbooks/engine/x.ts', ROOM_LINES.rules!],
  ['src/agents/playbooks/rules/network/x.ts', ROOM_LINES.rules!],
  ['src/agents/playbooks/x.ts', "void fetch('http://localhost');"],
  ['src/agents/model/talk/x.ts', ROOM_LINES.wire!],
  ['src/model/x.ts', ROOM_LINES.monitor!],
  ['src/telemetry/x.ts', ROOM_LINES.wire!],
  ['src/history/x.ts', ROOM_LINES.run!],
  ['src/knowledge/x.ts', ROOM_LINES.run!],
  ['src/notify/x.ts', ROOM_LINES.gateway!],
  ['src/gitops/x.ts', ROOM_LINES.gateway!],
  ['src/serve/x.ts', ROOM_LINES.gateway!],
  ['src/run/x.ts', "import { spawn } from 'node:child_process'; spawn('kubectl');"],
  ['src/run/incident/x.ts', ROOM_LINES.gateway!],
  ['src/run/brains/x.ts', ROOM_LINES.monitor!],
  ['src/run/incident/x.ts', ROOM_LINES.run!],
  ['src/run/x.ts', ROOM_LINES.machine!],
  ['src/domain/x.ts', ROOM_LINES.machine!],
  ['src/ui/run/x.ts', ROOM_LINES.gateway!],
  ['src/ui/x.ts', "import { request } from 'node:https'; request('');"],
  ['src/cli/x.ts', "import * as vscode from 'vscode'; vscode.window;"],
  ['src/cli/x.ts', ROOM_LINES.gateway!],
  ['src/cluster/connect/x.ts', "import { isDeepStrictEqual } from 'node:util'; isDeepStrictEqual(1, 1);"],
  ['src/lint/x.ts', ROOM_LINES.domain!],
  ['src/gateway/x.ts', "import { a } from '../../test/testbed/instance.ts'; a();"],
  ['src/attic/x.ts', 'export const a = 1;'],
  ['src/gateway/attic/x.ts', 'export const a = 1;'],
  ['webview/x.ts', "import { a } from '../src/domain/machine/machine.ts'; a();"],
  ['webview/protocol/x.ts', "import { h } from '../dom.ts'; h('p');"],
  ['src/ui/x.ts', "import { h } from '../../webview/dom.ts'; h('p');"],
  ['webview/x.ts', "import '@vscode-elements/elements/dist/vscode-badge/index.js';"],
  ['webview/x.ts', "import { h } from './dom.ts'; h('vscode-badge');"],
  ['webview/x.ts', "import { h } from './dom.ts'; h('button');"],
  ['src/ui/x.ts', "import '@vscode-elements/elements';"],
  ['test/judge/x.ts', "import { a } from '../../src/domain/machine/machine.ts'; a();"],
  ['test/catalogue/faults/x.ts', "import { a } from '../../../src/domain/machine/machine.ts'; a();"],
];

const ALLOWED: [file: string, line: string][] = [
  ['webview/components.ts', "import '@vscode-elements/elements/dist/vscode-badge/index.js';"],
  ['webview/components.ts', "import { h } from './dom.ts'; h('vscode-badge');"],
  ['src/run/x.ts', ROOM_LINES.monitor!],
  ['src/run/x.ts', ROOM_LINES.rules!],
  ['src/run/x.ts', ROOM_LINES.incident!],
  ['src/run/incident/x.ts', ROOM_LINES.machine!],
  ['src/domain/x.ts', ROOM_LINES.text!],
  ['src/severity/x.ts', ROOM_LINES.kube!],
  ['src/agents/playbooks/x.ts', ROOM_LINES.rules!],
  ['src/agents/playbooks/rules/image/x.ts', ROOM_LINES.kube!],
  ['src/agents/model/talk/x.ts', ROOM_LINES.kubectl!],
  ['src/model/x.ts', "import { request } from 'node:http'; request('');"],
  ['src/gateway/x.ts', ROOM_LINES.monitor!],
  ['src/gateway/journal/x.ts', ROOM_LINES.undo!],
  ['src/lint/shell/x.ts', ROOM_LINES.lint!],
  ['src/gateway/wire/x.ts', "import { request } from 'node:http'; request('');"],
  ['src/gateway/x.ts', "void ('status' in {});"],
  ['src/ui/x.ts', "import * as vscode from 'vscode'; void vscode.window;"],
  ['src/ui/x.ts', "import { isToHost } from '../../webview/protocol/requests.ts'; isToHost({});"],
];

describe('walls between rooms are lint rules', () => {
  const eslint = new ESLint({ cwd: root });
  const wallErrors = async (file: string, line: string) => {
    const up = '../'.repeat(file.split('/').length - 2) || './';
    const [result] = await eslint.lintText(`${line.replace("'@/", `'${up}`)}\n`, { filePath: join(root, file) });
    return result!.messages.filter(({ ruleId }) => /^no-restricted|^import-x/.test(ruleId ?? ''));
  };

  it.each(FORBIDDEN)('%s must not contain: %s', async (file, line) => {
    expect(await wallErrors(file, line)).not.toEqual([]);
  });

  it.each(ALLOWED)('%s may contain: %s', async (file, line) => {
    expect(await wallErrors(file, line)).toEqual([]);
  });

  it('no circle of imports stands', async () => {
    const circles = await eslint.lintFiles(['src']);
    expect(circles.flatMap(({ messages }) => messages.filter(({ ruleId }) => ruleId === 'import-x/no-cycle'))).toEqual(
      [],
    );
  }, 180_000);
});
