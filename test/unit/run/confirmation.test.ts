import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import type { WrittenObject } from '../../../src/domain/transaction.ts';
import { Watchful } from '../../../src/run/confirmation.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';
import { brainOf, planOf, RunWorld } from '../../support/run-world.ts';
import { deployment, object, snapshot } from '../cluster/objects.ts';

type Loose = Record<string, unknown>;

const owned = (manager: string, fields: Loose, more: Loose = {}) => ({
  manager,
  operation: 'Update',
  time: '2031-03-04T05:00:00Z',
  fieldsV1: fields,
  ...more,
});
const sized = (deploy: KubeObject, replicas: number, managedFields: unknown[] = []): KubeObject => ({
  ...deploy,
  metadata: { ...deploy.metadata, managedFields },
  spec: { ...deploy.spec, replicas },
});
const REPLICAS = { 'f:spec': { 'f:replicas': {} } };

/** A cluster in which something may happen to what was written, some time after. */
class Cluster {
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  now: KubeObject[];

  constructor(...objects: KubeObject[]) {
    this.now = objects;
  }

  after(ms: number, change: () => void): void {
    void this.clock.sleep(ms).then(change);
  }

  async confirm(written: WrittenObject[], before: KubeObject[]): Promise<{ back: string | null; ms: number }> {
    const reader = {
      get: async ({ kind, name }: { kind: string; name: string }) =>
        this.now.find((one) => one.kind === kind && one.metadata.name === name) ?? null,
      follow: () => ({
        next: async (): Promise<ClusterSnapshot> => snapshot(this.now),
        close: () => undefined,
      }),
    };
    const started = this.clock.monotonic();
    const { signal } = new AbortController();
    const work = new Watchful(reader, this.clock).confirm(written, snapshot(before), signal, (text) =>
      this.told.push(text),
    );
    const back = await whileTimePasses(this.clock, work);
    return { back, ms: this.clock.monotonic() - started };
  }
}

const written = (before: KubeObject, after: KubeObject): WrittenObject[] => [{ ref: refOf(before), before, after }];

function scaler(range: Loose, status: Loose): KubeObject {
  return object('HorizontalPodAutoscaler', 'lime', {
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'lime' }, ...range },
    status,
  });
}

describe('what nobody else writes', () => {
  it('is not waited for', async () => {
    const { deploy } = deployment('lime', { replicas: 1 });
    const by = [owned('kubectl-client-side-apply', REPLICAS), owned('kube-controller-manager', { 'f:status': {} })];
    const [before, after] = [sized(deploy, 1, by), sized(deploy, 3, by)];
    const cluster = new Cluster(after);
    expect(await cluster.confirm(written(before, after), [before])).toEqual({ back: null, ms: 0 });
    expect(cluster.told).toEqual([]);
  });

  it('is not waited for because an autoscaler sets another field', async () => {
    const { deploy } = deployment('lime', { replicas: 1 });
    const after = { ...deploy, spec: { ...deploy.spec, paused: true } };
    const hpa = scaler({ maxReplicas: 1 }, { currentReplicas: 1, desiredReplicas: 1 });
    expect((await new Cluster(after, hpa).confirm(written(deploy, after), [deploy, hpa])).ms).toBe(0);
  });
});

describe('the size of a workload with an autoscaler', () => {
  const { deploy } = deployment('lime', { replicas: 1 });
  const [before, after] = [sized(deploy, 1), sized(deploy, 2)];

  it('is seen to be taken back after its sync period, and by whom', async () => {
    const hpa = scaler({ maxReplicas: 1 }, { currentReplicas: 1, desiredReplicas: 1 });
    const cluster = new Cluster(after, hpa);
    cluster.after(14_000, () => {
      cluster.now = [sized(deploy, 1, [owned('kube-controller-manager', REPLICAS, { subresource: 'scale' })]), hpa];
    });
    const { back, ms } = await cluster.confirm(written(before, after), [before, hpa]);
    expect(back).toContain('spec.replicas was set to 2 and is 1 again');
    expect(back).toContain('HorizontalPodAutoscaler lime');
    expect(ms).toBeGreaterThanOrEqual(14_000);
    expect(cluster.told[0]).toMatch(/watching for up to 35 s .*HorizontalPodAutoscaler lime/);
  });

  it('is confirmed as soon as the autoscaler agrees, and after two periods at the latest', async () => {
    const hpa = scaler({ maxReplicas: 4 }, { currentReplicas: 1, desiredReplicas: 1 });
    const cluster = new Cluster(after, hpa);
    cluster.after(9_000, () => {
      cluster.now = [after, { ...hpa, status: { currentReplicas: 2, desiredReplicas: 2 } }];
    });
    const agreed = await cluster.confirm(written(before, after), [before, hpa]);
    expect(agreed.back).toBeNull();
    expect(agreed.ms).toBeLessThan(12_000);
    const late = await new Cluster(after, hpa).confirm(written(before, after), [before, hpa]);
    expect(late.back).toBeNull();
    expect(late.ms).toBeGreaterThanOrEqual(35_000);
  });

  it('is confirmed by an autoscaler without metrics once it has looked: it then only keeps to its bounds', async () => {
    const blind = { conditions: [{ type: 'ScalingActive', status: 'False' }], desiredReplicas: 0 };
    const hpa = scaler({ minReplicas: 1, maxReplicas: 4 }, { ...blind, currentReplicas: 1 });
    const cluster = new Cluster(after, hpa);
    cluster.after(9_000, () => (cluster.now = [after, { ...hpa, status: { ...blind, currentReplicas: 2 } }]));
    const { back, ms } = await cluster.confirm(written(before, after), [before, hpa]);
    expect(back).toBeNull();
    expect(ms).toBeGreaterThanOrEqual(9_000);
    expect(ms).toBeLessThan(12_000);
  });

  it('may grow further: that is no way back', async () => {
    const hpa = scaler({ minReplicas: 3, maxReplicas: 4 }, { currentReplicas: 3, desiredReplicas: 3 });
    const grown = sized(deploy, 3);
    expect((await new Cluster(grown, hpa).confirm(written(before, after), [before, hpa])).back).toBeNull();
  });

  it('may be limited to less than was set: whether that is enough shows in what is unhealthy', async () => {
    const [from, to] = [sized(deploy, 0), sized(deploy, 6)];
    const hpa = scaler({ maxReplicas: 3 }, { currentReplicas: 3, desiredReplicas: 3 });
    const { back, ms } = await new Cluster(sized(deploy, 3), hpa).confirm(written(from, to), [from, hpa]);
    expect({ back, ms }).toEqual({ back: null, ms: 0 });
  });
});

