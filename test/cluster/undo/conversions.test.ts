import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import type { AttemptRecord, Brain, BrainContext, BrainDiagnosis, Proposal } from '../../../src/domain/brain.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { planFromFix } from '../../../src/domain/plan.ts';
import { DEFAULT_OPTIONS } from '../../../src/domain/run-event.ts';
import type { StratusApp } from '../../../src/run/app.ts';
import { createApp } from '../../../src/run/create-app.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import type { ActionContext } from './undo-actions.ts';
import { deployment } from './undo-actions.ts';
import { createFixtures, readWorld, removeClusterScoped, worldDifference } from './undo-world.ts';

/** NS and SUFFIX stand for the row's own namespace and for the suffix of its cluster-scoped names. */
interface Row {
  name: string;
  command: string;
  fixtures(context: ActionContext): KubeObject[];
  /** The commands named in its place, or the reason why there is none. */
  instead?: string[];
  refused?: RegExp;
  /** Path of an object that has to be so before the row starts. */
  ready?: [path: string, when: (object: KubeObject) => boolean];
}

const meta = (name: string, namespace?: string) => ({ name, ...(namespace ? { namespace } : {}) });
const podSpec = (more: object = {}) => ({ containers: [{ name: 'app', image: 'shop:1' }], ...more });
const workload = (kind: string, name: string, ns: string, spec: object, pods: object = {}): KubeObject => ({
  apiVersion: kind.endsWith('Job') ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: meta(name, ns),
  spec: {
    ...(kind === 'Job' ? {} : { selector: { matchLabels: { app: name } } }),
    template: { metadata: { labels: { app: name } }, spec: podSpec(pods) },
    ...spec,
  },
});
const scratch = { volumes: [{ name: 'scratch', emptyDir: {} }] };
const node = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: { 'kubernetes.io/hostname': name, 'test-node': name },
    annotations: { 'kwok.x-k8s.io/node': 'fake' },
  },
  spec: {},
});
const service = (ns: string, selector: Record<string, string>, targetPort = 8080): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta('web', ns),
  spec: { selector, ports: [{ port: 80, targetPort }] },
});
const onNode = (c: ActionContext, pods: object = {}) =>
  deployment(c.namespace, 'web', {
    template: {
      metadata: { labels: { app: 'web' } },
      spec: podSpec({ nodeSelector: { 'test-node': `n-${c.suffix}` }, ...pods }),
    },
  });
const web = (c: ActionContext) => [deployment(c.namespace)];
const rolledOut: Row['ready'] = ['/apis/apps/v1/namespaces/NS/deployments/web', (o) => o.status?.readyReplicas === 2];
const hasReplicas = (kind: string, name: string): Row['ready'] => [
  `/apis/apps/v1/namespaces/NS/${kind}/${name}`,
  (o) => o.status?.observedGeneration === o.metadata.generation,
];

