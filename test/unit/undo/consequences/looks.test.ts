import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/domain/kube-object.ts';
import { refLabel, refOf } from '../../../../src/domain/kube-object.ts';
import type { UndoForecast } from '../../../../src/domain/transaction.ts';
import { forecastUndo } from '../../../../src/undo/forecast.ts';
import { factsOf } from './fake-facts.ts';

const thing = (
  apiVersion: string,
  kind: string,
  name: string,
  more: object = {},
  metadata: object = {},
): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'n', uid: `${kind} ${name}`, ...metadata },
  ...more,
});
const ownedBy = (owner: KubeObject) => ({
  ownerReferences: [
    {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: owner.metadata.name,
      uid: owner.metadata.uid!,
      controller: true,
    },
  ],
});

async function change(before: KubeObject, spec: object, others: KubeObject[] = []): Promise<UndoForecast> {
  const after = { ...before, spec: { ...before.spec, ...spec } };
  const input = { verb: 'update', ref: refOf(before), before, after, createdHere: false, builtIn: true } as const;
  return forecastUndo(input, factsOf([before, ...others]));
}
async function create(created: KubeObject, others: KubeObject[] = []): Promise<UndoForecast> {
  const input = {
    verb: 'create',
    ref: refOf(created),
    before: null,
    after: created,
    createdHere: false,
    builtIn: true,
  } as const;
  return forecastUndo(input, factsOf(others));
}
/** What is said to be gone for good. */
const lost = ({ consequences = [] }: UndoForecast) => [
  ...new Set(consequences.flatMap(({ back, usual, object }) => (back || usual || !object ? [] : [refLabel(object)]))),
];

const labels = { app: 'web' };
const selector = { matchLabels: labels };
const web = (spec: object = {}, status: object = {}) =>
  thing('apps/v1', 'Deployment', 'web', { spec: { replicas: 2, selector, template: { spec: {} }, ...spec }, status });
const revision = (owner: KubeObject, number: number) =>
  thing(
    'apps/v1',
    'ReplicaSet',
    `web-${number}`,
    { spec: { replicas: number === 9 ? 2 : 0 } },
    {
      ...ownedBy(owner),
      annotations: { 'deployment.kubernetes.io/revision': String(number) },
    },
  );
const db = (spec: object = {}) =>
  thing('apps/v1', 'StatefulSet', 'db', {
    spec: {
      replicas: 3,
      selector,
      template: { spec: {} },
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
      ...spec,
    },
  });
const DELETES = { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' } };
const claim = (name: string, spec: object = {}, phase = 'Bound') =>
  thing('v1', 'PersistentVolumeClaim', name, { spec, status: { phase } });
const volume = (phase: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'v', uid: 'v' },
  spec: {
    persistentVolumeReclaimPolicy: 'Retain',
    claimRef: { namespace: 'n', name: 'data', uid: 'PersistentVolumeClaim data' },
    ...spec,
  },
  status: { phase },
});

describe('workloads whose template is no longer let in', () => {
  const template = (image: string, hash?: string) => ({
    metadata: { labels: { ...labels, ...(hash ? { 'pod-template-hash': hash } : {}) } },
    spec: { containers: [{ name: 'web', image }] },
  });
  const set = (owner: KubeObject, image: string) =>
    thing('apps/v1', 'ReplicaSet', `web-${image}`, { spec: { template: template(image, image) } }, ownedBy(owner));
  const pod = (owner: KubeObject) => thing('v1', 'Pod', `${owner.metadata.name}-0`, {}, ownedBy(owner));
  const forecast = async (others: (owner: KubeObject) => KubeObject[], image: string) => {
    const before = web({ template: template('refused') });
    const after = { ...before, spec: { ...before.spec, template: template(image) } };
    const facts = { ...factsOf([before, ...others(before)]), admits: async () => 'exceeded quota' };
    const input = { verb: 'update', ref: refOf(before), before, after, createdHere: false, builtIn: true } as const;
    const { consequences = [] } = await forecastUndo(input, facts);
    return consequences.some(({ text }) => text.includes('cannot be made again'));
  };

  it('lose nothing where no pod is there', async () => {
    expect(await forecast((owner) => [set(owner, 'refused')], 'fixed')).toBe(false);
  });

  it('lose nothing where all pods are of the template that they get', async () => {
    const old = (owner: KubeObject) => [set(owner, 'old'), pod(set(owner, 'old')), set(owner, 'refused')];
    expect(await forecast(old, 'old')).toBe(false);
    expect(await forecast(old, 'fixed')).toBe(true);
  });
});