describe('other controllers', () => {
  const gate = object('Service', 'gate', { spec: { selector: { app: 'x' } } });
  const SELECTOR = { 'f:spec': { 'f:selector': {} } };
  const with_ = (selector: Loose, manager: string) => ({
    ...gate,
    spec: { selector },
    metadata: { ...gate.metadata, managedFields: [owned(manager, SELECTOR, { operation: 'Apply' })] },
  });

  it('that own the field are given time to restore it, and are named', async () => {
    const before = with_({ app: 'x' }, 'argocd-controller');
    const after = { ...before, spec: { selector: { app: 'lime' } } };
    const cluster = new Cluster(after);
    cluster.after(5_000, () => (cluster.now = [before]));
    const { back } = await cluster.confirm(written(before, after), [before]);
    expect(back).toContain('taken back by argocd-controller');
    const calm = await new Cluster(after).confirm(written(before, after), [before]);
    expect(calm.back).toBeNull();
    expect(calm.ms).toBeGreaterThanOrEqual(20_000);
  });

  it('of a custom resource are, too', async () => {
    const owner = { apiVersion: 'db.example.com/v1', kind: 'Cluster', name: 'main', uid: 'u', controller: true };
    const before = { ...gate, metadata: { ...gate.metadata, ownerReferences: [owner] } };
    const after = { ...before, spec: { selector: { app: 'lime' } } };
    const { ms } = await new Cluster(after).confirm(written(before, after), [before]);
    expect(ms).toBeGreaterThanOrEqual(20_000);
  });

  it('run by schedule: the next run of a CronJob that names the object is waited for', async () => {
    const cron = (args: string[], schedule = '* * * * *') =>
      object('CronJob', 'nightly', {
        spec: { schedule, jobTemplate: { spec: { template: { spec: { containers: [{ name: 'c', args }] } } } } },
      });
    const after = { ...gate, spec: { selector: { app: 'lime' } } };
    const wait = async (job: KubeObject) => (await new Cluster(after).confirm(written(gate, after), [gate, job])).ms;
    expect(await wait(cron(['kubectl patch service gate -p x']))).toBeGreaterThan(12_000);
    expect(await wait(cron(['kubectl patch service gate -p x'], '0 0 1 1 *'))).toBe(0);
    expect(await wait(cron(['kubectl patch service gate-keeper -p x']))).toBe(0);
    expect(await wait(cron(['echo gate']))).toBe(0);
  });

  it('that remove what was created are seen', async () => {
    const { back } = await new Cluster().confirm([{ ref: refOf(gate), before: null, after: gate }], []);
    expect(back).toContain('gone again');
  });
});

describe('a run', () => {
  it('does not commit what somebody else takes back, and says who', async () => {
    const world = new RunWorld();
    world.takenBack = 'the change did not last: spec.replicas: HorizontalPodAutoscaler lime';
    let plans = 0;
    const result = await world.play([
      brainOf('one', {
        plan: async () =>
          plans++ === 0
            ? { type: 'plan', plan: planOf('mend'), alternatives: [] }
            : { type: 'exhausted', reason: 'no more' },
      }),
    ]);
    expect(result.outcome).toBe('restored');
    expect(world.done).toEqual(['mend', 'undo']);
    expect(JSON.stringify(world.events)).toContain('HorizontalPodAutoscaler lime');
  });
});
