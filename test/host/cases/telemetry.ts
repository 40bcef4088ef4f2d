import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { AppConfig } from '../../../src/run/app-config.ts';
import type { FoundSource, FoundSources } from '../../../src/run/telemetry/find-sources.ts';
import { Command, Setting } from '../../../src/ui/editor/contributions.ts';
import { FakeApp } from '../fake-app.ts';
import type { Host, HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';
import { TEST_KEY } from '../key-search.ts';
import { problemOf, untilAsked, untilEnded } from './run.ts';

const URL = 'svc://monitoring/prometheus:9090/';
const PROMETHEUS: FoundSource = {
  spec: {
    role: 'metrics',
    kinds: ['prometheus'],
    place: {
      via: 'service',
      service: { namespace: 'monitoring', service: 'prometheus', port: '9090', tls: false, path: '/' },
    },
    credential: null,
    headers: {},
  },
  name: 'Prometheus in monitoring',
  version: '3.5.0',
  url: URL,
};

/** An application with a cluster of its own, in which telemetry is found; what it was configured with, and how often it looked. */
async function withCluster(host: Host, fingerprint: string, result: FoundSources) {
  const app = new FakeApp();
  const { pin } = app.targets;
  app.targets.pin = async (...names) => ({ ...(await pin(...names)), fingerprint });
  const asked = { looks: 0, configs: [] as AppConfig[] };
  app.telemetry.find = async () => ((asked.looks += 1), result);
  await host.useApp(async (config) => (asked.configs.push(config), app));
  return { app, asked };
}

async function startRun(host: Host): Promise<void> {
  host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
  await vscode.commands.executeCommand(Command.mitigate);
  await untilAsked(host);
}

async function endRun(host: Host): Promise<void> {
  await vscode.commands.executeCommand(Command.cancelRun);
  await untilEnded(host);
}

const offers = ({ prompts }: Host) => prompts.asked.filter((text) => text.startsWith('info: Prometheus in monitoring'));

async function set(id: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration().update(id, value, vscode.ConfigurationTarget.Global);
}

export const TELEMETRY_TESTS: HostTest[] = [
  {
    name: 'telemetry: what answers is offered once when a run begins, and read in later runs on that cluster only after Use',
    async run(host) {
      const { asked } = await withCluster(host, 'telemetry-used', { found: [PROMETHEUS], notes: [] });
      host.prompts.actions = ['Use'];
      await startRun(host);
      const told = await eventually('the offer', () => offers(host).length === 2 && offers(host));
      assert.match(told[0]!, /^info: Prometheus in monitoring answers\. Use it for kind-oncall\?$/);
      assert.match(told[1]!, /read from the next run on/);
      assert.deepEqual(
        asked.configs[0]!.telemetry!.clusters!['telemetry-used'],
        undefined,
        'not before it was accepted',
      );
      assert.deepEqual(host.hooks.acceptedTelemetry()['telemetry-used'], [
        { what: 'telemetry that was found in this cluster', role: 'metrics', url: URL },
      ]);
      await endRun(host);
      await startRun(host);
      assert.equal(asked.looks, 1, 'nobody is asked twice');
      const { clusters } = asked.configs.at(-1)!.telemetry!;
      assert.equal(clusters!['telemetry-used']![0]!.url, URL, 'the application reads it now');
      await endRun(host);
    },
  },
  {
    name: 'telemetry: what is never to be used is not looked for again, nor anything where settings name or forbid it',
    async run(host) {
      const { asked } = await withCluster(host, 'telemetry-never', { found: [PROMETHEUS], notes: [] });
      host.prompts.actions = ['Never for This Cluster'];
      await startRun(host);
      await eventually('the offer', () => asked.looks === 1 && host.prompts.actions.length === 0);
      await endRun(host);
      await startRun(host);
      await endRun(host);
      assert.equal(asked.looks, 1);
      assert.equal(host.hooks.acceptedTelemetry()['telemetry-never'], undefined);
      for (const [id, value] of [
        [Setting.telemetryOffer, false],
        [Setting.telemetryTraces, 'http://127.0.0.1:16686'],
      ] as const) {
        await set(id, value);
        try {
          const other = await withCluster(host, `telemetry-${id}`, { found: [PROMETHEUS], notes: [] });
          await startRun(host);
          await endRun(host);
          assert.equal(other.asked.looks, 0, id);
        } finally {
          await set(id, undefined);
        }
      }
    },
  },
  {
    name: 'telemetry: a search and a test say what they found, also that it is nothing; the page of a run begins one',
    async run(host) {
      const note = 'svc://tracing/jaeger:16686/ looks like Jaeger: it refuses (403)';
      const { app } = await withCluster(host, 'telemetry-none', { found: [], notes: [note] });
      host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
      await vscode.commands.executeCommand(Command.findTelemetry);
      assert.match(host.prompts.asked.at(-1)!, /No Service of kind-oncall looks like .* looks like Jaeger: it refuses/);
      await startRun(host);
      const before = host.prompts.asked.length;
      assert.equal(await problemOf(host, 'findTelemetry', { run: host.hooks.snapshot()!.run }), '');
      assert.match(host.prompts.asked.slice(before).join(), /No Service of kind-oncall/);
      await endRun(host);
      host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
      await vscode.commands.executeCommand(Command.testTelemetry);
      assert.match(host.prompts.asked.at(-1)!, /No telemetry is named in the settings or accepted for kind-oncall/);
      const opened = [{ role: 'metrics' as const, name: 'Prometheus in monitoring', version: '3.5.0', problem: null }];
      app.telemetry.test = async () => ({ opened, notes: [] });
      host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
      await vscode.commands.executeCommand(Command.testTelemetry);
      await eventually('the document', () =>
        vscode.workspace.textDocuments.some((document) =>
          document.getText().includes('| answers | metrics | Prometheus'),
        ),
      );
    },
  },
  {
    name: 'telemetry: a token goes to the secret storage, for its address, and into no setting; what a page opens is a link of the run',
    async run(host) {
      await withCluster(host, 'telemetry-token', { found: [], notes: [] });
      await vscode.commands.executeCommand(Command.setTelemetryToken);
      assert.match(host.prompts.asked.at(-1)!, /No setting names a source that takes a token/);
      await set(Setting.telemetryPrometheus, 'https://mimir.example/prometheus');
      try {
        host.prompts.picks = ['https://mimir.example/prometheus'];
        host.prompts.answers = [TEST_KEY];
        await vscode.commands.executeCommand(Command.setTelemetryToken);
        assert.equal(await host.hooks.telemetryToken('https://mimir.example/prometheus'), TEST_KEY);
        assert.equal(await host.hooks.telemetryToken('https://other.example/prometheus'), null);
        const all = JSON.stringify(vscode.workspace.getConfiguration().get('stratus'));
        assert.ok(!all.includes(TEST_KEY), 'no setting holds the token');
        host.prompts.picks = ['https://mimir.example/prometheus'];
        host.prompts.answers = ['-'];
        await vscode.commands.executeCommand(Command.setTelemetryToken);
        assert.equal(await host.hooks.telemetryToken('https://mimir.example/prometheus'), null, 'a hyphen forgets it');
      } finally {
        await set(Setting.telemetryPrometheus, undefined);
      }
      await startRun(host);
      const { run } = host.hooks.snapshot()!;
      assert.match(await problemOf(host, 'openSource', { run, signal: -1 }), /nothing to open/);
      await endRun(host);
    },
  },
];