describe('workloads', () => {
  it('a lowered limit of revisions names those that are pruned, oldest first', async () => {
    const deployment = web();
    const kept = [4, 5, 9].map((number) => revision(deployment, number));
    expect(lost(await change(deployment, { revisionHistoryLimit: 1 }, kept))).toEqual(['ReplicaSet/n/web-4']);
    expect((await change(deployment, { revisionHistoryLimit: 20 }, kept)).class).toBe('exact');
  });

  it('a rollout names the revision that it pushes out, without a question', async () => {
    const deployment = web({ revisionHistoryLimit: 2 });
    const kept = [4, 5, 9].map((number) => revision(deployment, number));
    const forecast = await change(deployment, { template: { spec: { containers: [] } } }, kept);
    expect(forecast.class).toBe('consequences');
    const usual = forecast.consequences?.flatMap(({ usual: named, object }) => (named ? [object?.name] : []));
    expect(usual).toContain('web-4');
  });

  it('fewer pods of a StatefulSet lose claims only where it deletes them, and their volumes with them', async () => {
    expect((await change(db(), { replicas: 1 })).class).toBe('consequences');
    const forecast = await change(db(DELETES), { replicas: 1 }, [
      claim('data-db-1', { volumeName: 'v1' }),
      claim('data-db-2'),
    ]);
    expect(lost(forecast)).toEqual([
      'PersistentVolumeClaim/n/data-db-1',
      'PersistentVolumeClaim/n/data-db-2',
      'PersistentVolume/v1',
    ]);
    expect((await change(db(DELETES), { replicas: 5 })).class).toBe('consequences');
  });

  it('claims of generic ephemeral volumes go with the pods', async () => {
    const template = { spec: { volumes: [{ name: 'scratch', ephemeral: {} }] } };
    const deployment = web({ template });
    const set = thing('apps/v1', 'ReplicaSet', 'web-9', { spec: { replicas: 1 } }, ownedBy(deployment));
    const pod = thing('v1', 'Pod', 'web-9-a', {}, ownedBy(set));
    expect(lost(await change(deployment, { replicas: 0 }, [set, pod]))).toEqual([
      'PersistentVolumeClaim/n/web-9-a-scratch',
    ]);
  });

  it('an autoscaler may go to its lowest number', async () => {
    const scaler = (target: KubeObject, minReplicas: number) =>
      thing('autoscaling/v2', 'HorizontalPodAutoscaler', 'h', {
        spec: {
          minReplicas,
          maxReplicas: 9,
          scaleTargetRef: { apiVersion: target.apiVersion, kind: target.kind, name: target.metadata.name },
        },
      });
    expect(lost(await create(scaler(db(DELETES), 1), [db(DELETES)]))).toContain('PersistentVolumeClaim/n/data-db-2');
    expect((await create(scaler(db(DELETES), 3), [db(DELETES)])).class).toBe('consequences');
    expect(
      (await create(scaler(thing('example.test/v1', 'Gadget', 'g'), 1), [thing('example.test/v1', 'Gadget', 'g')]))
        .class,
    ).toBe('unknown');
  });

  it('an autoscaler that goes leaves its target to another one of it', async () => {
    const of = (target: KubeObject, name: string, minReplicas: number) =>
      thing('autoscaling/v2', 'HorizontalPodAutoscaler', name, {
        spec: {
          minReplicas,
          maxReplicas: 9,
          scaleTargetRef: { apiVersion: target.apiVersion, kind: target.kind, name: target.metadata.name },
        },
      });
    const gone = async (others: KubeObject[], hidden: string[] = []) => {
      const before = of(db(DELETES), 'h', 3);
      const input = {
        verb: 'delete',
        ref: refOf(before),
        before,
        after: null,
        createdHere: false,
        builtIn: true,
      } as const;
      return forecastUndo(input, factsOf([before, db(DELETES), ...others], hidden));
    };
    expect(lost(await gone([of(db(DELETES), 'other', 1)]))).toContain('PersistentVolumeClaim/n/data-db-2');
    expect(lost(await gone([of(web(), 'other', 1)]))).toEqual([]);
    expect((await gone([])).class).toBe('consequences');
    expect((await gone([], ['HorizontalPodAutoscaler'])).class).toBe('unknown');
  });

  it('a new controller takes over what matches its selector', async () => {
    const stray = thing('v1', 'Pod', 'stray', {}, { labels });
    expect(lost(await create(web(), [stray]))).toEqual(['Pod/n/stray']);
    expect((await create(web(), [thing('v1', 'Pod', 'other', {}, { labels: { app: 'other' } })])).class).toBe('exact');
    expect(lost(await create(db(DELETES), [claim('data-db-0')]))).toEqual(['PersistentVolumeClaim/n/data-db-0']);
  });

  it('annotations of a Deployment stay on the ReplicaSet in use, also those nobody knows', async () => {
    const owner = web();
    const others = [revision(owner, 8), revision(owner, 9)];
    for (const [key, value] of [
      ['note', 'consequences'],
      ['example.test/a', 'unknown'],
    ] as const) {
      const after = { ...owner, metadata: { ...owner.metadata, annotations: { [key]: 'x' } } };
      const input = {
        verb: 'update',
        ref: refOf(owner),
        before: owner,
        after,
        createdHere: false,
        builtIn: true,
      } as const;
      const forecast = await forecastUndo(input, factsOf([owner, ...others]));
      expect([key, forecast.class]).toEqual([key, value]);
      expect(forecast.consequences?.map(({ object }) => object?.name)).toEqual(['web-9']);
    }
  });

  it('a copy of a revision may stand in for it', async () => {
    const data = { spec: { template: { $patch: 'replace' } } };
    const kept = thing('apps/v1', 'ControllerRevision', 'agent-1', { data, revision: 1 });
    const other = thing('apps/v1', 'ControllerRevision', 'agent-2', { data: {}, revision: 2 });
    const copy = thing('apps/v1', 'ControllerRevision', 'copy', { data, revision: 3 });
    const forecast = await create(copy, [kept, other]);
    expect(forecast.class).toBe('unknown');
    expect(forecast.residue.join()).toContain('ControllerRevision/n/agent-1 has the same content');
    expect(forecast.residue.join()).not.toContain('agent-2');
  });
});

