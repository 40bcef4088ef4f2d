import { describe, expect, it } from 'vitest';
import type { App } from '../../judge/app-model.ts';
import type { ChosenFault } from '../../judge/faults/catalogue.ts';
import { chooseFault } from '../../judge/faults/catalogue.ts';
import { generateApp } from '../../judge/generate.ts';
import type { ProductRun } from '../../judge/product.ts';
import { renderApp } from '../../judge/render.ts';
import { parseSeeds } from '../../judge/seeds.ts';
import type { Snapshot } from '../../judge/snapshot.ts';
import { compare, describeChange, keyOf } from '../../judge/snapshot.ts';
import { differsFrom, judgeChanges, judgeInventory, judgeResult } from '../../judge/verdict.ts';

function run(code: number | null, result?: object): ProductRun {
  const events = result ? [{ type: 'phase' }, { type: 'result', ...result }] : [{ type: 'phase' }];
  return { pid: 1, started: 0, code, events, stdout: '', stderr: 'last words', seconds: 1 };
}

function snapshotOf(app: App): Map<string, ReturnType<typeof renderApp>[number]> {
  return new Map(
    renderApp(app).map((object) => [
      keyOf(object.kind ?? '', object.metadata.namespace ?? '', object.metadata.name),
      object,
    ]),
  );
}

function scaled(snapshot: Snapshot, key: string, replicas: number): Snapshot {
  const object = structuredClone(snapshot.get(key));
  if (!object) throw new Error(`no ${key}`);
  object.spec.replicas = replicas;
  return new Map([...snapshot, [key, object]]);
}

const app = generateApp(2);
const fault: ChosenFault = chooseFault(app, 'switched-off/several-replicas');
const target = fault.mayChange[0] as string;
const healthy = snapshotOf(app);

describe('judging a result', () => {
  it('accepts exit 0 with outcome resolved and severity 0 only', () => {
    expect(judgeResult(run(0, { outcome: 'resolved', muAfter: 0 }))).toEqual([]);
    expect(judgeResult(run(5, { outcome: 'improved', muAfter: 1 }))).toHaveLength(3);
    expect(judgeResult(run(0, { outcome: 'healthy', muAfter: 0 }))).toEqual([
      'mitigate: outcome healthy, expected resolved',
    ]);
    expect(judgeResult(run(0, { outcome: 'resolved', muAfter: null }))).toHaveLength(1);
    expect(judgeResult(run(null))).toHaveLength(2);
  });
});

describe('judging changes', () => {
  it('allows those of the fix and names any other', () => {
    const faulty = scaled(healthy, target, 0);
    expect(judgeChanges(fault, faulty, healthy).failures).toEqual([]);
    const other = [...healthy.keys()].find((key) => key.startsWith('Service/')) as string;
    const meddled = new Map(healthy);
    meddled.delete(other);
    expect(judgeChanges(fault, faulty, meddled).failures).toEqual([`outside the fix: ${other} deleted`]);
  });

  it('does not count what the product keeps for itself', () => {
    const key = keyOf('ServiceAccount', 'x', 'stratus-writer');
    const fixed = new Map([...healthy, [key, { kind: 'ServiceAccount', metadata: { name: 'stratus-writer' } }]]);
    expect(judgeChanges(fault, healthy, fixed).failures).toEqual([]);
    expect(differsFrom(healthy, fixed)).toBe('');
  });
});

describe('judging the inventory', () => {
  it('fails when something is gone, scaled away or smaller than its evidence says', () => {
    expect(judgeInventory(app, fault, healthy, healthy)).toEqual([]);
    expect(judgeInventory(app, fault, healthy, scaled(healthy, target, 1))).toHaveLength(1);
    const gone = new Map(healthy);
    gone.delete(target);
    expect(judgeInventory(app, fault, healthy, gone).join()).toContain(`${target} is gone`);
    const [entry] = app.members;
    const entryKey = keyOf(entry?.kind ?? '', app.namespace, entry?.workload ?? '');
    expect(judgeInventory(app, fault, healthy, scaled(healthy, entryKey, 0))).toHaveLength(1);
  });
});

describe('comparing snapshots', () => {
  it('names every differing path', () => {
    const changes = compare(healthy, scaled(healthy, target, 9));
    expect(changes.map(describeChange)).toEqual([`${target} .spec.replicas: ${fault.formerSize} -> 9`]);
    expect(differsFrom(healthy, healthy)).toBe('');
  });
});

describe('seeds', () => {
  it('reads lists and ranges, and refuses anything else', () => {
    expect(parseSeeds('1..3,7,2')).toEqual([1, 2, 3, 7]);
    for (const text of ['', '0', '3..1', '1..', 'a', '1-3', '1..99999']) expect(() => parseSeeds(text), text).toThrow();
  });
});
