import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { UndoResult } from '../../../src/domain/transaction.ts';
import { applyStyleUndo, snapshotRoots } from './undo-baseline.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import type { ActionContext, UndoAction } from './undo-actions.ts';
import { UNDO_ACTIONS } from './undo-actions.ts';
import { createFixtures, readWorld, removeClusterScoped, worldDifference } from './undo-world.ts';

interface Row {
  action: string;
  product: string;
  forecast: string;
  levels: string;
  residue: string;
  writes: string;
  baseline: string;
}

const signal = new AbortController().signal;
const rows: Row[] = [];
let cluster: TestCluster;
let gateway: GatewayHarness;

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'table');
});
afterAll(async () => {
  if (process.env.STRATUS_UPDATE_DOCS && rows.length === UNDO_ACTIONS.length)
    await writeFile(new URL('../../../docs/undo.md', import.meta.url), report(rows));
  await gateway?.close();
  await cluster?.release();
});

describe('every kind of action is restored exactly or refused before any write', () => {
  it.concurrent.for(UNDO_ACTIONS.map((action) => [action.name, action] as const))('%s', async ([, action]) => {
    const row: Row = {
      action: action.name,
      product: '',
      forecast: '',
      levels: '',
      residue: '',
      writes: '',
      baseline: 'not run',
    };
    const context = await prepare(action);
    try {
      await product(action, context, row);
    } finally {
      await clean(context);
    }
    if (comparesWithBaseline(action)) await baseline(action, row);
    rows.push(row);
  });

  it('the table is large enough and the published way is wrong where it is known to be', () => {
    if (rows.length < UNDO_ACTIONS.length) return;
    expect(rows.length).toBeGreaterThanOrEqual(60);
    const wrong = rows.filter((row) => row.baseline.startsWith('wrong') || row.baseline.startsWith('failed'));
    expect(wrong.map((row) => row.action)).toEqual(expect.arrayContaining(KNOWN_WRONG));
  });
});

/** What the published way cannot take back. It says nothing about the product, so that all others are for the document. */
const KNOWN_WRONG = ['set env add', 'set resources', 'rollout pause', 'label add'];

function comparesWithBaseline({ name, expect: expected, skipBaseline }: UndoAction): boolean {
  if (expected !== 'restored' || skipBaseline) return false;
  return process.env.STRATUS_UPDATE_DOCS !== undefined || KNOWN_WRONG.includes(name);
}

async function prepare(action: UndoAction): Promise<ActionContext> {
  const suffix = randomBytes(3).toString('hex');
  const context = { namespace: `undo-${suffix}`, suffix };
  await createFixtures(gateway, context, action.fixtures(context));
  const { ready } = action;
  if (ready) {
    await eventually(`${action.name}: the fixture is ready`, async () => {
      const object = await gateway.get(ready.path(context));
      return object && ready.when(object);
    });
  }
  return context;
}

async function clean(context: ActionContext): Promise<void> {
  const { items } = await gateway.api.list(`/api/v1/namespaces/${context.namespace}/configmaps`);
  for (const { metadata } of items.filter((item) => item.metadata.finalizers)) {
    const path = `/api/v1/namespaces/${context.namespace}/configmaps/${metadata.name}`;
    const body = { metadata: { finalizers: null } };
    await gateway.api.send('PATCH', path, { body, contentType: 'application/merge-patch+json' });
  }
  await gateway.api.send('DELETE', `/api/v1/namespaces/${context.namespace}`);
  await removeClusterScoped(gateway, context);
}

