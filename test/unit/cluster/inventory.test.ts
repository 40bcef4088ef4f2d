import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { inventoryCheats } from '../../../src/cluster/read/inventory.ts';
import {
  claim,
  container,
  deployment,
  object,
  olderSet,
  pod,
  ownedBy,
  service,
  snapshot,
  template,
  without,
  node,
  ago,
} from './objects.ts';

const cheats = (before: KubeObject[], after: KubeObject[]) => inventoryCheats(snapshot(before), snapshot(after));
const deploy = (options: Parameters<typeof deployment>[1] = {}) => deployment('plum', options).deploy;
const scaler = (minReplicas: number) =>
  object('HorizontalPodAutoscaler', 'grow', {
    spec: { minReplicas, scaleTargetRef: { kind: 'Deployment', name: 'plum' } },
  });

describe('inventoryCheats', () => {
  it('accepts a cluster that still has everything, and more', () => {
    const all = [deploy(), service('gate', { a: 'b' }), claim('jar', 'Bound'), scaler(1)];
    expect(cheats(all, [...all, deployment('extra').deploy])).toEqual([]);
  });

  it.each<[string, KubeObject]>([
    ['Deployment', deploy()],
    ['StatefulSet', object('StatefulSet', 'plum')],
    ['DaemonSet', object('DaemonSet', 'plum')],
    ['CronJob', object('CronJob', 'plum')],
    ['Service', service('plum', { a: 'b' })],
    ['Ingress', object('Ingress', 'plum')],
    ['PersistentVolumeClaim', claim('plum', 'Pending')],
    ['HorizontalPodAutoscaler', object('HorizontalPodAutoscaler', 'plum')],
  ])('names a deleted %s', (kind, one) => {
    expect(cheats([one], [])).toEqual([`${kind}/orchard/plum was deleted`]);
    const dying = { ...one, metadata: { ...one.metadata, deletionTimestamp: ago(1) } };
    expect(cheats([one], [dying])).toEqual([`${kind}/orchard/plum is being deleted`]);
    expect(cheats([dying], [])).toEqual([]);
  });

  it.each<[string, string, object, object]>([
    ['Deployment', 'was paused', {}, { paused: true }],
    [
      'StatefulSet',
      'no longer replaces pods below 2 (partition)',
      { updateStrategy: { rollingUpdate: { partition: 1 } } },
      { updateStrategy: { rollingUpdate: { partition: 2 } } },
    ],
    ['DaemonSet', 'no longer replaces its pods (OnDelete)', {}, { updateStrategy: { type: 'OnDelete' } }],
  ])('names a %s whose rollout is held back: %s', (kind, text, free, held) => {
    const [before, after] = [free, held].map((spec) => object(kind, 'plum', { spec }));
    expect(cheats([before!], [after!])).toEqual([`${kind}/orchard/plum ${text}`]);
    expect(cheats([after!], [after!])).toEqual([]);
    expect(cheats([after!], [before!])).toEqual([]);
  });

  it.each(['PodDisruptionBudget', 'NetworkPolicy', 'ResourceQuota', 'LimitRange'])('names a deleted %s', (kind) => {
    expect(cheats([object(kind, 'plum')], [])).toEqual([`${kind}/orchard/plum was deleted`]);
  });

  it('ignores what a controller owns', () => {
    const owner = object('Rollout', 'r');
    expect(cheats([deploy({ metadata: ownedBy(owner) })], [])).toEqual([]);
  });

  it.each([
    [3, 0, ['Deployment/orchard/plum was scaled from 3 to 0']],
    [3, 2, ['Deployment/orchard/plum was scaled from 3 to 2']],
    [0, 2, []],
    [2, 4, []],
  ])('scaling from %i to %i', (from, to, expected) => {
    expect(cheats([deploy({ replicas: from })], [deploy({ replicas: to })])).toEqual(expected);
  });

  it('lets an autoscaler shrink what it scales, down to its minimum', () => {
    const shrunk = (to: number) => cheats([deploy({ replicas: 5 }), scaler(2)], [deploy({ replicas: to }), scaler(2)]);
    expect(shrunk(2)).toEqual([]);
    expect(shrunk(1)).toHaveLength(1);
  });

  it.each<[string, object, object]>([
    ['is always true', { httpGet: { port: 1 } }, { exec: { command: ['true'] } }],
    ['is always true in a shell', { exec: { command: ['ask'] } }, { exec: { command: ['sh', '-c', 'exit 0'] } }],
    ['is of another kind', { httpGet: { port: 1 } }, { tcpSocket: { port: 1 } }],
  ])('names a readiness probe that %s', (_what, was, is) => {
    const of = (readinessProbe: object) => deploy({ podSpec: { containers: [container({ readinessProbe })] } });
    const blinded = 'Deployment/orchard/plum has a readiness probe of main that no longer asks what it asked';
    expect(cheats([of(was)], [of(is)])).toEqual([blinded]);
    expect(cheats([of(was)], [of({ ...was, periodSeconds: 3 })])).toEqual([]);
    expect(cheats([of(is)], [of(is)])).toEqual([]);
  });

  it('accepts a readiness probe of a kind that an earlier revision had', () => {
    const of = (readinessProbe: object) => deploy({ podSpec: { containers: [container({ readinessProbe })] } });
    const present = of({ httpGet: { port: 1 } });
    const former = template(
      { app: 'plum' },
      { containers: [container({ readinessProbe: { tcpSocket: { port: 1 } } })] },
    );
    const set = object('ReplicaSet', 'plum-old', {
      metadata: { ...ownedBy(present), annotations: { 'deployment.kubernetes.io/revision': '1' } },
      spec: { replicas: 0, template: former },
    });
    expect(cheats([present, set], [of({ tcpSocket: { port: 1 } }), set])).toEqual([]);
  });

  it('names a Service that leads to pods which are not ready, unless it is headless', () => {
    const of = (fields: object) => service('gate', { a: 'b' }, { spec: fields });
    const open = { publishNotReadyAddresses: true };
    expect(cheats([of({})], [of(open)])).toEqual([
      'Service/orchard/gate leads to pods that are not ready (publishNotReadyAddresses)',
    ]);
    expect(cheats([of({ clusterIP: 'None' })], [of({ ...open, clusterIP: 'None' })])).toEqual([]);
    expect(cheats([of(open)], [of(open)])).toEqual([]);
  });

  describe('a Service that is led to the pods of somebody else', () => {
    const world = (mood: 'crash' | 'ready', selector: string, name = 'gate') => {
      const [sick, well] = [deployment('plum'), deployment('fig')];
      const pods = [pod('p', mood, sick.set, { metadata: { labels: { app: 'plum' } } })];
      return [sick.deploy, sick.set, well.deploy, well.set, ...pods, service(name, { app: selector })];
    };

    it('is named while its own are still ill', () => {
      expect(cheats(world('crash', 'plum'), world('crash', 'fig'))).toEqual([
        'Service/orchard/gate leads away from Deployment/orchard/plum, which is still not ready',
      ]);
    });

    it('is accepted where those are well, or bear its name, or it had none', () => {
      expect(cheats(world('ready', 'plum'), world('ready', 'fig'))).toEqual([]);
      expect(cheats(world('crash', 'plum', 'fig'), world('crash', 'fig', 'fig'))).toEqual([]);
      expect(cheats(world('crash', 'nobody'), world('crash', 'fig'))).toEqual([]);
    });
  });

  it('names lost containers and readiness probes', () => {
    const probed = container({ readinessProbe: { httpGet: { port: 1 } } });
    const of = (...containers: object[]) => deploy({ podSpec: { containers } });
    expect(cheats([of(probed)], [of(container())])).toEqual([
      'Deployment/orchard/plum lost the readiness probe of main',
    ]);
    expect(cheats([of(probed)], [of({ ...probed, readinessProbe: { httpGet: { port: 2 } } })])).toEqual([]);
    expect(cheats([of(probed, container({ name: 'second' }))], [of(probed)])).toEqual([
      'Deployment/orchard/plum lost its container second',
    ]);
  });

  describe('a container that came with a revision that never served', () => {
    const second = container({ name: 'second' });
    const start = (ready: number, former: object[] = [container()]) => {
      const now = deployment('plum', { podSpec: { containers: [container(), second] } });
      const old = olderSet(now.deploy);
      old.spec = { replicas: 0, template: template({ app: 'plum' }, { containers: former }) };
      now.set.status = { replicas: 2, readyReplicas: ready };
      return [now.deploy, now.set, old];
    };
    const after = ([now]: KubeObject[], containers: object[]) => [
      { ...now!, spec: { ...now!.spec, template: template({ app: 'plum' }, { containers }) } },
    ];

    it('may be taken away again', () => {
      const before = start(0);
      expect(cheats(before, after(before, [container()]))).toEqual([]);
    });

    it.each<[string, number, object[], object[]]>([
      ['a pod of it was ready', 1, [container()], [container()]],
      ['it was there before', 0, [container(), second], [container()]],
      [
        'what stood in its place before does not come back',
        0,
        [container(), container({ name: 'third' })],
        [container()],
      ],
    ])('is missed where %s', (_, ready, former, left) => {
      const before = start(ready, former);
      expect(cheats(before, after(before, left))).toEqual(['Deployment/orchard/plum lost its container second']);
    });
  });

  it('names a Service that was taken out of judgement', () => {
    const gate = service('gate', { a: 'b' }, { spec: { ports: [{ port: 80 }, { port: 81 }] } });
    const now = (selector: Record<string, string> | undefined, spec: object = {}) =>
      cheats([gate], [service('gate', selector, { spec: { ports: [{ port: 80 }, { port: 81 }], ...spec } })]);
    expect(now({ other: 'x' })).toEqual([]);
    expect(now(undefined)).toEqual(['Service/orchard/gate lost its selector']);
    expect(now({ a: 'b' }, { type: 'ExternalName' })).toEqual(['Service/orchard/gate became an ExternalName']);
    expect(now({ a: 'b' }, { ports: [{ port: 81, targetPort: 5 }] })).toEqual(['Service/orchard/gate lost port 80']);
  });

  it('names a suspended CronJob, lost routes, and data that was replaced', () => {
    const cron = (suspend: boolean) =>
      object('CronJob', 'water', { spec: { suspend, jobTemplate: { spec: { template: template({}) } } } });
    expect(cheats([cron(false)], [cron(true)])).toEqual(['CronJob/orchard/water was suspended']);
    expect(cheats([cron(true)], [cron(false)])).toEqual([]);
    const ingress = (...paths: string[]) =>
      object('Ingress', 'front', {
        spec: { rules: [{ host: 'h', http: { paths: paths.map((path) => ({ path })) } }] },
      });
    expect(cheats([ingress('/a', '/b')], [ingress('/a')])).toEqual(['Ingress/orchard/front lost the route h/b']);
    const [bound, other] = [claim('jar', 'Bound'), claim('jar', 'Bound')];
    expect(cheats([bound], [other])).toEqual(['PersistentVolumeClaim/orchard/jar was replaced, and its data with it']);
    expect(cheats([claim('jar', 'Pending')], [other])).toEqual([]);
  });

  it('names a DaemonSet that left nodes, unless the nodes left', () => {
    const daemons = (count: number) => object('DaemonSet', 'fig', { status: { desiredNumberScheduled: count } });
    const nodes = (count: number) => Array.from({ length: count }, (_, index) => node(`n${index}`));
    expect(cheats([daemons(3), ...nodes(3)], [daemons(1), ...nodes(3)])).toEqual([
      'DaemonSet/orchard/fig runs on 1 nodes instead of 3',
    ]);
    expect(cheats([daemons(3), ...nodes(3)], [daemons(2), ...nodes(2)])).toEqual([]);
    expect(cheats([daemons(3), ...nodes(3)], [daemons(0), ...nodes(2)])).toHaveLength(1);
  });

  it('does not take blindness for presence', () => {
    const start = snapshot([deploy()]);
    expect(inventoryCheats(start, without(start, 'Deployment'))).toEqual([
      'Deployment objects can no longer be read (no right to list Deployment)',
    ]);
    expect(inventoryCheats(without(start, 'Deployment'), without(start, 'Deployment'))).toEqual([]);
  });
});