describe('jobs', () => {
  const job = (conditions: object[] = []) =>
    thing('batch/v1', 'Job', 'j', { spec: { backoffLimit: 6 }, status: { conditions } });
  const ended = job([{ type: 'Complete', status: 'True' }]);

  it.each<[string, KubeObject, object, UndoForecast['class']]>([
    ['a deadline', job(), { activeDeadlineSeconds: 60 }, 'losses'],
    ['a deadline of a job that has ended', ended, { activeDeadlineSeconds: 60 }, 'exact'],
    ['a time to live', job(), { ttlSecondsAfterFinished: 60 }, 'losses'],
    ['a time to live of a job that has ended', ended, { ttlSecondsAfterFinished: 0 }, 'losses'],
    ['fewer retries', job(), { backoffLimit: 1 }, 'losses'],
    ['more retries', job(), { backoffLimit: 9 }, 'exact'],
    ['suspended', job(), { suspend: true }, 'consequences'],
  ])('%s', async (_name, before, spec, expected) => {
    expect((await change(before, spec)).class).toBe(expected);
  });

  it('a job with a selector of its author takes over pods that are there', async () => {
    const pod = thing('v1', 'Pod', 'bare', { spec: {} }, { labels });
    const job = (selector: object) => thing('batch/v1', 'Job', 'j', { spec: { manualSelector: true, selector } });
    expect(lost(await create(job({ matchLabels: labels }), [pod]))).toEqual(['Pod/n/bare']);
    expect(lost(await create(job({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'x' } }), [pod]))).toEqual([]);
  });

  it('a lowered history of a CronJob names its finished jobs', async () => {
    const cron = thing('batch/v1', 'CronJob', 'c', { spec: {} });
    const run = (name: string, startTime: string) =>
      thing(
        'batch/v1',
        'Job',
        name,
        { status: { startTime, conditions: [{ type: 'Complete', status: 'True' }] } },
        ownedBy(cron),
      );
    const runs = [run('old', '2026-01-01T00:00:00Z'), run('new', '2026-01-02T00:00:00Z')];
    expect(lost(await change(cron, { successfulJobsHistoryLimit: 1 }, runs))).toEqual(['Job/n/old']);
  });
});

