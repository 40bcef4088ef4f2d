import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Oracle } from '../../../src/domain/ports.ts';
import type { WrittenObject } from '../../../src/domain/transaction.ts';
import { nameReach } from '../../../src/kube/name-change.ts';
import { SeverityReader } from '../../../src/severity/severity-reader.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';
import { smallCluster } from '../../support/small-cluster.ts';

const never = new AbortController().signal;
const ref = { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'stock' };
const service = (spec: KubeObject['spec']): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'stock' },
  spec,
});
const written = (before: KubeObject | null, after: KubeObject | null): WrittenObject[] => [{ ref, before, after }];
const alias = (externalName: string) => service({ type: 'ExternalName', externalName });

describe('what DNS answers', () => {
  it.each<[string, WrittenObject[]]>([
    ['an alias leads elsewhere', written(alias('a.b'), alias('c.d'))],
    ['a Service comes', written(null, service({ clusterIP: '10.0.0.1' }))],
    ['a Service goes', written(service({ clusterIP: '10.0.0.1' }), null)],
    ['it becomes headless', written(service({ clusterIP: '10.0.0.1' }), service({ clusterIP: 'None' }))],
    [
      'pods that are not ready get names',
      written(service({ clusterIP: 'None' }), service({ clusterIP: 'None', publishNotReadyAddresses: true })),
    ],
  ])('is kept for a while where %s', (_, all) => {
    expect(nameReach(all)).toEqual({ ms: 30_000, text: 'names to be resolved anew: Service/shop/stock' });
  });

  it.each<[string, WrittenObject[]]>([
    ['its ports', written(service({ clusterIP: '10.0.0.1' }), service({ clusterIP: '10.0.0.1', ports: [] }))],
    ['nothing', []],
  ])('stays as it was where a write concerns %s', (_, all) => {
    expect(nameReach(all)).toBeNull();
  });
});

describe('a reading after a name was changed', () => {
  /** How long it is waited, where what is bad becomes well so long after the write. */
  async function waited(wellAfterMs: number) {
    const clock = new FakeClock();
    const changedAt = clock.now();
    const message = 'check stock failed';
    const check: Oracle = {
      name: 'user-request',
      timing: { lagMs: 0, settleMs: 8_000 },
      evaluate: async () =>
        clock.now() - changedAt < wellAfterMs
          ? { state: 'bad', items: [{ source: 'check', object: null, what: 'stock', grade: 1, message }] }
          : { state: 'ok', items: [] },
    };
    const take = async () => ({ ...smallCluster(), takenAt: new Date(clock.now()).toISOString() });
    const cluster = { snapshot: take, follow: () => ({ next: take, close: () => undefined }) };
    const reader = new SeverityReader(cluster as never, [check], clock);
    await whileTimePasses(clock, reader.baseline(never), 500);
    const told: string[] = [];
    const reach = nameReach(written(alias('a.b'), alias('c.d')));
    const from = clock.now();
    const { severity } = await whileTimePasses(
      clock,
      reader.baseline(never, from, (text) => told.push(text), reach),
      500,
    );
    return { severity, ms: clock.now() - from, told };
  }

  it('waits until callers have forgotten what it led to, and no longer', async () => {
    const { severity, ms, told } = await waited(20_000);
    expect(severity).toEqual({ known: true, items: [] });
    expect(ms).toBeLessThan(30_000);
    expect(told.join()).toContain('waiting up to 30 s for names to be resolved anew: Service/shop/stock');
  });

  it('gives up when they must have', async () => {
    const { severity, ms } = await waited(Number.POSITIVE_INFINITY);
    expect(severity).toMatchObject({ known: true, items: [{ what: 'stock' }] });
    expect(ms).toBeGreaterThanOrEqual(30_000);
    expect(ms).toBeLessThan(60_000);
  });
});