async function product(action: UndoAction, context: ActionContext, row: Row): Promise<void> {
  const before = await readWorld(gateway, context);
  const transactions = gateway.transactions({ target: { ...gateway.target, namespace: context.namespace } });
  const transaction = await transactions.begin({
    run: 'table',
    title: action.name,
    maxWrites: 20,
    // What an operator does is not known; nothing else may ask.
    accept: action.name.endsWith('custom resource') ? ['unknown'] : [],
  });
  const files = Object.entries(action.files?.(context) ?? {}).map(([name, content]) => ({
    name,
    content: JSON.stringify(content),
  }));
  let undo: UndoResult;
  try {
    let refusal = '';
    for (const argv of action.commands(context)) {
      const result = await transaction.execute({ argv }, files, signal);
      refusal ||= result.ok ? '' : result.problem;
      if (action.expect === 'restored') expect(result.problem, argv.join(' ')).toBe('');
    }
    if (action.expect === 'refused') {
      expect(refusal).not.toBe('');
      expect(transaction.writes()).toBe(0);
      expect(worldDifference(before, await readWorld(gateway, context))).toEqual([]);
      Object.assign(row, { product: 'refused', forecast: 'refused', residue: refusal });
      return;
    }
    expect(transaction.writes()).toBeGreaterThan(0);
    expect(worldDifference(before, await readWorld(gateway, context)), 'the action changed something').not.toEqual(
      isRoundTrip(action) ? null : [],
    );
    row.forecast = forecastOf(await gateway.store.read(transaction.id));
    undo = await transaction.undo(signal);
  } finally {
    await transaction.dispose();
  }
  expect(undo).toMatchObject({ outcome: 'undone' });
  if (undo.outcome !== 'undone') return;
  const settled = await eventually(
    `${action.name}: nothing differs from before`,
    async () => {
      const differences = worldDifference(before, await readWorld(gateway, context));
      return differences.length === 0 ? 'equal' : null;
    },
    15_000,
  ).catch(async () => worldDifference(before, await readWorld(gateway, context)));
  expect(settled).toBe('equal');
  const { levels, residue } = undo.proof;
  expect(levels).toMatchObject({ L0: true, L1: true });
  Object.assign(row, {
    product: 'restored',
    levels: Object.entries(levels)
      .map(([name, held]) => (held ? name : `~~${name}~~`))
      .join(' '),
    residue: residue.join('; ').replaceAll(context.namespace, 'NAMESPACE').replaceAll(context.suffix, '…'),
    writes: String(undo.writes),
  });
}

/** Its last command brings the first state back by itself, or touches only pods. */
function isRoundTrip(action: UndoAction): boolean {
  return ['rollout undo', 'delete pod of a deployment', 'replace --force'].includes(action.name);
}

function forecastOf(records: Awaited<ReturnType<GatewayHarness['store']['read']>>): string {
  const classes = records.flatMap((record) => (record.type === 'intent' ? [record.forecast.class] : []));
  const worst = ['one-way', 'losses', 'unknown', 'consequences', 'exact'] as const;
  return worst.find((one) => classes.includes(one)) ?? '';
}

/** The same action without Stratus, undone the published way. */
async function baseline(action: UndoAction, row: Row): Promise<void> {
  const context = await prepare(action);
  try {
    const before = await readWorld(gateway, context);
    const roots: KubeObject[] = await snapshotRoots(gateway, context);
    row.baseline = await applyStyleUndo(gateway, context, action, roots, before);
  } finally {
    await clean(context);
  }
}

function report(all: Row[]): string {
  const restored = all.filter((row) => row.product === 'restored').length;
  const refusals = all.filter((row) => row.product === 'refused').length;
  const count = (word: string) => all.filter((row) => row.baseline.startsWith(word)).length;
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 220);
  const order = UNDO_ACTIONS.map((action) => action.name);
  const sorted = all.toSorted((a, b) => order.indexOf(a.action) - order.indexOf(b.action));
  const lines = sorted.map((row) =>
    [row.action, row.product, row.forecast, row.levels, row.writes, row.residue, row.baseline].map(cell).join(' | '),
  );
  return `# What undo restores, action by action

Generated by \`test/cluster/undo/undo-table.test.ts\` with \`STRATUS_UPDATE_DOCS=1\` on a real API server; do not edit. Each action runs in a transaction in
its own namespace and is undone. "restored" means that an independent comparison of every object in the namespace (and of
the cluster-scoped ones in play) found no difference; "refused" that the gateway sent no write at all. Levels: L0 same
objects, L1 same content, L2 same identity, L3 same controller-owned objects, L4 converged, L5 same field ownership; a
struck level does not hold. "Apply-style" is the published way (snapshot without server fields, then \`kubectl apply\`) on
the same action.

${all.length} actions: ${restored} restored, ${refusals} refused before any write, ${all.length - restored - refusals} wrong.
Apply-style on the ${all.filter((row) => row.baseline !== 'not run').length} actions that were run: ${count('restored')} restored, ${count('wrong')} silently wrong, ${count('failed')} failed.

| action | Stratus | forecast | levels | undo writes | residue or reason | apply-style |
| --- | --- | --- | --- | --- | --- | --- |
${lines.map((line) => `| ${line} |`).join('\n')}
`;
}