describe('volumes', () => {
  const held = claim('data');

  it.each<[string, KubeObject, object, KubeObject[], UndoForecast['class']]>([
    ['the claim of a bound one taken away', volume('Bound'), { claimRef: undefined }, [held], 'one-way'],
    [
      'another claim for a bound one',
      volume('Bound'),
      { claimRef: { namespace: 'n', name: 'data', uid: 'other' } },
      [held],
      'one-way',
    ],
    ['a released one freed', volume('Released'), { claimRef: undefined }, [], 'losses'],
    ['Delete on a released one', volume('Released'), { persistentVolumeReclaimPolicy: 'Delete' }, [], 'losses'],
    ['Delete on one whose claim is gone', volume('Bound'), { persistentVolumeReclaimPolicy: 'Delete' }, [], 'losses'],
    ['Delete on a bound one', volume('Bound'), { persistentVolumeReclaimPolicy: 'Delete' }, [held], 'exact'],
  ])('%s', async (_name, before, spec, others, expected) => {
    expect((await change(before, spec, others)).class).toBe(expected);
  });

  it('a new claim may take a volume that is free', async () => {
    const fresh = claim('fresh', { storageClassName: 'fast' }, 'Pending');
    const free = volume('Available', { claimRef: undefined, storageClassName: 'fast' });
    expect(lost(await create(fresh, [free]))).toEqual(['PersistentVolume/v']);
    expect((await create(fresh, [{ ...free, spec: { ...free.spec, storageClassName: 'slow' } }])).class).toBe(
      'consequences',
    );
  });
});

describe('nodes and pods', () => {
  const node = (taints: object[] = []): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'one', uid: 'one' },
    spec: { taints },
  });
  const set = thing('apps/v1', 'ReplicaSet', 'set', { spec: { replicas: 1, selector } });
  const onNode = (name: string, spec: object = {}, metadata: object = {}) =>
    thing('v1', 'Pod', name, { spec: { nodeName: 'one', ...spec } }, { labels, ...metadata });
  const taint = { key: 'a', effect: 'NoExecute' };

  it('a taint that evicts names the pods, and which of them do not come back', async () => {
    const forecast = await change(node(), { taints: [taint] }, [
      set,
      onNode('bare'),
      onNode('kept', {}, ownedBy(set)),
      onNode('tolerant', { tolerations: [{ operator: 'Exists' }] }),
      onNode('for-a-while', { tolerations: [{ key: 'a', operator: 'Exists', tolerationSeconds: 60 }] }),
    ]);
    expect(lost(forecast)).toEqual(['Pod/n/bare', 'Pod/n/for-a-while']);
    expect(forecast.residue.join()).toContain('kept');
    expect((await change(node(), { taints: [{ key: 'a', effect: 'NoSchedule' }] }, [onNode('bare')])).class).toBe(
      'exact',
    );
    expect(
      (await change(node(), { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoSchedule' }] })).class,
    ).toBe('one-way');
  });

  it('a taint that is taken away names what the undo evicts, and what of it does not come back', async () => {
    const waiting = (name: string, spec: object = {}, metadata: object = {}) =>
      thing('v1', 'Pod', name, { spec }, { labels, ...metadata });
    const tolerations = [{ key: 'a', operator: 'Exists' }];
    const others = [
      set,
      waiting('bare'),
      waiting('tolerant', { tolerations }),
      waiting('kept', {}, ownedBy(set)),
      onNode('there', { tolerations }),
    ];
    const forecast = await change(node([taint]), { taints: [] }, others);
    expect(lost(forecast)).toEqual(['Pod/n/bare']);
    const remade = others.filter(({ metadata }) => metadata.name !== 'bare');
    expect((await change(node([taint]), { taints: [] }, remade)).class).toBe('consequences');
    expect((await change(node([{ key: 'a', effect: 'NoSchedule' }]), { taints: [] }, others)).class).toBe('exact');
    const outOfService = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' };
    expect((await change(node([outOfService]), { taints: [] })).class).toBe('losses');
  });

  it('a label that a DaemonSet asks for names the claims that go with its pods', async () => {
    const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: {} } }];
    const nodeSelector = { disk: 'fast' };
    const agents = thing('apps/v1', 'DaemonSet', 'agents', { spec: { template: { spec: { nodeSelector, volumes } } } });
    const claim = thing('v1', 'PersistentVolumeClaim', 'agent-scratch', { spec: {} });
    const others = [agents, claim, onNode('agent', { volumes }, ownedBy(agents)), onNode('bare', { volumes })];
    const relabel = (labels: object) => {
      const before = { ...node(), metadata: { ...node().metadata, labels: { disk: 'fast', rack: 'a' } } };
      const after = { ...before, metadata: { ...before.metadata, labels } } as KubeObject;
      const input = { verb: 'update', ref: refOf(before), before, after, createdHere: false, builtIn: true } as const;
      return forecastUndo(input, factsOf([before, ...others]));
    };
    expect(lost(await relabel({ disk: 'slow', rack: 'a' }))).toEqual(['PersistentVolumeClaim/n/agent-scratch']);
    expect((await relabel({ disk: 'fast', rack: 'b' })).class).toBe('exact');
  });

  it('a pod that leaves the selector of its controller, or meets one, is not exact', async () => {
    const relabel = async (before: KubeObject, to: Record<string, string>) => {
      const after = { ...before, metadata: { ...before.metadata, labels: to } };
      return forecastUndo(
        { verb: 'update', ref: refOf(before), before, after, createdHere: false, builtIn: true },
        factsOf([set, before]),
      );
    };
    expect((await relabel(onNode('kept', {}, ownedBy(set)), { app: 'other' })).class).toBe('consequences');
    expect(lost(await relabel(onNode('bare', {}, { labels: {} }), labels))).toEqual(['Pod/n/bare']);
    expect((await relabel(onNode('bare', {}, { labels: {} }), { plain: 'yes' })).class).toBe('exact');
  });
});

