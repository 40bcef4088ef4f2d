import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { CorrelatedIncident } from '../../../src/domain/signals.ts';
import type { KeptOutcome, KeptWatchRequest } from '../../../src/run/kept-changes.ts';
import { Command, ContextKey, Setting } from '../../../src/ui/editor/contributions.ts';
import { FakeApp } from '../fake-app.ts';
import type { Host, HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';
import { ask, problemOf, startFakeRun, untilAsked, untilEnded } from './run.ts';

const GEO = { apiVersion: 'v1', kind: 'Service', namespace: 'hotel-reservation', name: 'geo' };

function incident(fingerprint: string, more: Partial<CorrelatedIncident> = {}): CorrelatedIncident {
  return {
    fingerprint,
    title: `${fingerprint} does not answer`,
    since: Date.now() - 133_000,
    root: { object: GEO, reason: 'two others call it' },
    members: [],
    count: 1,
    isStorm: false,
    isKnown: false,
    absorbed: [],
    ...more,
  };
}

/** Watches through the command, as the palette does, and waits until the cluster is asked. */
async function startWatching(host: Host): Promise<FakeApp> {
  const app = new FakeApp();
  await host.useApp(async () => app);
  host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
  await vscode.commands.executeCommand(Command.startWatching);
  await eventually('a watch', () => app.watching);
  return app;
}

const stopWatching = () => vscode.commands.executeCommand(Command.stopWatching);
const told = ({ prompts }: Host, what: RegExp) => prompts.asked.filter((text) => what.test(text));
const look = (app: FakeApp, ...open: CorrelatedIncident[]) =>
  app.watching!.looked!({ at: Date.now(), mu: open.length, open });

async function set(id: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration().update(id, value, vscode.ConfigurationTarget.Global);
}

/** The watch in the Incidents view, with what stands below it. */
async function shownIncidents({ hooks }: Host) {
  const [watch] = (await hooks.incidents.getChildren()).filter(({ kind }) => kind === 'watch');
  const below = watch ? await hooks.incidents.getChildren(watch) : [];
  return { watch, items: below.map((node) => ({ node, item: hooks.incidents.getTreeItem(node) })) };
}

/** A run that has been kept, whose watch the test speaks for. */
async function keptRun(host: Host): Promise<{ app: FakeApp; run: string; kept: Kept }> {
  const app = await startFakeRun(host);
  let kept: Kept | null = null;
  app.incidents.watchKept = (_run, request, signal) =>
    new Promise((resolve, reject) => {
      kept = { request, end: resolve, signal };
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  const { run, hash } = await untilAsked(host);
  await ask(host, 'approve', { run, hash });
  await untilEnded(host);
  const found = await eventually('what was kept to be watched', () => kept);
  return { app, run, kept: found };
}

interface Kept {
  request: KeptWatchRequest;
  signal: AbortSignal;
  end(outcome: KeptOutcome): void;
}

export const WATCH_TESTS: HostTest[] = [
  {
    name: 'watch: an incident is told of once, with what, since when and why, and is in status bar and tree until it is over',
    async run(host) {
      const app = await startWatching(host);
      assert.equal(host.hooks.contextKey(ContextKey.watching), true);
      assert.match(
        (await host.hooks.watchTexts()).watch,
        /^\$\(sync~spin\) hotel-reservation @ kind-oncall: first look/,
      );
      look(app);
      assert.match((await host.hooks.watchTexts()).watch, /^\$\(eye\) hotel-reservation @ kind-oncall: watching$/);
      const geo = incident('geo');
      const [finding] = (await app.incidents.diagnose(host.hooks.watch()!.target, [], new AbortController().signal))
        .findings;
      const diagnosis = { findings: [finding!], hypotheses: [] };
      app.watching!.tell({ type: 'opened', at: Date.now(), incident: geo, diagnosis, mu: 1 });
      look(app, geo);
      look(app, geo);
      const messages = told(host, /geo does not answer/);
      assert.equal(messages.length, 1, 'once');
      assert.match(
        messages[0]!,
        /^error: hotel-reservation @ kind-oncall: geo does not answer, for 2 min\. It probably begins at Service\/hotel-reservation\/geo: two others call it\. Cause: Service geo sends to port 9999/,
      );
      assert.match((await host.hooks.watchTexts()).watch, /^\$\(flame\) .*: 1 incident open$/);
      const { watch, items } = await shownIncidents(host);
      assert.equal(host.hooks.incidents.getTreeItem(watch!).contextValue, 'watch.running');
      const { item, node } = items[0]!;
      assert.equal(item.contextValue, 'incident');
      assert.match(String(item.description), /^open since \d\d:\d\d · Service\/hotel-reservation\/geo/);
      assert.match(item.accessibilityInformation!.label, /^Incident, open since .*: geo does not answer$/);
      const facts = await host.hooks.incidents.getChildren(node);
      assert.match(String(host.hooks.incidents.getTreeItem(facts[0]!).label), /^Cause: Service geo sends to port 9999/);
      app.watching!.tell({ type: 'closed', at: Date.now(), incident: geo, lastedMs: 60_000 });
      look(app);
      assert.equal((await shownIncidents(host)).items.length, 0);
      assert.equal(told(host, /geo does not answer/).length, 1, 'its end calls nobody');
      assert.equal((await app.transactions.list()).length, 0, 'nothing was written');
      await stopWatching();
      assert.equal(app.watching, null);
      assert.equal(host.hooks.watch(), null);
      assert.equal(host.hooks.contextKey(ContextKey.watching), false);
      assert.equal((await shownIncidents(host)).watch, undefined);
    },
  },
  {
    name: 'watch: Mitigate in the message and in the tree begins a run on what is watched, which holds further messages',
    async run(host) {
      const app = await startWatching(host);
      host.prompts.actions = ['Mitigate'];
      look(app, incident('geo'));
      const { run } = await untilAsked(host);
      assert.equal(host.hooks.snapshot()!.target.namespace, 'hotel-reservation');
      assert.equal(told(host, /which cluster/).length, 1, 'asked when the watch began only');
      look(app, incident('geo'), incident('rollout'));
      assert.equal(told(host, /rollout does not answer/).length, 0, 'a run is at work there');
      await vscode.commands.executeCommand(Command.cancelRun);
      await untilEnded(host);
      look(app, incident('geo'), incident('rollout'));
      assert.equal(told(host, /rollout does not answer/).length, 1, 'it is still there after the run');
      const node = (await shownIncidents(host)).items[0]!.node;
      await vscode.commands.executeCommand(Command.mitigate, node);
      const again = await eventually('another run', async () => {
        const plan = await untilAsked(host);
        return plan.run !== run && plan;
      });
      assert.equal(told(host, /which cluster/).length, 1);
      assert.ok(again);
      await vscode.commands.executeCommand(Command.cancelRun);
      await untilEnded(host);
      await stopWatching();
    },
  },
  {
    name: 'watch: a storm, and several incidents of one look, are one message each',
    async run(host) {
      const app = await startWatching(host);
      look(app, incident('a'), incident('b'), incident('c'));
      assert.equal(told(host, /does not answer/).length, 1);
      assert.match(told(host, /does not answer/)[0]!, /3 incidents: a does not answer, for 2 min; b does/);
      const storm = incident('storm', {
        title: 'a storm of 80 alerts and signals',
        count: 80,
        isStorm: true,
        absorbed: ['a'],
      });
      look(app, storm);
      look(app, storm);
      assert.equal(told(host, /a storm of 80/).length, 1);
      assert.match((await host.hooks.watchTexts()).watch, /1 incident open/);
      await stopWatching();
    },
  },
  {
    name: 'watch: what does not answer, and a machine that slept, are told as that, and nothing is taken back',
    async run(host) {
      const app = await startWatching(host);
      look(app, incident('geo'));
      const { tell } = app.watching!;
      tell({ type: 'unknown', at: Date.now(), reason: 'the server asks for fewer requests (429)', retryMs: 60_000 });
      assert.match((await host.hooks.watchTexts()).watch, /^\$\(warning\) .*: no answer, 1 incident before$/);
      assert.equal(host.hooks.watch()!.incidents.length, 1);
      tell({ type: 'known', at: Date.now() });
      look(app, incident('geo'));
      tell({ type: 'slept', at: Date.now(), forMs: 3_600_000 });
      assert.match((await host.hooks.watchTexts()).watch, /^\$\(debug-pause\) .*: paused, 1 incident before$/);
      look(app);
      assert.match((await host.hooks.watchTexts()).watch, /: watching$/);
      assert.equal(told(host, /does not answer, for/).length, 1);
      await stopWatching();
    },
  },
  {
    name: 'watch: settings take effect without a second message; a context that means another cluster ends it, and says so',
    async run(host) {
      const app = await startWatching(host);
      assert.equal(app.watching!.intervalMs, 15_000);
      look(app, incident('geo'));
      try {
        await set(Setting.watchInterval, 60);
        await eventually('the new interval', () => app.watching?.intervalMs === 60_000);
        assert.deepEqual(
          app.watching!.open!.map(({ fingerprint }) => fingerprint),
          ['geo'],
        );
        look(app, incident('geo'));
        assert.equal(told(host, /geo does not answer/).length, 1);
      } finally {
        await set(Setting.watchInterval, undefined);
      }
      await eventually('the old interval', () => app.watching?.intervalMs === 15_000);
      const { pin } = app.targets;
      app.targets.pin = async (...names) => ({ ...(await pin(...names)), fingerprint: 'another' });
      try {
        await set(Setting.checks, ['front=https://shop.example/health']);
        await eventually('the end', () => host.hooks.watch()?.phase === 'stopped');
      } finally {
        await set(Setting.checks, undefined);
      }
      assert.match(
        (await host.hooks.watchTexts()).watch,
        /^\$\(debug-disconnect\) .*: watch stopped, 1 incident before$/,
      );
      assert.equal(told(host, /is no longer watched: context 'kind-oncall' now means another cluster/).length, 1);
      assert.equal(host.hooks.incidents.getTreeItem((await shownIncidents(host)).watch!).contextValue, 'watch.stopped');
      await stopWatching();
    },
  },
  {
    name: 'watch: Always adds the context to the setting; a dismissed question watches nothing',
    async run(host) {
      const app = new FakeApp();
      await host.useApp(async () => app);
      await vscode.commands.executeCommand(Command.startWatching);
      assert.equal(host.hooks.watch(), null);
      host.prompts.actions = ['Always for kind-oncall'];
      try {
        await startWatching(host);
        const wanted = () => vscode.workspace.getConfiguration().get<string[]>(Setting.watchContexts)!;
        await eventually('the setting', () => wanted().includes('kind-oncall'));
        await vscode.commands.executeCommand(Command.startWatching, {
          context: 'kind-oncall',
          namespace: 'hotel-reservation',
          fingerprint: host.hooks.watch()!.target.fingerprint,
        });
        assert.equal(told(host, /is watched already/).length, 1);
      } finally {
        await set(Setting.watchContexts, undefined);
        await stopWatching();
      }
    },
  },
  {
    name: 'after a mitigation: what it wrote is watched in view and status bar, also when the view is closed, and held',
    async run(host) {
      const { run, kept } = await keptRun(host);
      assert.equal(kept.request.durationMs, 300_000);
      const view = () => host.hooks.snapshot()!.kept!;
      assert.equal(view().state, 'watching');
      assert.deepEqual(view().objects, ['Service/hotel-reservation/geo']);
      assert.match((await host.hooks.watchTexts()).change, /^\$\(eye\) change watched for 5 min more$/);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      assert.equal(kept.signal.aborted, false);
      kept.request.looked!('the server is gone');
      assert.match((await host.hooks.watchTexts()).change, /no answer$/);
      kept.request.looked!(null);
      kept.end({ outcome: 'held' });
      await eventually('its end', () => view().state === 'held');
      assert.equal((await host.hooks.watchTexts()).change, '');
      assert.match(await problemOf(host, 'stopKeptWatch', { run }), /nothing of this run is watched/);
    },
  },
  {
    name: 'after a mitigation: what got worse is taken back when the page says so; Stop watching ends it',
    async run(host) {
      const { app, run, kept } = await keptRun(host);
      const id = (await app.transactions.list())[0]!.id;
      const answered = kept.request.askUndo('geo has no endpoints', kept.signal, false);
      await eventually('the question', () => host.hooks.snapshot()!.kept!.state === 'asking');
      assert.equal(
        told(host, /worse since the change was kept: geo has no endpoints\. Take the change back\?/).length,
        1,
      );
      assert.match(await problemOf(host, 'answerKeptWatch', { run, answer: 'perhaps' }), /undo or keep/);
      assert.equal(await problemOf(host, 'answerKeptWatch', { run, answer: 'undo' }), '');
      assert.equal(await answered, true);
      const result = await app.transactions.undo(id, kept.signal, kept.request.tell);
      kept.end({ outcome: 'regressed', reason: 'geo has no endpoints', undone: [{ tx: id, result }] });
      await eventually('its end', () => host.hooks.snapshot()!.kept!.state === 'undone');
      await eventually('the headline', () => /^Undone/.test(host.hooks.snapshot()!.headline.title));
      assert.equal(app.world.targetPort, 9999);
      const second = await keptRun(host);
      assert.equal(await problemOf(host, 'stopKeptWatch', { run: second.run }), '');
      assert.equal(second.kept.signal.aborted, true);
      await eventually('its end', () => host.hooks.snapshot()!.kept!.state === 'stopped');
    },
  },
  {
    name: 'after a mitigation: what ran unasked is taken back unasked; a change that is taken back by hand is watched no more',
    async run(host) {
      await set(Setting.approval, 'ask-unless-exact');
      try {
        const app = new FakeApp();
        await host.useApp(async () => app);
        let kept: Kept | null = null;
        app.incidents.watchKept = (_run, request, signal) =>
          new Promise((resolve, reject) => {
            kept = { request, end: resolve, signal };
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          });
        host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
        await vscode.commands.executeCommand(Command.mitigate);
        await untilEnded(host);
        const found = await eventually('the watch', (): Kept | null => kept);
        const { request, signal } = found;
        assert.equal(await request.askUndo('geo has no endpoints', signal, false), true);
        assert.equal(told(host, /Take the change back/).length, 0);
        const id = (await app.transactions.list())[0]!.id;
        const result = await app.transactions.undo(id, signal, request.tell);
        found.end({ outcome: 'regressed', reason: 'geo', undone: [{ tx: id, result }] });
        await eventually('the message', () => told(host, /got worse and was taken back/).length === 1);
      } finally {
        await set(Setting.approval, undefined);
      }
      const { app, kept } = await keptRun(host);
      const id = (await app.transactions.list())[0]!.id;
      host.prompts.confirmations = [true];
      await vscode.commands.executeCommand(Command.undoTransaction, { transaction: id });
      await eventually('its end', () => kept.signal.aborted);
      await eventually('the view', () => /taken back meanwhile/.test(host.hooks.snapshot()!.kept!.reason));
    },
  },
];

/** Expects the fault `target-port` in the demo application of the cluster that $KUBECONFIG names. */
export const WATCH_CLUSTER_TESTS: HostTest[] = [
  {
    name: 'real cluster: a watch opens an incident for what is broken, and writes nothing',
    needsCluster: true,
    async run(host) {
      const { namespace } = JSON.parse(process.env.STRATUS_HOST_CLUSTER!) as Record<string, string>;
      host.prompts.picks = [namespace!];
      await set(Setting.watchInterval, 5);
      try {
        await vscode.commands.executeCommand(Command.startWatching);
        assert.deepEqual(told(host, /^error/), []);
        const [message] = await eventually(
          'the message',
          () => {
            const found = told(host, /^error: /);
            return found.length > 0 && found;
          },
          120,
        );
        assert.match(message!, new RegExp(`^error: ${namespace!} @ .*, for \\d+ `));
        assert.match((await host.hooks.watchTexts()).watch, /incidents? open$/);
        assert.ok((await shownIncidents(host)).items.length > 0);
      } finally {
        await stopWatching();
        await set(Setting.watchInterval, undefined);
      }
    },
  },
];
