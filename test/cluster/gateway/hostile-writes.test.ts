import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { GatewayTransaction } from '../../../src/gateway/gateway-transaction.ts';
import { readAll } from '../../../src/gateway/wire/messages.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { dumpCluster, dumpDifference, servedResources, settledDump, type Served } from '../cluster-dump.ts';
import { eventually, openGateway, planOf, type GatewayHarness } from './gateway-harness.ts';
import type { HostileContext, HostileWrite, Spelling } from './hostile-writes.ts';
import { ENGINEER_RULES, hostileFixtures, hostileWrites } from './hostile-writes.ts';
import { UNDO_ACTIONS } from '../undo/undo-actions.ts';
import { createFixtures, removeClusterScoped } from '../undo/undo-world.ts';

/**
 * Writes that must never pass, in every spelling, by an engineer whose rights come from RBAC alone; and plain useful
 * ones, whose classes must stay. The dump and the table share nothing with the code that judges.
 */
const signal = new AbortController().signal;
const suffix = randomBytes(3).toString('hex');
const context: HostileContext = { namespace: `hostile-${suffix}`, suffix };
const BINDING = 'rbac.authorization.k8s.io/v1';
let cluster: TestCluster;
let folder: string;
let admin: GatewayHarness;
let engineer: GatewayHarness;
let served: Served[];
let writes: HostileWrite[];

beforeAll(async () => {
  cluster = await acquireCluster();
  folder = await mkdtemp(join(tmpdir(), 'stratus-engineer-'));
  admin = await openGateway(cluster.instance, 'hostile-admin');
  served = await servedResources(admin.api);
  writes = hostileWrites(context);
  await createFixtures(admin, context, []);
  for (const object of [...engineerObjects(), ...hostileFixtures(context)]) await create(object);
  for (const { before } of writes) if (before && !before.metadata.name.startsWith('engineer')) await create(before);
  engineer = await openGateway({ ...cluster.instance, kubeconfig: await engineerKubeconfig() }, 'hostile-own');
}, 300_000);
afterAll(async () => {
  for (const object of writes ?? []) if (object.before) await admin.api.send('DELETE', pathOf(object.before));
  for (const object of [...hostileFixtures(context), ...engineerObjects()]) {
    await admin?.api.send('DELETE', pathOf(object));
  }
  await admin?.api.send('DELETE', `/api/v1/namespaces/${context.namespace}`);
  await engineer?.close();
  await admin?.close();
  await cluster?.release();
  await rm(folder, { recursive: true, force: true });
});