describe('what others made by hand', () => {
  const endpoints = thing('v1', 'Endpoints', 's');
  const service = (spec: object = {}) => thing('v1', 'Service', 's', { spec });
  const removed = (before: KubeObject) =>
    forecastUndo(
      { verb: 'delete', ref: refOf(before), before, after: null, createdHere: false, builtIn: true },
      factsOf([before, endpoints]),
    );

  it('Endpoints of a Service without selector are lost with it, or once it has one', async () => {
    expect(lost(await change(service(), { selector: labels }, [endpoints]))).toContain('Endpoints/n/s');
    expect((await change(service({ selector: labels }), { selector: { app: 'other' } }, [endpoints])).class).toBe(
      'exact',
    );
    expect(lost(await removed(service()))).toContain('Endpoints/n/s');
    expect((await removed(service({ selector: labels }))).class).toBe('consequences');
    expect(lost(await create(service({ selector: labels }), [endpoints]))).toContain('Endpoints/n/s');
    expect((await create(service({ selector: labels }))).class).toBe('exact');
  });

  it('objects that name an owner of a kind are deleted once the kind is served', async () => {
    const owner = [{ apiVersion: 'zoo.example.test/v1', kind: 'Lion', name: 'leo', uid: 'dead' }];
    const orphan = thing('v1', 'ConfigMap', 'orphan', {}, { ownerReferences: owner });
    const lions = thing('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'lions', {
      spec: { group: 'zoo.example.test', names: { kind: 'Lion' } },
    });
    expect(lost(await create(lions, [orphan]))).toEqual(['ConfigMap/n/orphan']);
    expect((await create(lions)).class).toBe('consequences');
  });
});

describe('services', () => {
  const service = (type: string) => thing('v1', 'Service', 's', { spec: { type, clusterIP: '10.0.0.1' } });

  it.each([
    ['ClusterIP', 'LoadBalancer', 'one-way'],
    ['LoadBalancer', 'ClusterIP', 'losses'],
    ['ClusterIP', 'NodePort', 'consequences'],
  ])('%s to %s', async (from, to, expected) => {
    expect((await change(service(from), { type: to })).class).toBe(expected);
  });
});

describe('a new StorageClass', () => {
  const storageClass = (provisioner: string): KubeObject => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner,
  });
  const claim = (name: string, storageClassName: string, phase: string) =>
    thing('v1', 'PersistentVolumeClaim', name, { spec: { storageClassName }, status: { phase } });
  const claims = [
    claim('waits', 'fast', 'Pending'),
    claim('bound', 'fast', 'Bound'),
    claim('other', 'slow', 'Pending'),
  ];

  it('names the claims that wait for it: their volumes stay when it goes', async () => {
    const { class: grade, consequences, needs } = await create(storageClass('disk.example.test'), claims);
    expect(grade).toBe('consequences');
    expect(needs).toBeUndefined();
    expect(consequences).toEqual([
      expect.objectContaining({
        back: false,
        usual: true,
        object: refOf(claims[0]!),
        text: expect.stringMatching(/keeps it/),
      }),
    ]);
  });

  it('is exact where no claim waits for it, or nobody makes volumes of it', async () => {
    expect((await create(storageClass('disk.example.test'), claims.slice(1))).class).toBe('exact');
    expect((await create(storageClass('kubernetes.io/no-provisioner'), claims)).class).toBe('exact');
  });
});
