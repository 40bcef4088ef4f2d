import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import type { SeverityReading } from '../../../src/domain/ports.ts';
import type { Severity, SeverityItem } from '../../../src/domain/severity.ts';
import type { UndoResult } from '../../../src/domain/transaction.ts';
import type { TransactionDetail, TransactionWrite } from '../../../src/run/transactions.ts';
import { watchKept } from '../../../src/run/kept-changes.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';

const manager = (name: string, fields: object, more: object = {}) => ({
  manager: name,
  operation: 'Update',
  fieldsV1: fields,
  ...more,
});
const MANAGERS = [manager('kubectl-create', { 'f:spec': {} }), manager('stratus-1', { 'f:spec': { 'f:image': {} } })];
const web = (managedFields: object[] = MANAGERS, uid = 'web'): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', uid, managedFields },
  spec: { image: 'v2' },
});
const sick: SeverityItem = {
  source: 'object',
  object: refOf(web()),
  what: 'unready',
  grade: 1,
  message: 'web is not ready',
};
const UNDONE: UndoResult = { outcome: 'undone', writes: 1, proof: {} as never };

/** A change to one Deployment was kept, and it is ill from then on. */
async function watched(live: KubeObject | null | Error, kept: Severity = { known: true, items: [] }) {
  const clock = new FakeClock();
  const asked: { reason: string; others: boolean }[] = [];
  const undone: string[] = [];
  const write = { ref: refOf(web()), after: web(), outcome: 'done' } as TransactionWrite;
  const openedAt = new Date(clock.now()).toISOString();
  const detail = { id: 'tx-1', openedAt, roots: [refOf(web())], details: [write] } as unknown as TransactionDetail;
  const read = async (): Promise<SeverityReading> => {
    const takenAt = new Date(clock.now()).toISOString();
    const snapshot = { takenAt, namespaces: ['shop'], objects: { Deployment: [web()] }, unreadable: {} };
    return { severity: { known: true, items: [sick] }, snapshot, oracles: {}, asOf: clock.now() };
  };
  const get = async () => {
    if (live instanceof Error) throw live;
    return live;
  };
  const outcome = await whileTimePasses(
    clock,
    watchKept(
      {
        transactions: ['tx-1'],
        severity: { read, baseline: read, standstill: read, ripening: read },
        kept,
        reader: { get },
      },
      {
        durationMs: 60_000,
        tell: () => undefined,
        askUndo: async (reason, _signal, others) => (asked.push({ reason, others }), !others),
      },
      {
        list: async () => [detail],
        read: async () => detail,
        undo: async (id) => (undone.push(id), UNDONE),
      },
      clock,
      new AbortController().signal,
    ),
    1_000,
  );
  return { outcome, asked, undone };
}

describe('what was kept and got worse', () => {
  it('is asked about as the change’s own where nobody else wrote to it', async () => {
    const status = manager('kube-controller-manager', { 'f:status': {} }, { subresource: 'status' });
    const { outcome, asked, undone } = await watched(web([...MANAGERS, status, manager('stratus-2', {})]));
    expect(asked).toEqual([{ reason: 'web is not ready', others: false }]);
    expect(undone).toEqual(['tx-1']);
    expect(outcome).toMatchObject({ outcome: 'regressed', undone: [{ tx: 'tx-1' }] });
  });

  it.each<[string, KubeObject | null | Error, string]>([
    ['somebody has changed it since', web([...MANAGERS, manager('argocd-controller', {})]), 'argocd-controller'],
    ['it was made anew', web(MANAGERS, 'another'), 'made anew'],
    ['it is gone', null, 'was deleted'],
    ['it cannot be read', new Error('no answer'), 'no answer'],
  ])('may be the doing of others where %s', async (_what, live, told) => {
    const { asked, undone } = await watched(live);
    expect(asked).toMatchObject([{ others: true }]);
    expect(asked[0]!.reason).toContain(told);
    expect(undone).toEqual([]);
  });

  it('is not known where nobody knows how things stood when it was kept', async () => {
    const { outcome, asked } = await watched(web(), { known: false, reason: 'no answer' });
    expect(outcome).toMatchObject({ outcome: 'unknown' });
    expect(asked).toEqual([]);
  });
});