function engineerObjects(): KubeObject[] {
  const { namespace } = context;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'engineer', namespace } },
    { apiVersion: BINDING, kind: 'ClusterRole', metadata: { name: `engineer-${suffix}` }, rules: ENGINEER_RULES },
    {
      apiVersion: BINDING,
      kind: 'ClusterRoleBinding',
      metadata: { name: `engineers-${suffix}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `engineer-${suffix}` },
      subjects: [{ kind: 'ServiceAccount', name: 'engineer', namespace }],
    },
  ];
}

async function engineerKubeconfig(): Promise<string> {
  const { instance } = cluster;
  const token = await admin.kubectl('create', 'token', 'engineer', '-n', context.namespace, '--duration=2h');
  const config = parse(await readFile(instance.kubeconfig, 'utf8')) as { users: Array<{ user: object }> };
  for (const user of config.users) user.user = { token: token.trim() };
  const path = join(folder, 'kubeconfig');
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}

async function create(object: KubeObject): Promise<void> {
  await eventually(`creating ${object.kind} ${object.metadata.name}`, async () => {
    const answer = await admin.api.send('POST', collectionOf(object), { body: object });
    if (answer.status >= 300 && answer.status !== 409 && answer.status !== 404) throw new Error(answer.message);
    return answer.status !== 404;
  });
}

function collectionOf({ apiVersion, kind, metadata }: KubeObject): string {
  const found = served.find((one) => one.groupVersion === apiVersion && one.kind === kind);
  if (!found) throw new Error(`the server does not serve ${kind} in ${apiVersion}`);
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  return `${root}${found.namespaced ? `/namespaces/${metadata.namespace}` : ''}/${found.resource}`;
}

const pathOf = (object: KubeObject) => `${collectionOf(object)}/${object.metadata.name}`;

interface Raw {
  method: string;
  url: string;
  contentType?: string;
  body?: unknown;
}

/** Every way to say the write in one HTTP request. */
function rawSpellings({ before, after, without = [] }: HostileWrite): Raw[] {
  if (!after) {
    const url = pathOf(before!);
    const options = { kind: 'DeleteOptions', apiVersion: 'v1' };
    return [
      { method: 'DELETE', url },
      { method: 'DELETE', url, body: { ...options, propagationPolicy: 'Foreground' } },
      { method: 'DELETE', url: `${url}?propagationPolicy=Orphan` },
    ];
  }
  const [collection, url] = [collectionOf(after), pathOf(after)];
  const apply = { method: 'PATCH', contentType: 'application/apply-patch+yaml', body: after };
  if (!before) {
    const text = stringify(after);
    return [
      { method: 'POST', url: collection, body: after },
      {
        method: 'POST',
        url: `${collection}?fieldManager=odd&fieldValidation=Ignore&pretty=true&timeout=9s`,
        body: after,
      },
      { method: 'POST', url: collection, contentType: 'application/yaml', body: Buffer.from(text) },
      { ...apply, url: `${url}?fieldManager=odd` },
      { ...apply, url: `${url}?fieldManager=odd&force=true` },
    ];
  }
  const changed = Object.keys(after).filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]));
  const partial = Object.fromEntries(changed.map((key) => [key, after[key] as unknown]));
  const operations = changed.map((key) => ({ op: 'add', path: `/${key}`, value: after[key] as unknown }));
  const metadata = changed.includes('metadata')
    ? [{ op: 'add', path: '/metadata/labels', value: after.metadata.labels }]
    : operations;
  const all: Array<[Spelling, Raw]> = [
    ['replace', { method: 'PUT', url, body: after }],
    ['merge', { method: 'PATCH', url, contentType: 'application/merge-patch+json', body: partial }],
    ['strategic', { method: 'PATCH', url, contentType: 'application/strategic-merge-patch+json', body: partial }],
    ['json', { method: 'PATCH', url, contentType: 'application/json-patch+json', body: metadata }],
    ['apply', { ...apply, url: `${url}?fieldManager=odd&force=true` }],
  ];
  return all.filter(([spelling]) => !without.includes(spelling)).map(([, raw]) => raw);
}

/** Ways to say it with kubectl; one of them is tried for each write, all of them over the table. */
function kubectlSpellings({ before, after }: HostileWrite): string[][] {
  const object = (after ?? before)!;
  const name = `${object.kind.toLowerCase()}/${object.metadata.name}`;
  const space = object.metadata.namespace ? ['-n', object.metadata.namespace] : [];
  if (!after) return [['delete', name, '--wait=false', ...space]];
  const apply = [
    ['apply', '-f', '{{file}}', ...space],
    ['apply', '--server-side', '--force-conflicts', '-f', '{{file}}', ...space],
  ];
  if (!before) return [...apply, ['create', '-f', '{{file}}', ...space]];
  return [...apply.slice(1), ['replace', '-f', '{{file}}', ...space]];
}

async function send(transaction: GatewayTransaction, { method, url, contentType, body }: Raw) {
  const bytes = Buffer.isBuffer(body) ? body : body === undefined ? null : Buffer.from(JSON.stringify(body));
  const headers: Record<string, string> = bytes ? { 'content-type': contentType ?? 'application/json' } : {};
  const answer = await transaction.handler.handle({ method, url, headers, body: bytes, signal });
  return { status: answer.status, text: (await readAll(answer.body)).toString('utf8') };
}

async function inTransaction(work: (transaction: GatewayTransaction) => Promise<void>): Promise<void> {
  const transaction = await engineer.transactions().begin({ run: 'hostile', title: 'hostile', maxWrites: 500 });
  await transaction.terminal();
  try {
    await work(transaction);
    expect(transaction.writes()).toBe(0);
  } finally {
    await transaction.dispose();
  }
}

describe('hostile writes', () => {
  it('are refused by their rule in every spelling, and nothing changes', async () => {
    expect(writes.length).toBeGreaterThan(120);
    const dump = await settledDump(admin.api);
    const passed: string[] = [];
    await inTransaction(async (transaction) => {
      for (const write of writes) {
        for (const raw of rawSpellings(write)) {
          const { status, text } = await send(transaction, raw);
          const said = `${write.name}: ${raw.method} ${raw.contentType ?? ''} ${raw.url}: ${status} ${text.slice(0, 300)}`;
          if (status !== 403 || !text.includes(`refused by Stratus (${write.rule})`)) passed.push(said);
        }
      }
    });
    expect(passed).toEqual([]);
    expect(dumpDifference(dump, await dumpCluster(admin.api))).toEqual([]);
  }, 300_000);

  it('are refused to kubectl', async () => {
    const dump = await settledDump(admin.api);
    const passed: string[] = [];
    for (const [index, write] of writes.entries()) {
      // Every third: each start of a kubectl takes time, and what it sends is in the table above.
      if (index % 3 !== 0 && write.after) continue;
      const spellings = kubectlSpellings(write);
      const argv = spellings[Math.floor(index / 3) % spellings.length]!;
      const files = [{ name: 'file', content: JSON.stringify(write.after) }];
      const [result] = await engineer.transactions().rehearse({ ...planOf(argv), files }, signal);
      if (result?.ok || !result?.problem) passed.push(`${write.name}: ${argv.join(' ')}`);
    }
    expect(passed).toEqual([]);
    expect(dumpDifference(dump, await dumpCluster(admin.api))).toEqual([]);
  }, 600_000);

  it('do not pass by odd queries, dry runs that are none, and names in bodies', async () => {
    const place = `/api/v1/namespaces/${context.namespace}/configmaps`;
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { mode: 'slow' } };
    const fresh = { ...map, metadata: { name: 'fresh' } };
    const merge = 'application/merge-patch+json';
    const queries = [
      'dryRun=', 'dryRun', 'dryRun=all', 'dryRun=All,foo', 'dryRun=All&dryRun=All', 'dryRun=All&dryRun=None', 'dryrun=All',
      'DryRun=All', 'dryRun=true', 'dryRun=None', 'dryRun=All%20',
    ]; // prettier-ignore
    const odd: Array<[string, Raw]> = queries.flatMap((query): Array<[string, Raw]> => [
      ['dry-run', { method: 'POST', url: `${place}?${query}`, body: fresh }],
      ['dry-run', { method: 'PUT', url: `${place}/settings?${query}`, body: map }],
      [
        'dry-run',
        { method: 'PATCH', url: `${place}/settings?${query}`, contentType: merge, body: { data: { a: 'b' } } },
      ],
      ['dry-run', { method: 'DELETE', url: `${place}/settings?${query}` }],
    ]);
    const options = [[], ['all'], ['All', 'All'], ['All', 'x'], [''], 'All', null, true];
    odd.push(
      ...options.map((dryRun): [string, Raw] => ['dry-run', { method: 'DELETE', url: `${place}/settings`, body: { dryRun } }]),
      ['query', { method: 'PATCH', url: `${place}/settings?novelty=1`, contentType: merge, body: { data: { a: 'b' } } }],
      ['query', { method: 'DELETE', url: `${place}/settings?ignoreStoreReadErrorWithClusterBreakingPotential=true` }],
      ['query', { method: 'DELETE', url: `${place}/settings?propagationPolicy=Orphan`, body: {} }],
      ['identity', { method: 'POST', url: place, body: { ...fresh, kind: 'Secret' } }],
      ['identity', { method: 'POST', url: place, body: { ...fresh, apiVersion: 'apps/v1' } }],
      ['identity', { method: 'POST', url: place, body: { ...fresh, metadata: { name: 'fresh', namespace: 'default' } } }],
      ['identity', { method: 'PATCH', url: `${place}/settings`, body: map }],
      ['identity', { method: 'PATCH', url: `${place}/settings`, contentType: merge, body: { metadata: { name: 'other' } } }],
      ['identity', { method: 'POST', url: '/api/v1/configmaps', body: { ...fresh, metadata: { name: 'fresh', namespace: 'default' } } }],
      ['unknown-request', { method: 'POST', url: `${place}/fresh`, body: fresh }],
      ['own-object', { method: 'POST', url: place.replace('/api/v1', '/apis/coordination.k8s.io/v1').replace('configmaps', 'leases'),
        body: { metadata: { generateName: 'stratus-' }, spec: {} } }],
      ['own-object', { method: 'POST', url: place.replace('configmaps', 'secrets'), body: { metadata: { generateName: 'stratus-journal-' } } }],
    ); // prettier-ignore
    const dump = await settledDump(admin.api);
    const passed: string[] = [];
    await inTransaction(async (transaction) => {
      for (const [rule, raw] of odd) {
        const { status, text } = await send(transaction, raw);
        const said = `${raw.method} ${raw.url} ${JSON.stringify(raw.body)}: ${status} ${text.slice(0, 200)}`;
        if (status !== 403 || !text.includes(`refused by Stratus (${rule})`)) passed.push(said);
      }
      const dry = await send(transaction, { method: 'DELETE', url: `${place}/settings`, body: { dryRun: ['All'] } });
      expect(dry.status).toBe(200);
    });
    expect(passed).toEqual([]);
    expect(dumpDifference(dump, await dumpCluster(admin.api))).toEqual([]);
  }, 120_000);

  it('cannot hide behind a webhook of the same transaction', async () => {
    const hook = writes.find((write) => write.name === 'a webhook widened to secrets')!.before!;
    const rule = {
      apiGroups: [''],
      apiVersions: ['v1'],
      operations: ['CREATE'],
      resources: ['configmaps'],
      scope: '*',
    };
    const own = { ...hook, metadata: { name: `own-${suffix}` }, webhooks: [{ ...hook.webhooks[0], rules: [rule] }] };
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' } };
    const maps = `/api/v1/namespaces/${context.namespace}/configmaps`;
    const transaction = await engineer.transactions().begin({ run: 'hostile', title: 'hook', maxWrites: 9 });
    await transaction.terminal();
    expect(await send(transaction, { method: 'POST', url: collectionOf(own), body: own })).toMatchObject({
      status: 201,
    });
    const { status, text } = await send(transaction, { method: 'POST', url: maps, body: map });
    expect([status, text.includes('refused by Stratus (webhook)')]).toEqual([403, true]);
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
    await transaction.dispose();
  });
});

describe('plain useful writes', () => {
  it('keep their class', async () => {
    const table = await readFile(new URL('../../../docs/undo.md', import.meta.url), 'utf8');
    const classes = new Map(
      table
        .split('\n')
        .map((line) => line.split(' | '))
        .map((cells) => [cells[0]!.replace('| ', ''), cells[2]!]),
    );
    const actions = UNDO_ACTIONS.filter(
      (action, index) => action.expect === 'restored' && !action.ready && index % 2 === 0,
    );
    expect(actions.length).toBeGreaterThanOrEqual(25);
    const found: Array<[string, string]> = [];
    for (const action of actions) {
      const unique = randomBytes(3).toString('hex');
      const own = { namespace: `plain-${unique}`, suffix: unique };
      await createFixtures(admin, own, action.fixtures(own));
      const files = Object.entries(action.files?.(own) ?? {}).map(([name, content]) => ({
        name,
        content: JSON.stringify(content),
      }));
      const transactions = engineer.transactions({ target: { ...engineer.target, namespace: own.namespace } });
      // What pauses a rollout that is under way has consequences.
      await eventually(`${action.name}: no rollout is under way`, async () => {
        const { items } = await admin.api.list(`/apis/apps/v1/namespaces/${own.namespace}/deployments`);
        return items.every(
          ({ spec, status }) => spec?.paused || (status?.updatedReplicas ?? 0) === (spec?.replicas ?? 1),
        );
      });
      // While a controller still stamps a fixture, kubectl may lose its race against it and say nothing.
      const outcome = await eventually(`${action.name} is rehearsed`, async () => {
        const plan = { ...planOf(...action.commands(own)), files };
        const steps = await transactions.rehearse(plan, signal, ['unknown']);
        const forecasts = steps.flatMap((step) => step.writes.map((write) => write.undo.class));
        const problem = steps.map((step) => step.problem).join('');
        const worst = ['losses', 'unknown', 'consequences', 'exact'] as const;
        if (/object has been modified/.test(problem)) return undefined;
        return problem || worst.find((one) => forecasts.includes(one));
      });
      found.push([action.name, outcome]);
      await admin.api.send('DELETE', `/api/v1/namespaces/${own.namespace}`);
      await removeClusterScoped(admin, own);
    }
    expect(found).toEqual(actions.map(({ name }) => [name, classes.get(name)]));
  }, 600_000);

  it.each<[string, string[], object?]>([
    ['the built-in role to look', ['create', 'rolebinding', 'look', '--clusterrole=view', '--user=ann']],
    ['a role that scales', ['create', 'role', 'scaler', '--verb=patch', '--resource=deployments.apps/scale']],
    ['a role that reads in two groups', ['create', 'role', 'both', '--verb=get,list', '--resource=pods,deployments.apps']],
    ['an account that may only read', ['create', 'deployment', 'plain', '--image=shop:1']],
    ['an API group of its own', ['apply', '-f', '{{file}}'], { apiVersion: BINDING, kind: 'Role', metadata: { name: 'and-bound' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['update'] }] }],
    ['what is restricted', ['apply', '-f', '{{file}}'], { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'restricted' }, spec: {
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'a', image: 'shop:1', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
      volumes: [{ name: 'v', emptyDir: {} }] } }],
    ['an account and what runs as it', ['apply', '-f', '{{file}}'], { apiVersion: 'v1', kind: 'List', items: [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'worker' } },
      { apiVersion: BINDING, kind: 'Role', metadata: { name: 'worker' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] },
      { apiVersion: BINDING, kind: 'RoleBinding', metadata: { name: 'worker' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'worker' },
        subjects: [{ kind: 'ServiceAccount', name: 'worker', namespace: 'NAMESPACE' }] },
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'worker' }, spec: { selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { serviceAccountName: 'worker', containers: [{ name: 'a', image: 'shop:1' }] } } } },
    ] }],
  ])('%s passes', async (_name, argv, file) => {
    const content = JSON.stringify(file ?? {}).replaceAll('NAMESPACE', engineer.namespace);
    const plan = { ...planOf(argv), files: [{ name: 'file', content }] };
    const [result] = await engineer.transactions().rehearse(plan, signal);
    expect(result?.problem).toBe('');
  }); // prettier-ignore
});