const ROWS: Row[] = [
  {
    name: 'delete a Deployment',
    command: 'delete deployment web',
    fixtures: web,
    instead: ['scale deployment/web -n NS --replicas=0'],
    ready: rolledOut,
  },
  {
    name: 'delete a StatefulSet',
    command: 'delete statefulset db',
    fixtures: (c) => [workload('StatefulSet', 'db', c.namespace, { replicas: 2, serviceName: 'db' })],
    instead: ['scale statefulset/db -n NS --replicas=0'],
    ready: hasReplicas('statefulsets', 'db'),
  },
  {
    name: 'delete a StatefulSet whose volumes would go',
    command: 'delete statefulset db',
    fixtures: (c) => [
      workload('StatefulSet', 'db', c.namespace, {
        replicas: 2,
        serviceName: 'db',
        persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
      }),
    ],
    refused: /whenScaled: Delete/,
  },
  {
    name: 'delete a Deployment with emptyDir data',
    command: 'delete deployment web',
    fixtures: (c) => [workload('Deployment', 'web', c.namespace, { replicas: 1 }, scratch)],
    refused: /scratch \(emptyDir/,
  },
  {
    name: 'delete a ReplicaSet',
    command: 'delete rs alone',
    fixtures: (c) => [workload('ReplicaSet', 'alone', c.namespace, { replicas: 2 })],
    instead: ['scale replicaset/alone -n NS --replicas=0'],
    ready: hasReplicas('replicasets', 'alone'),
  },
  {
    name: 'delete a DaemonSet',
    command: 'delete daemonset agent',
    fixtures: (c) => [workload('DaemonSet', 'agent', c.namespace, {})],
    instead: [
      `patch daemonset agent -n NS --type=merge '--patch={"spec":{"template":{"spec":{"nodeSelector":{"stratus-oncall/stopped":"true"}}}}}'`,
    ],
    ready: hasReplicas('daemonsets', 'agent'),
  },
  {
    name: 'delete a Job',
    command: 'delete job import',
    // Its pod finds no node, so that it cannot end before it is looked at.
    fixtures: (c) => [
      workload('Job', 'import', c.namespace, {}, { restartPolicy: 'Never', nodeSelector: { 'test-node': 'nobody' } }),
    ],
    instead: [`patch job import -n NS --type=merge '--patch={"spec":{"suspend":true}}'`],
  },
  {
    name: 'delete a CronJob',
    command: 'delete cronjob nightly',
    fixtures: (c) => [
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: meta('nightly', c.namespace),
        spec: {
          schedule: '0 3 1 1 *',
          jobTemplate: { spec: { template: { spec: podSpec({ restartPolicy: 'Never' }) } } },
        },
      },
    ],
    instead: [`patch cronjob nightly -n NS --type=merge '--patch={"spec":{"suspend":true}}'`],
  },
  {
    name: 'delete a Node',
    command: 'delete node n-SUFFIX',
    fixtures: (c) => [node(`n-${c.suffix}`)],
    instead: ['cordon n-SUFFIX'],
  },
  {
    name: 'delete the pods of a Deployment',
    command: 'delete pods -l app=web',
    fixtures: web,
    instead: ['rollout restart deployment/web -n NS'],
    ready: rolledOut,
  },
  {
    name: 'delete a pod that nobody brings back',
    command: 'delete pod bare',
    fixtures: (c) => [
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...meta('bare', c.namespace), labels: { app: 'bare' } },
        spec: podSpec(),
      },
      service(c.namespace, { app: 'bare' }),
    ],
    instead: ['label pod bare -n NS app-'],
  },
  {
    name: 'delete everything of a kind',
    command: 'delete configmap -l team=blue',
    fixtures: (c) =>
      ['one', 'two'].map((name) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { ...meta(name, c.namespace), labels: { team: 'blue' } },
        data: { a: '1' },
      })),
    instead: ['delete configmap one two -n NS --timeout=60s'],
  },
  {
    name: 'drain --force',
    command: 'drain n-SUFFIX --force',
    fixtures: (c) => [node(`n-${c.suffix}`), onNode(c)],
    instead: ['cordon n-SUFFIX', 'drain n-SUFFIX --ignore-daemonsets --timeout=120s'],
    ready: rolledOut,
  },
  {
    name: 'drain a node with emptyDir data',
    command: 'drain n-SUFFIX --delete-emptydir-data',
    fixtures: (c) => [node(`n-${c.suffix}`), onNode(c, scratch)],
    refused: /must not be drained while .*web-/,
    ready: rolledOut,
  },
];

const signal = new AbortController().signal;
const report: string[] = [];
let cluster: TestCluster;
let gateway: GatewayHarness;
let home: string;
let app: StratusApp;

const open = (brain?: Brain) => {
  const { kubeconfig, kubectl } = cluster.instance;
  const config = { stateFolder: home, kubectlPath: kubectl, kubeconfig, lockNamespace: gateway.namespace };
  return createApp(config, brain ? { brains: [brain] } : {});
};

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'convert');
  home = await mkdtemp(join(tmpdir(), 'stratus-convert-'));
  app = await open();
});

afterAll(async () => {
  if (process.env.STRATUS_UPDATE_DOCS && report.length === ROWS.length)
    await writeFile(new URL('../../../docs/conversions.md', import.meta.url), page());
  await app?.dispose();
  await gateway?.close();
  await cluster?.release();
  if (home) await rm(home, { recursive: true, force: true });
});

async function prepare(row: Pick<Row, 'fixtures' | 'ready'>): Promise<ActionContext> {
  const suffix = randomBytes(3).toString('hex');
  const context = { namespace: `convert-${suffix}`, suffix };
  await createFixtures(gateway, context, row.fixtures(context));
  if (row.ready) {
    const [path, when] = row.ready;
    await eventually('the fixture is ready', async () => {
      const object = await gateway.get(path.replace('NS', context.namespace));
      return object && when(object);
    });
  }
  return context;
}

const fill = (text: string, { namespace, suffix }: ActionContext) =>
  text.replaceAll('SUFFIX', suffix).replace(/\bNS\b/g, namespace);
const blank = (text: string, { namespace, suffix }: ActionContext) =>
  text.replaceAll(namespace, 'NS').replaceAll(suffix, 'SUFFIX');

async function clean(context: ActionContext): Promise<void> {
  await gateway.api.send('DELETE', `/api/v1/namespaces/${context.namespace}`);
  await removeClusterScoped(gateway, context);
}

