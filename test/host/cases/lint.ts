import * as assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { lintCommand } from '../../../src/cli/lint.ts';
import type { Target } from '../../../src/domain/target.ts';
import { Command } from '../../../src/ui/editor/contributions.ts';
import { FakeApp } from '../fake-app.ts';
import type { HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';

const WORKFLOW = `name: deploy
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - name: Restart
        run: kubectl rollout status deploy/web && kubectl drain node-1
      - name: Clean up
        run: |
          set -euo pipefail
          kubectl delete pod web-0 --force --grace-period=0
          kubectl delete "namespace" staging
`;

const SCRIPT = `#!/usr/bin/env bash
set -euo pipefail
NS=kube-system
kubectl -n "$NS" delete pods --all
kubectl scale deployment/search --replicas=0 --namespace hotel-reservation
kubectl --context prod-eu drain "node-1" && echo drained
`;

/** Line, from column, to column (0-based, UTF-16), severity, rule. */
type Squiggle = [line: number, from: number, to: number, severity: string, rule: string];

function folder(): string {
  const first = vscode.workspace.workspaceFolders?.[0];
  assert.ok(first, 'the editor has a folder open');
  return first.uri.fsPath;
}

async function openFile(path: string, text: string): Promise<vscode.TextDocument> {
  const file = join(folder(), path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  const document = await vscode.workspace.openTextDocument(file);
  await vscode.window.showTextDocument(document);
  return document;
}

function squiggles(document: vscode.TextDocument): Squiggle[] {
  return vscode.languages
    .getDiagnostics(document.uri)
    .filter(({ source }) => source === 'stratus')
    .map(({ range, severity, code }): Squiggle => {
      assert.equal(range.start.line, range.end.line);
      const rule = typeof code === 'object' ? String(code.value) : String(code);
      const level = vscode.DiagnosticSeverity[severity].toLowerCase();
      return [range.start.line, range.start.character, range.end.character, level, rule];
    })
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

function untilSquiggles(document: vscode.TextDocument, wanted: (all: Squiggle[]) => boolean): Promise<Squiggle[]> {
  return eventually('squiggles', () => {
    const all = squiggles(document);
    return wanted(all) ? all : null;
  });
}

/** What a squiggle underlines. */
function underlined(document: vscode.TextDocument, rule: string): string {
  const found = squiggles(document).find(([, , , , id]) => id === rule);
  assert.ok(found, `${rule} is reported`);
  const [line, from, to] = found;
  return document.lineAt(line).text.slice(from, to);
}

async function actionsAt(document: vscode.TextDocument, rule: string): Promise<vscode.CodeAction[]> {
  const found = squiggles(document).find(([, , , , id]) => id === rule);
  assert.ok(found, `${rule} is reported`);
  const range = new vscode.Range(found[0], found[1], found[0], found[2]);
  const all: vscode.CodeAction[] = await vscode.commands.executeCommand(
    'vscode.executeCodeActionProvider',
    document.uri,
    range,
  );
  return all.filter(({ title }) => title !== '');
}

async function applyAction(document: vscode.TextDocument, rule: string, title: RegExp): Promise<void> {
  const action = (await actionsAt(document, rule)).find((one) => title.test(one.title));
  assert.ok(action?.edit, `an action like ${String(title)}`);
  assert.ok(await vscode.workspace.applyEdit(action.edit));
}

interface Sarif {
  runs: { results: { ruleId: string; level: string; locations: { physicalLocation: { region: SarifRegion } }[] }[] }[];
}
interface SarifRegion {
  startLine: number;
  startColumn: number;
  endLine: number;
  endColumn: number;
}

/** The findings of the command line for a saved file. */
async function sarifOf(document: vscode.TextDocument): Promise<Squiggle[]> {
  let out = '';
  let errors = '';
  const args = ['--format', 'sarif', document.uri.fsPath];
  await lintCommand(args, {
    cwd: folder(),
    stdin: async () => '',
    stdout: (text) => void (out += text),
    stderr: (text) => void (errors += text),
  });
  assert.equal(errors, '');
  const { runs } = JSON.parse(out) as Sarif;
  return runs[0]!.results.map(({ ruleId, level, locations }): Squiggle => {
    const { region } = locations[0]!.physicalLocation;
    assert.equal(region.startLine, region.endLine);
    const severity = level === 'note' ? 'information' : level;
    return [region.startLine - 1, region.startColumn - 1, region.endColumn - 1, severity, ruleId];
  });
}

async function openLenses(path: string, text: string): Promise<vscode.CodeLens[]> {
  const document = await openFile(path, text);
  // The linter may still be starting.
  return eventually('lenses', async () => {
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      document.uri,
      10,
    );
    return lenses.length > 0 && lenses;
  });
}

/** Uses the real application: runs before the tests that replace it. */
export const LINT_CLUSTER_TESTS: HostTest[] = [
  {
    name: 'real cluster: a line of a script is rehearsed, run, on the undo stack and undone',
    needsCluster: true,
    async run(host) {
      const { namespace } = JSON.parse(process.env.STRATUS_HOST_CLUSTER!) as Record<string, string>;
      const script = `#!/bin/sh\nkubectl -n ${namespace!} create configmap from-a-script --from-literal=a=b\n`;
      const lenses = await openLenses('scripts/real.sh', script);
      const [rehearse, run] = lenses.map(({ command }) => command!);
      assert.ok(rehearse && run, 'the line has its lenses');

      // The testbed's kubeconfig has one context, which is not asked about.
      host.prompts.picks = [namespace!];
      await vscode.commands.executeCommand(rehearse.command, ...rehearse.arguments!);
      const rehearsed = await eventually('the rehearsal', () =>
        host.prompts.asked.find((text) => /^(info: Rehearsed on|error)/.test(text)),
      );
      assert.match(rehearsed, /^info: .*from-a-script \(undo exact/);

      // The testbed's kubeconfig has one context, which is not asked about.
      host.prompts.picks = [namespace!];
      host.prompts.confirmations = [true];
      await vscode.commands.executeCommand(run.command, ...run.arguments!);
      const done = await eventually('the run', () =>
        host.prompts.asked.find((text) => /^(info: Done on|error)/.test(text)),
      );
      assert.match(done, /^info: Done on .*configmap\/from-a-script created/);

      const { undoStack } = host.hooks;
      const [top] = await undoStack.getChildren();
      const [command] = await undoStack.getChildren(top);
      assert.match(String(undoStack.getTreeItem(command!).label), /^kubectl .*create configmap from-a-script/);
      host.prompts.confirmations = [true];
      await vscode.commands.executeCommand(Command.undoTransaction, top);
      await eventually('the undo', () => host.prompts.asked.find((text) => /^info: Undone and verified/.test(text)));
    },
  },
];

export const LINT_TESTS: HostTest[] = [
  {
    name: 'the file .stratus.yaml holds in the editor as on the command line, and says what is wrong in it',
    async run() {
      const settings = vscode.Uri.file(join(folder(), '.stratus.yaml'));
      const document = await openFile('scripts/configured.sh', SCRIPT);
      await untilSquiggles(document, ({ length }) => length > 0);
      try {
        await writeFile(settings.fsPath, 'lint: {rules: {delete-many: off, drain-unbounded: information}}\n');
        const all = await untilSquiggles(document, (found) => found.every(([, , , , rule]) => rule !== 'delete-many'));
        assert.deepEqual(await sarifOf(document), all);
        await writeFile(settings.fsPath, 'lint: [unclosed\n');
        const wrong = await eventually('what is wrong', () => {
          const found = vscode.languages.getDiagnostics(settings).filter(({ source }) => source === 'stratus');
          return found.length > 0 && found;
        });
        assert.equal(wrong.length, 1);
        assert.match(wrong[0]!.message, /not readable as YAML/);
        await untilSquiggles(document, (found) => found.some(([, , , , rule]) => rule === 'delete-many'));
      } finally {
        await rm(settings.fsPath, { force: true });
      }
      await eventually('no complaint', () => vscode.languages.getDiagnostics(settings).length === 0);
    },
  },
  {
    name: 'a .stratus.yaml above the opened folder is followed: it appears, changes and goes',
    async run() {
      const settings = join(dirname(folder()), '.stratus.yaml');
      const document = await openFile('scripts/above.sh', '#!/bin/sh\nkubectl drain node-1\n');
      const severity = (found: Squiggle[]) => found.find(([, , , , rule]) => rule === 'drain-unbounded')?.[3];
      await untilSquiggles(document, (found) => severity(found) === 'warning');
      try {
        await writeFile(settings, 'lint: {rules: {drain-unbounded: information}}\n');
        const all = await untilSquiggles(document, (found) => severity(found) === 'information');
        assert.deepEqual(await sarifOf(document), all);
        await writeFile(settings, 'lint: {rules: {drain-unbounded: error}}\n');
        await untilSquiggles(document, (found) => severity(found) === 'error');
      } finally {
        await rm(settings, { force: true });
      }
      await untilSquiggles(document, (found) => severity(found) === 'warning');
    },
  },
  {
    name: 'a script is told what the manifest that it applies would do, again when that changes',
    async run() {
      const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{name: c, image: c}]\n';
      const manifest = await openFile('deploy/pod.yaml', pod);
      const document = await openFile('scripts/apply.sh', '#!/bin/sh\nkubectl apply -n shop -f deploy/pod.yaml\n');
      const text = pod.replace('image: c', 'image: c, securityContext: {privileged: true}');
      await writeFile(manifest.uri.fsPath, text);
      const all = await untilSquiggles(document, ({ length }) => length > 0);
      assert.deepEqual(all, [[1, 25, 40, 'warning', 'privileged-container']]);
      assert.deepEqual(await sarifOf(document), all);
    },
  },
  {
    name: 'a workflow is underlined at the exact columns, and the command line finds the same',
    async run() {
      const document = await openFile('.github/workflows/deploy.yml', WORKFLOW);
      const all = await untilSquiggles(document, ({ length }) => length > 0);
      const at = (line: number, text: string): [number, number, number] => {
        const from = document.lineAt(line).text.indexOf(text);
        return [line, from, from + text.length];
      };
      assert.deepEqual(all, [
        [...at(7, 'rollout status'), 'information', 'rollout-status-unbounded'],
        [...at(7, 'drain'), 'warning', 'drain-unbounded'],
        [...at(11, '--force'), 'warning', 'force-delete'],
        [...at(12, '"namespace"'), 'warning', 'delete-protected-kind'],
      ]);
      assert.deepEqual(await sarifOf(document), all);
    },
  },
  {
    name: 'a shell script is underlined at the exact columns, and the command line finds the same',
    async run() {
      const document = await openFile('scripts/clean.sh', SCRIPT);
      const all = await untilSquiggles(document, ({ length }) => length > 0);
      assert.equal(underlined(document, 'drain-unbounded'), 'drain');
      assert.deepEqual(await sarifOf(document), all);
      const many = all.find(([, , , , rule]) => rule === 'delete-many');
      assert.deepEqual(many?.slice(0, 4), [3, 29, 34, 'error'], 'raised: the namespace is protected');
    },
  },
  {
    name: 'a quick fix is applied, and the squiggle goes',
    async run() {
      const document = await openFile('.github/workflows/fix.yml', WORKFLOW);
      await untilSquiggles(document, ({ length }) => length === 4);
      await applyAction(document, 'drain-unbounded', /^Add --timeout=120s$/);
      await untilSquiggles(document, (all) => !all.some(([, , , , rule]) => rule === 'drain-unbounded'));
      assert.match(document.lineAt(7).text, /kubectl drain (node-1 )?--timeout=120s/);
      await document.save();
      assert.deepEqual(await sarifOf(document), squiggles(document));
    },
  },
  {
    name: 'a comment disables a rule for one line',
    async run() {
      const document = await openFile('scripts/disable.sh', SCRIPT);
      await untilSquiggles(document, (all) => all.some(([, , , , rule]) => rule === 'delete-many'));
      await applyAction(document, 'delete-many', /^Disable delete-many for this line$/);
      const left = await untilSquiggles(document, (all) => !all.some(([, , , , rule]) => rule === 'delete-many'));
      assert.equal(document.lineAt(3).text, '# stratus: disable-next-line delete-many -- reason');
      assert.ok(
        left.some(([, , , , rule]) => rule === 'drain-unbounded'),
        'other rules still hold',
      );
      await document.save();
      assert.deepEqual(await sarifOf(document), left);
    },
  },
  {
    name: 'the lens above a command rehearses it, asks, runs it as a transaction and offers undo',
    async run(host) {
      const app = new FakeApp();
      const ran: { target: Target; argv: string[] }[] = [];
      let transaction = '';
      const runCommand = async (target: Target, argv: string[]) => {
        ran.push({ target, argv });
        transaction = app.leaveOpen();
        const result = { ok: true, exitCode: 0, stdout: 'deployment.apps/search scaled\n', stderr: '', refusals: [] };
        return { result: { ...result, writes: 1, problem: '' }, tx: transaction, undo: null };
      };
      Object.assign(app.shell, { run: runCommand });
      await host.useApp(async () => app);
      const document = await openFile('scripts/lens.sh', SCRIPT);
      await untilSquiggles(document, ({ length }) => length > 0);
      const lenses: vscode.CodeLens[] = await vscode.commands.executeCommand(
        'vscode.executeCodeLensProvider',
        document.uri,
        10,
      );
      assert.deepEqual(
        lenses.map(({ range, command }) => [range.start.line, command?.command]),
        [
          [4, Command.rehearseCommand],
          [4, Command.runInTransaction],
        ],
        'only the literal, reversible command has lenses',
      );
      const [rehearse, run] = lenses.map(({ command }) => command!);
      const answers = () => ['kind-oncall', 'hotel-reservation'];

      host.prompts.picks = answers();
      await vscode.commands.executeCommand(rehearse!.command, ...rehearse!.arguments!);
      await eventually('the rehearsal in a diff', () =>
        vscode.window.tabGroups.all
          .flatMap(({ tabs }) => tabs)
          .find(({ label }) => /search: now .*dry run/.test(label)),
      );
      await eventually('its result', () => host.prompts.asked.find((text) => /^info: Rehearsed on/.test(text)));
      assert.equal(ran.length, 0, 'a rehearsal runs nothing');

      host.prompts.picks = answers();
      host.prompts.confirmations = [false];
      await vscode.commands.executeCommand(run!.command, ...run!.arguments!);
      assert.ok(host.prompts.asked.includes('Run this command in namespace hotel-reservation on kind-oncall?'));
      assert.equal(ran.length, 0, 'not confirmed: nothing runs');

      host.prompts.picks = answers();
      host.prompts.confirmations = [true, true];
      host.prompts.actions = ['Undo'];
      await vscode.commands.executeCommand(run!.command, ...run!.arguments!);
      assert.deepEqual(
        ran.map(({ target, argv }) => [target.context, target.namespace, ...argv]),
        [['kind-oncall', 'hotel-reservation', ...(run!.arguments![0] as { argv: string[] }).argv]],
      );
      await eventually('the undo', () => host.prompts.asked.find((text) => /^info: Undone and verified/.test(text)));
      assert.equal((await app.transactions.read(transaction)).status, 'undone');
    },
  },
  {
    name: 'a command of a script names its own context: another target is refused',
    async run(host) {
      await host.useApp(async () => new FakeApp());
      const argv = ['scale', 'deploy/x', '--replicas=1', '--context', 'staging'];
      host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
      await vscode.commands.executeCommand(Command.runInTransaction, { uri: 'file:///x.sh', argv });
      await eventually('the refusal', () =>
        host.prompts.asked.find((text) => /^error: .*names context staging, not kind-oncall/.test(text)),
      );
    },
  },
];
