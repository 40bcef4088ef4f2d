import * as assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { StratusError } from '../../../src/domain/stratus-error.ts';
import { Command, Scheme, Setting, View } from '../../../src/ui/editor/contributions.ts';
import { FakeApp } from '../fake-app.ts';
import type { Host, HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';
import { ask, startFakeRun, untilAsked, untilEnded } from './run.ts';

/** Opens something about the first cause as the page would, and returns the document. */
async function look(host: Host, evidence: number, what: string): Promise<vscode.TextDocument> {
  const { run, findings } = host.hooks.snapshot()!;
  const before = vscode.window.activeTextEditor?.document.uri.toString();
  const answer = await ask(host, 'look', { run, finding: findings[0]!.id, evidence, look: what } as never);
  assert.deepEqual(answer.type === 'reply' && answer.result, { problem: '' }, JSON.stringify(answer));
  return eventually(`the document of ${what}`, () => {
    const document = vscode.window.activeTextEditor?.document;
    return document?.uri.scheme === Scheme.look && document.uri.toString() !== before ? document : null;
  });
}

const tabOf = (uri: vscode.Uri) =>
  vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .find(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri.toString());

export const DOOR_TESTS: HostTest[] = [
  {
    name: 'logs, events, description and object of a cause and its evidence open as read-only documents',
    async run(host) {
      await startFakeRun(host, { noFix: 'nothing tells the port' });
      await untilEnded(host);
      assert.equal(host.hooks.snapshot()!.findings[0]!.unfixed, 'nothing tells the port');
      const yaml = await look(host, -1, 'yaml');
      assert.match(yaml.getText(), /kind: Service[^]*targetPort: 9999/);
      assert.equal(yaml.languageId, 'yaml');
      assert.match((await look(host, -1, 'describe')).getText(), /Described: Service\/hotel-reservation\/geo/);
      assert.match((await look(host, 1, 'events')).getText(), /about Pod\/hotel-reservation\/geo-7c6b8d9f4-x2k8p/);
      assert.match((await look(host, 1, 'logs')).getText(), /connection refused/);
      const { run, severity } = host.hooks.snapshot()!;
      const wrong = severity.items.find(({ object }) => object.endsWith('/frontend'))!;
      await ask(host, 'lookAt', { run, item: wrong.id, look: 'describe' });
      await eventually('what is wrong', () =>
        vscode.window.activeTextEditor?.document.getText().includes('Described: Deployment/hotel-reservation/frontend'),
      );
      const previous = await look(host, 1, 'previous');
      assert.match(previous.getText(), /before it ended/);
      assert.notEqual(vscode.workspace.fs.isWritableFileSystem(Scheme.look), true);
      assert.equal(previous.isUntitled, false);
    },
  },
  {
    name: 'a followed log grows until its tab is closed',
    async run(host) {
      const app = await startFakeRun(host, { noFix: 'nothing tells the port' });
      await untilEnded(host);
      const document = await look(host, 2, 'follow');
      await eventually('the first line', () => document.getText().includes('search-5d8f7b6c9-qz4lm started'));
      app.looks.write!('a new \u001b[31mline');
      await eventually('the new line', () => document.getText().includes('a new line'));
      assert.equal(app.looks.following, true);
      await vscode.window.tabGroups.close(tabOf(document.uri)!);
      await eventually('the end of following', () => !app.looks.following);
    },
  },
  {
    name: 'a cause in the Incidents view has an icon of its own and leads to the same',
    async run(host) {
      await startFakeRun(host, { noFix: 'nothing tells the port' });
      await untilEnded(host);
      const { incidents } = host.hooks;
      const [run] = await incidents.getChildren();
      const [cause] = await incidents.getChildren(run);
      const item = incidents.getTreeItem(cause!);
      assert.equal((item.iconPath as vscode.ThemeIcon).id, 'search');
      assert.match(String(item.tooltip), /No fix is known: nothing tells the port/);
      host.prompts.picks = ['Describe'];
      await vscode.commands.executeCommand(Command.openEvidence, cause);
      await eventually('the description', () =>
        vscode.window.activeTextEditor?.document.getText().includes('Described: Service/hotel-reservation/geo'),
      );
      const looks = host.prompts.offered.at(-1)!;
      for (const label of ['Logs', 'Follow logs', 'YAML', 'Terminal, read only'])
        assert.ok(looks.includes(label), label);
    },
  },
  {
    name: 'a failing check that points elsewhere leads there, and only there, without a question',
    async run(host) {
      const app = await startFakeRun(host, { checkAsks: 'kube-system' });
      const { run } = await untilAsked(host);
      const refused = await ask(host, 'goTo', { run, namespace: 'default' });
      assert.notDeepEqual(refused.type === 'reply' && refused.result, { problem: '' });
      const asked = host.prompts.offered.length;
      assert.deepEqual(
        await ask(host, 'goTo', { run, namespace: 'kube-system' }).then((answer) => answer.type),
        'reply',
      );
      await eventually('the other run', () => host.hooks.snapshot()?.target.namespace === 'kube-system');
      assert.equal(host.prompts.offered.length, asked);
      await vscode.commands.executeCommand(Command.cancelRun);
      await untilEnded(host);
      assert.equal(app.world.targetPort, 9999);
    },
  },
  {
    name: 'a read-only terminal opens on the target of the run, unasked',
    async run(host) {
      await startFakeRun(host, { noFix: 'nothing tells the port' });
      await untilEnded(host);
      await ask(host, 'terminal', { run: host.hooks.snapshot()!.run });
      const terminal = await eventually('the terminal', () =>
        vscode.window.terminals.find(({ name }) => name === 'hotel-reservation @ kind-oncall (read only)'),
      );
      terminal.dispose();
    },
  },
  {
    name: 'the target chosen last is offered first; a kubeconfig with one context is not asked about',
    async run(host) {
      await startFakeRun(host);
      await vscode.commands.executeCommand(Command.cancelRun);
      await untilEnded(host);
      await host.useApp(async () => new FakeApp());
      host.prompts.picks = ['kind-oncall'];
      host.prompts.offered.length = 0;
      await vscode.commands.executeCommand(Command.mitigate);
      assert.deepEqual(host.prompts.offered[0], ['kind-oncall', 'staging']);
      assert.equal(host.prompts.offered[1]?.[0], 'hotel-reservation');
      await host.useApp(async () => new FakeApp({ onlyContext: true }));
      host.prompts.asked.length = 0;
      await vscode.commands.executeCommand(Command.mitigate);
      assert.deepEqual(host.prompts.asked, ['Mitigate incident: which namespace on kind-oncall?']);
    },
  },
  {
    name: 'diagnose reads one namespace or all, shows a document, and changes nothing',
    async run(host) {
      const app = new FakeApp();
      await host.useApp(async () => app);
      host.prompts.picks = ['kind-oncall', 'All namespaces'];
      await vscode.commands.executeCommand(Command.diagnose);
      assert.ok(
        host.prompts.asked.some((text) =>
          /^info: \d causes? found in 1 of 2 namespaces, 1 could not be read/.test(text),
        ),
        host.prompts.asked.join(' | '),
      );
      host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
      await vscode.commands.executeCommand(Command.diagnose);
      await eventually('the preview', () =>
        vscode.window.tabGroups.all.some(({ tabs }) =>
          tabs.some(({ label }) => /Diagnosis of hotel-reservation/.test(label)),
        ),
      );
      assert.equal((await app.transactions.list()).length, 0);
    },
  },
  {
    name: 'the history lists changes and undos, and leads to what can be done about them',
    async run(host) {
      const app = await startFakeRun(host);
      const asked = await untilAsked(host);
      await ask(host, 'approve', asked);
      await untilEnded(host);
      const [transaction] = await app.transactions.list();
      await app.transactions.undo(transaction!.id, new AbortController().signal, () => undefined);
      host.prompts.picks = [];
      await vscode.commands.executeCommand(Command.showHistory);
      const [, ...rows] = host.prompts.offered.at(-1)!;
      assert.deepEqual(
        rows.map((row) => /^\$\((.+)\) (?:\d+ \w+ )?\d\d:/.exec(row)?.[1]),
        ['discard', 'circle-slash'],
        rows.join(' | '),
      );
      host.prompts.picks = [rows[0]!, 'Explain'];
      await vscode.commands.executeCommand(Command.showHistory);
      await eventually('the explanation', () =>
        vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ label }) => label.includes(transaction!.id))),
      );
    },
  },
  {
    name: 'a link opens what it names after a question, and never begins anything',
    async run(host) {
      const app = new FakeApp();
      await host.useApp(async () => app);
      const open = (query: string, path = '/incident') =>
        host.hooks.openLink(vscode.Uri.from({ scheme: 'vscode', authority: 'stratus.stratus-oncall', path, query }));
      host.prompts.confirmations = [false];
      await open('context=staging&namespace=payments');
      assert.deepEqual(host.prompts.asked, ['A link asks to look at payments @ staging']);
      host.prompts.confirmations = [true];
      await open('context=staging&namespace=payments');
      assert.equal(host.prompts.offered.at(-1)?.[0], 'staging', 'the target is still asked for');
      assert.notEqual(host.hooks.contextKey('stratus.running'), true);
      for (const [query, path, why] of [
        ['context=elsewhere&namespace=payments', '/incident', /does not have/],
        ['context=staging&namespace=--all', '/incident', /names a namespace that cannot be one: '--all'/],
        ['context=staging&namespace=payments', '/approve', /is no page/],
      ] as const) {
        host.prompts.asked.length = 0;
        await open(query, path);
        assert.match(host.prompts.asked.join(), why);
      }
    },
  },
  {
    name: 'a link shows a run that is under way, and offers one that has ended beside the target',
    async run(host) {
      await startFakeRun(host);
      const asked = await untilAsked(host);
      const query = 'context=kind-oncall&namespace=hotel-reservation';
      const parts = { scheme: 'vscode', authority: 'stratus.stratus-oncall', path: '/incident', query };
      // A run tells when it waits and ends, too.
      const questions = () => host.prompts.asked.filter((text) => text.startsWith('A link'));
      await host.hooks.openLink(vscode.Uri.from(parts));
      assert.deepEqual(questions(), []);
      await ask(host, 'approve', asked);
      await untilEnded(host);
      await host.hooks.openLink(vscode.Uri.from(parts));
      assert.deepEqual(questions(), ['A link asks to look at hotel-reservation @ kind-oncall']);
      assert.match(host.prompts.offered.at(-1)!.join(), /^Choose the target,Show the run of .*\d\d:\d\d$/);
      assert.notEqual(host.hooks.contextKey('stratus.running'), true);
    },
  },
  {
    name: 'what waits for an answer is said so that it stays, when the run is out of sight',
    async run(host) {
      await startFakeRun(host, { wrongPlanFirst: true });
      const first = await untilAsked(host);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await ask(host, 'approve', first);
      await eventually('the call', () =>
        host.prompts.asked.some((text) =>
          /^error: hotel-reservation @ kind-oncall: Waiting for your approval/.test(text),
        ),
      );
      await vscode.commands.executeCommand(Command.cancelRun);
      await untilEnded(host);
    },
  },
  {
    name: 'a check is set up from the run that lacks it',
    async run(host) {
      const checks = () => vscode.workspace.getConfiguration().get<string[]>(Setting.checks)!;
      const before = checks();
      const set = vscode.workspace.getConfiguration().inspect<string[]>(Setting.checks);
      await startFakeRun(host);
      const { run } = await untilAsked(host);
      host.prompts.picks = ['svc://hotel-reservation/geo:8083/'];
      try {
        await ask(host, 'addCheck', { run });
        await eventually('the setting', () => checks().length > before.length);
        assert.deepEqual(checks(), [...before, 'geo=svc://hotel-reservation/geo:8083/']);
      } finally {
        for (const [target, value] of [
          [vscode.ConfigurationTarget.Workspace, set?.workspaceValue],
          [vscode.ConfigurationTarget.Global, set?.globalValue],
        ] as const)
          await vscode.workspace.getConfiguration().update(Setting.checks, value, target);
        await vscode.commands.executeCommand(Command.cancelRun);
        await untilEnded(host);
      }
    },
  },
  {
    name: 'a trouble that a setting cures offers the settings, whichever bundle it comes from',
    async run(host) {
      // The class of this bundle is none of the extension's.
      const error = new StratusError(
        'kubectl-missing',
        'kubectl not found on PATH: set $STRATUS_KUBECTL to its absolute path',
      );
      await host.useApp(async () => {
        throw error;
      });
      host.prompts.actions = ['Open Settings'];
      await vscode.commands.executeCommand(Command.mitigate);
      await eventually('the answer', () => host.prompts.actions.length === 0);
      assert.match(host.prompts.asked.join(), /set stratus\.kubectl\.path to its absolute path/);
      await host.useApp(async () => new FakeApp());
    },
  },
  {
    name: 'terminals of the editor find the bundled stratus command',
    async run() {
      const folder = mkdtempSync(join(tmpdir(), 'stratus-terminal-'));
      const terminal = vscode.window.createTerminal({ name: 'stratus on PATH', shellPath: '/bin/sh' });
      try {
        const file = join(folder, 'said');
        terminal.sendText(
          `stratus --help > '${file}.part' && env | grep ELECTRON_RUN_AS_NODE >> '${file}.part'; mv '${file}.part' '${file}'`,
        );
        const said = await eventually('its help', () => {
          try {
            return readFileSync(file, 'utf8');
          } catch {
            // Not yet.
            return null;
          }
        });
        assert.match(said, /^stratus: mitigate a Kubernetes incident/);
      } finally {
        terminal.dispose();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
  {
    name: 'before a run the status bar names the context, and says when it is protected',
    async run(host) {
      await host.useApp(async () => new FakeApp({ context: 'eu-prod-1', onlyContext: true }));
      await vscode.commands.executeCommand(`${View.incidents}.focus`);
      assert.equal(
        host.hooks.idleText({ context: 'eu-prod-1', isProtected: true }),
        '$(pulse) $(shield) protected: eu-prod-1',
      );
    },
  },
];