describe('stratus run refuses what would lose something, and names a command that can be undone', () => {
  it.for(ROWS.map((row) => [row.name, row] as const))('%s', async ([, row]) => {
    const context = await prepare(row);
    try {
      const target = await app.targets.pin(cluster.instance.context, context.namespace);
      const before = await readWorld(gateway, context);
      const argv = fill(row.command, context).split(' ');
      const { ok, problem, instead } = await app.shell.rehearse(target, argv, signal);
      expect(ok).toBe(false);
      expect(worldDifference(before, await readWorld(gateway, context))).toEqual([]);
      const shown = blank(problem, context).replaceAll(/web-[a-z0-9]+-[a-z0-9]{5}\b/g, 'web-…');
      if (row.refused) {
        expect(problem).toMatch(row.refused);
        expect(instead).toBeUndefined();
        report.push(`| ${row.name}: \`${row.command}\` | refused | ${shown} |`);
        return;
      }
      expect(instead).toBeDefined();
      const text = instead!.map((words) => words.map((w) => (/[{]/.test(w) ? `'${w}'` : w)).join(' '));
      expect(text).toEqual(row.instead!.map((line) => fill(line, context)));
      report.push(
        `| ${row.name}: \`${row.command}\` | ${row.instead!.map((line) => `\`${line}\``).join(', ')} | ${shown} |`,
      );

      const transactions: string[] = [];
      for (const words of instead!) {
        const rehearsal = await app.shell.rehearse(target, words, signal);
        expect(rehearsal.problem).toBe('');
        const { result, tx } = await app.shell.run(target, words, [], signal);
        expect(result.problem).toBe('');
        if (tx) transactions.unshift(tx);
      }
      expect(transactions.length).toBeGreaterThan(0);
      for (const tx of transactions)
        expect(await app.transactions.undo(tx, signal, () => undefined)).toMatchObject({ outcome: 'undone' });
      expect(worldDifference(before, await readWorld(gateway, context))).toEqual([]);
    } finally {
      await clean(context);
    }
  });
});

/** Proposes to delete the workload that the first finding's Service points at. */
class DeletingBrain implements Brain {
  readonly name = 'deleting';
  readonly #playbooks = new PlaybookBrain();

  diagnose(context: BrainContext) {
    return this.#playbooks.diagnose(context);
  }

  async plan(_context: BrainContext, { findings }: BrainDiagnosis, attempts: AttemptRecord[]): Promise<Proposal> {
    const [finding] = findings;
    if (!finding || attempts.length > 0) return { type: 'exhausted', reason: 'one was enough' };
    const commands = [['delete', 'deployment', 'web', '-n', finding.object.namespace!, '--timeout=30s']];
    const fix = { changes: [], commands, expects: 'nothing good', confidence: 0.1 };
    return { type: 'plan', plan: planFromFix(finding, fix, (text) => text), alternatives: [] };
  }

  reflect(context: BrainContext, attempt: AttemptRecord) {
    return this.#playbooks.reflect(context, attempt);
  }
}

it('a plan that deletes is rehearsed, shown and approved as what it was replaced by', async () => {
  const ports = [{ containerPort: 8080 }];
  const brokenShop = (c: ActionContext) => [
    workload(
      'Deployment',
      'web',
      c.namespace,
      { replicas: 2 },
      { containers: [{ name: 'app', image: 'shop:1', ports }] },
    ),
    service(c.namespace, { app: 'web' }, 9),
  ];
  const context = await prepare({ fixtures: brokenShop, ready: rolledOut });
  const deleting = await open(new DeletingBrain());
  try {
    const target = await deleting.targets.pin(cluster.instance.context, context.namespace);
    const asked: string[][] = [];
    const run = await deleting.incidents.mitigate({
      target,
      brain: 'deleting',
      options: { ...DEFAULT_OPTIONS, maxAttempts: 1 },
      checks: [],
      askApproval: async ({ steps }) => {
        asked.push(...steps.map(({ argv }) => argv));
        return { approve: false, reason: 'seen' };
      },
    });
    await run.start();
    const scale = ['scale', 'deployment/web', '-n', context.namespace, '--replicas=0'];
    expect(asked).toEqual([scale]);
    const converted = run.events().find((event) => event.type === 'converted');
    expect(converted).toMatchObject({
      from: ['delete', 'deployment', 'web', '-n', context.namespace, '--timeout=30s'],
      to: [scale],
      reason: expect.stringContaining('scaled to 0'),
    });
    const planned = run.events().find((event) => event.type === 'planned');
    expect(planned?.type === 'planned' && planned.plan?.steps[0]).toMatchObject({
      argv: scale,
      why: expect.stringContaining("In place of 'kubectl delete deployment web"),
    });
    expect((await gateway.get(`/apis/apps/v1/namespaces/${context.namespace}/deployments/web`))?.spec.replicas).toBe(2);
  } finally {
    await deleting.dispose();
    await clean(context);
  }
});

function page(): string {
  return `# What stands in for commands that take something away

Generated by \`test/cluster/undo/conversions.test.ts\` with \`STRATUS_UPDATE_DOCS=1\` on a real API server; do not edit. A plan of a brain is
rewritten like this before it is rehearsed, and what is shown and approved is the rewritten plan. \`stratus run\` never runs
anything but what was typed: it refuses and names the command in the second column. Each of them was run and undone, and an
independent comparison found no difference afterwards; a refusal changed nothing.

| command | in its place | why |
| --- | --- | --- |
${report.join('\n')}
`;
}
