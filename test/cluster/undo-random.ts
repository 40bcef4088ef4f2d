import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../src/domain/kube-object.ts';
import { KubeApi } from '../../src/gateway/kube-api.ts';
import type { GatewayHarness } from './gateway-harness.ts';
import { deployment } from './undo-actions.ts';
import { collectionOf, createFixtures, readWorld, worldDifference } from './undo-world.ts';

export interface RandomReport {
  transactions: number;
  /** Writes tried, done and refused by the gateway or the server. */
  tried: number;
  done: number;
  /** Writes that restored; those that only gave fields back to their owners are not among them. */
  undoWrites: number;
  ownershipWrites: number;
  /** What undoing write by write in reverse order would have sent. */
  lifoWrites: number;
  /** `seed 7: ConfigMap/x.data.a: "1" -> "2"`; empty when all is well. */
  differences: string[];
}

export interface RandomOptions {
  seed: number;
  transactions: number;
  maxOperations: number;
  onTransaction?: (done: number) => void;
}

/** mulberry32 */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const NAMES = ['a', 'b', 'c', 'd'];

/**
 * Random transactions of direct HTTP writes, each undone and compared with the state before by a judge of its own.
 * Works in a namespace of its own, which it leaves to the caller to delete.
 */
export async function randomTransactions(gateway: GatewayHarness, options: RandomOptions): Promise<RandomReport> {
  const suffix = randomBytes(3).toString('hex');
  const context = { namespace: `random-${suffix}`, suffix };
  const ns = context.namespace;
  const meta = (name: string) => ({ name, namespace: ns, labels: { app: name } });
  const paused = { replicas: 1, paused: true };
  await createFixtures(gateway, context, [
    deployment(ns, 'a', paused),
    deployment(ns, 'b', paused),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('a'), data: { x: '1', y: '2' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('b'), data: { x: '1' } },
    { apiVersion: 'v1', kind: 'Secret', metadata: meta('a'), data: { x: 'MQ==' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('a'),
      spec: {
        selector: { app: 'a' },
        ports: [
          { name: 'h', port: 80 },
          { name: 'm', port: 81 },
        ],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: meta('a'),
      spec: {
        replicas: 0,
        serviceName: 'a',
        selector: { matchLabels: { app: 'a' } },
        template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'app', image: 'x:1' }] } },
      },
    },
  ]);
  const report: RandomReport = {
    transactions: 0,
    tried: 0,
    done: 0,
    undoWrites: 0,
    ownershipWrites: 0,
    lifoWrites: 0,
    differences: [],
  };
  const signal = new AbortController().signal;
  const transactions = gateway.transactions({ target: { ...gateway.target, namespace: ns }, convergeMs: 0 });
  for (let n = 0; n < options.transactions; n++) {
    const seed = options.seed + n;
    const random = generator(seed);
    const before = await readWorld(gateway, context);
    const transaction = await transactions.begin({ run: 'random', title: `seed ${seed}`, maxWrites: 20 });
    const session = new KubeApi(transaction.handler);
    const operations = 1 + random(options.maxOperations);
    for (let i = 0; i < operations; i++) {
      const [method, path, body, contentType] = operation(random, ns, i);
      const answer = await session.send(method, path, { body, contentType });
      report.tried++;
      if (answer.status < 300) report.done++;
    }
    const writes = transaction.writes();
    const result = await transaction.undo(signal);
    await transaction.dispose();
    if (result.outcome !== 'undone') report.differences.push(`seed ${seed}: ${JSON.stringify(result).slice(0, 400)}`);
    const ownership = result.outcome === 'undone' ? (result.proof.ownershipWrites ?? 0) : 0;
    report.undoWrites += result.writes - ownership;
    report.ownershipWrites += ownership;
    report.lifoWrites += writes;
    report.transactions++;
    for (const line of worldDifference(before, await readWorld(gateway, context)))
      report.differences.push(`seed ${seed}: ${line}`);
    options.onTransaction?.(report.transactions);
  }
  await gateway.api.send('DELETE', `/api/v1/namespaces/${ns}`);
  return report;
}

type Operation = [method: string, path: string, body?: unknown, contentType?: string];
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const APPLY = 'application/apply-patch+yaml';

function operation(random: (below: number) => number, ns: string, index: number): Operation {
  // Half of all operations meet on one name, so that objects are written again and again.
  const name = NAMES[random(2) * random(NAMES.length)]!;
  const value = `v${index}-${random(5)}`;
  const apps = `/apis/apps/v1/namespaces/${ns}`;
  const core = `/api/v1/namespaces/${ns}`;
  const deploy = `${apps}/deployments/${NAMES[random(3) === 0 ? 1 : 0]!}`;
  const config = `${core}/configmaps/${name}`;
  const template = (spec: object) => ({ spec: { template: { spec } } });
  const create = (object: Partial<KubeObject>): Operation => {
    const full = { ...object, metadata: { name, namespace: ns } } as KubeObject;
    return ['POST', collectionOf(full), full];
  };
  const choices: Array<() => Operation> = [
    () => ['PATCH', deploy, template({ containers: [{ name: 'app', image: `shop:${value}` }] }), STRATEGIC],
    () => [
      'PATCH',
      deploy,
      template({ containers: [{ name: 'app', env: [{ name: `E${random(3)}`, value }] }] }),
      STRATEGIC,
    ],
    () => ['PATCH', deploy, template({ containers: [{ name: `extra${random(2)}`, image: value }] }), STRATEGIC],
    () => ['PATCH', deploy, template({ containers: [{ name: 'side', $patch: 'delete' }] }), STRATEGIC],
    () => [
      'PATCH',
      deploy,
      template({ containers: [{ name: 'app', resources: { limits: { cpu: `${1 + random(9)}` } } }] }),
      STRATEGIC,
    ],
    () => ['PATCH', deploy, { spec: { template: { metadata: { annotations: { restartedAt: value } } } } }, MERGE],
    () => ['PATCH', deploy, { metadata: { labels: { [`l${random(3)}`]: value } } }, MERGE],
    () => ['PATCH', deploy, { metadata: { annotations: { [`n${random(3)}`]: value, note: null } } }, MERGE],
    () => ['PATCH', `${deploy}/scale`, { spec: { replicas: random(3) } }, MERGE],
    () => ['PATCH', deploy, [{ op: 'add', path: '/spec/minReadySeconds', value: random(20) }], JSON_PATCH],
    () => [
      'PATCH',
      deploy,
      { spec: { revisionHistoryLimit: random(9), strategy: { type: 'Recreate', rollingUpdate: null } } },
      MERGE,
    ],
    () => [
      'PATCH',
      `${apps}/statefulsets/a`,
      { spec: { template: { metadata: { labels: { extra: value } } } } },
      MERGE,
    ],
    () => [
      'PATCH',
      config,
      { data: { [`k${random(4)}`]: random(3) === 0 ? null : value, x: random(3) === 0 ? null : value } },
      MERGE,
    ],
    () => [
      'PATCH',
      `${config}?fieldManager=tool&force=true`,
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, labels: { [`t${random(2)}`]: value } },
        data: { [`s${random(3)}`]: value },
      },
      APPLY,
    ],
    () => [
      'PUT',
      config,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: ns }, data: { put: value } },
    ],
    () => create({ apiVersion: 'v1', kind: 'ConfigMap', data: { made: value } }),
    () => create({ apiVersion: 'v1', kind: 'Secret', stringData: { made: value } }),
    () => create({ apiVersion: 'v1', kind: 'Service', spec: { selector: { app: name }, ports: [{ port: 80 }] } }),
    () => ['DELETE', config],
    () => ['DELETE', `${core}/secrets/${name}`],
    () => ['DELETE', `${core}/services/${name}`],
    () => ['DELETE', deploy],
    () => ['POST', `${apps}/deployments`, deployment(ns, name, { replicas: random(2), paused: true })],
    () => [
      'PATCH',
      `${core}/services/a`,
      { spec: { ports: [{ port: 80, targetPort: 1000 + random(100) }] } },
      STRATEGIC,
    ],
    () => ['PATCH', `${core}/services/a`, { spec: { selector: { app: value } } }, MERGE],
    () => ['PATCH', `${core}/secrets/a`, { stringData: { x: value } }, MERGE],
    () =>
      create({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        spec: { podSelector: { matchLabels: { app: value } } },
      }),
    () => ['DELETE', `/apis/networking.k8s.io/v1/namespaces/${ns}/networkpolicies/${name}`],
  ];
  return choices[random(choices.length)]!();
}
