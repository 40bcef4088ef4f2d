import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { itemId } from '../../../src/domain/severity.ts';
import { evaluateHealth, HealthOracle, NodeOracle } from '../../../src/severity/health-oracle.ts';
import { nodeHealth } from '../../../src/severity/node-health.ts';
import {
  ago,
  claim,
  container,
  deployment,
  node,
  NS,
  object,
  pod,
  service,
  slice,
  snapshot,
  storageClass,
  without,
} from './objects.ts';

function judge(...objects: KubeObject[]) {
  const { items, progressing } = evaluateHealth(snapshot(objects));
  return { bad: items.map(itemId), moving: progressing.map(itemId) };
}
const WELL = { bad: [], moving: [] };

describe('Service endpoints', () => {
  const behind = (...moods: Parameters<typeof pod>[1][]) => {
    const { deploy, set } = deployment('lime', { replicas: moods.length });
    return { parts: [deploy, set], pods: moods.map((mood, index) => pod(`p${index}`, mood, set)) };
  };
  const none = 'object:Service/orchard/gate:no-endpoints';

  it('is well with a ready endpoint, also when readiness is not stated', () => {
    const gate = service('gate', { app: 'lime' });
    const { parts, pods } = behind('ready');
    expect(judge(...parts, ...pods, gate, slice(gate, pods))).toEqual(WELL);
    const silent = slice(gate, pods);
    silent.endpoints[0].conditions = {};
    expect(judge(...parts, ...pods, gate, silent)).toEqual(WELL);
  });

  it('is bad when nothing matches its selector, and when its pods are not ready', () => {
    const gate = service('gate', { app: 'lime' });
    expect(judge(gate).bad).toEqual([none]);
    const { parts, pods } = behind('crash');
    expect(judge(...parts, ...pods, gate, slice(gate, [], { notReady: pods })).bad).toContain(none);
  });

  it('is moving while its pods start', () => {
    const gate = service('gate', { app: 'lime' });
    const { parts, pods } = behind('starting');
    expect(judge(...parts, ...pods, gate).moving).toContain(none);
  });

  it('does not judge Services without selector and external names', () => {
    expect(judge(service('gate', undefined), service('out', { app: 'x' }, { spec: { type: 'ExternalName' } }))).toEqual(
      WELL,
    );
  });
});

describe('Service ports', () => {
  const seen = (port: object, podSpec: object, fields: object = {}) => {
    const gate = service('gate', { app: 'lime' }, { spec: { ports: [{ port: 80, ...port }], ...fields } });
    const { deploy, set } = deployment('lime', { replicas: 1, podSpec });
    const one = pod('p', 'ready', set);
    return judge(deploy, set, one, gate, slice(gate, [one])).bad;
  };
  const mismatch = ['object:Service/orchard/gate:target-port/80'];
  const declares = (...ports: object[]) => ({ containers: [container({ ports })] });

  it.each([
    ['a declared number', { targetPort: 7000 }, declares({ containerPort: 7000 }), []],
    ['another number', { targetPort: 7001 }, declares({ containerPort: 7000 }), mismatch],
    ['the service port as default', {}, declares({ containerPort: 80 }), []],
    ['the service port as wrong default', {}, declares({ containerPort: 7000 }), mismatch],
    ['another protocol', { targetPort: 7000, protocol: 'UDP' }, declares({ containerPort: 7000 }), mismatch],
    ['a declared name', { targetPort: 'web' }, declares({ containerPort: 7000, name: 'web' }), []],
    ['a missing name', { targetPort: 'wob' }, declares({ containerPort: 7000, name: 'web' }), mismatch],
    ['a name although nothing is declared', { targetPort: 'web' }, declares(), mismatch],
    ['a number although nothing is declared', { targetPort: 7001 }, declares(), []],
    [
      'a number that an argument mentions',
      { targetPort: 7001 },
      { containers: [container({ args: ['--admin=:7001'] })] },
      [],
    ],
    [
      'a number that is part of another',
      { targetPort: 7001 },
      { containers: [container({ args: ['--id=170019'] })] },
      mismatch,
    ],
    [
      'a number that the environment mentions',
      { targetPort: 7001 },
      { containers: [container({ env: [{ name: 'P', value: '7001' }] })] },
      [],
    ],
    [
      'a number that a probe asks',
      { targetPort: 7001 },
      { containers: [container({ readinessProbe: { httpGet: { port: 7001 } } })] },
      [],
    ],
    [
      'a number that only a mesh proxy could hide',
      { targetPort: 7001 },
      { containers: [container({ ports: [] }), container({ name: 'istio-proxy', ports: [{ containerPort: 15090 }] })] },
      [],
    ],
    [
      'a port of a sidecar',
      { targetPort: 9 },
      {
        containers: [container()],
        initContainers: [container({ name: 's', restartPolicy: 'Always', ports: [{ containerPort: 9 }] })],
      },
      [],
    ],
    [
      'a port of a finished init container',
      { targetPort: 9 },
      { containers: [container()], initContainers: [container({ name: 's', ports: [{ containerPort: 9 }] })] },
      mismatch,
    ],
  ])('%s', (_name, port, podSpec, expected) => {
    expect(seen(port, podSpec)).toEqual(expected);
  });

  it('does not judge headless Services', () => expect(seen({ targetPort: 1 }, {}, { clusterIP: 'None' })).toEqual([]));

  it('needs only one pod that serves the port', () => {
    const gate = service('gate', { app: 'lime' }, { spec: { ports: [{ port: 80, targetPort: 7001 }] } });
    const a = deployment('lime', { replicas: 1 });
    const b = deployment('lime-b', {
      replicas: 1,
      labels: { app: 'lime' },
      podSpec: declares({ containerPort: 7001 }),
    });
    const pods = [pod('p', 'ready', a.set), pod('q', 'ready', b.set)];
    expect(judge(a.deploy, a.set, b.deploy, b.set, ...pods, gate, slice(gate, pods))).toEqual(WELL);
  });

  it('names each broken port', () => {
    const ports = [
      { port: 80, targetPort: 7000 },
      { port: 81, targetPort: 1 },
      { port: 82, targetPort: 2 },
    ];
    expect(seen({}, {}, { ports })).toEqual([
      'object:Service/orchard/gate:target-port/81',
      'object:Service/orchard/gate:target-port/82',
    ]);
  });

  it('reports a wrong port together with missing endpoints, so that neither hides the other', () => {
    const gate = service('gate', { app: 'lime' }, { spec: { ports: [{ port: 80, targetPort: 1 }] } });
    const { deploy, set } = deployment('lime', { replicas: 1 });
    const one = pod('p', 'crash', set);
    expect(judge(deploy, set, one, gate, slice(gate, [], { notReady: [one] })).bad).toEqual([
      'object:Deployment/orchard/lime:unready',
      'object:Service/orchard/gate:no-endpoints',
      'object:Service/orchard/gate:target-port/80',
    ]);
  });
});

describe('Ingress', () => {
  const ingress = (name: string, port: object) =>
    object('Ingress', 'front', {
      spec: { rules: [{ http: { paths: [{ path: '/', backend: { service: { name, port } } }] } }] },
    });
  const gate = service('gate', undefined, { spec: { ports: [{ port: 80, name: 'web' }] } });
  it.each([
    ['gate', { number: 80 }, []],
    ['gate', { name: 'web' }, []],
    ['gate', { number: 81 }, ['object:Ingress/orchard/front:backend/gate:81']],
    ['gone', { number: 80 }, ['object:Ingress/orchard/front:backend/gone:80']],
  ])('backend %s %j', (name, port, expected) => expect(judge(gate, ingress(name, port)).bad).toEqual(expected));

  const secure = (metadata: object = {}) =>
    object('Ingress', 'front', { metadata, spec: { tls: [{ secretName: 'leaf' }] } });
  const secret = object('Secret', 'leaf', { type: 'kubernetes.io/tls' });
  const other = object('Secret', 'other', {});
  const issued = { annotations: { 'cert-manager.io/issuer': 'tree' } };
  it.each([
    ['that is there', [secure(), secret], []],
    ['that is missing', [secure(), other], ['object:Ingress/orchard/front:certificate/leaf']],
    ['that a controller is to make', [secure(issued), other], []],
  ])('certificate %s', (_name, objects, expected) => expect(judge(...objects).bad).toEqual(expected));
});

describe('storage', () => {
  const user = (name: string) =>
    pod('u', 'unschedulable', undefined, {
      spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: name } }] },
    });
  const pending = 'object:PersistentVolumeClaim/orchard/jar:pending';

  it.each([
    ['bound', [claim('jar', 'Bound'), storageClass('shed')], []],
    ['pending, immediate class', [claim('jar', 'Pending'), storageClass('shed')], [pending]],
    ['pending, no such class', [claim('jar', 'Pending'), storageClass('other')], [pending]],
    [
      'pending, waits for its first consumer',
      [claim('jar', 'Pending'), storageClass('shed', 'WaitForFirstConsumer')],
      [],
    ],
    [
      'pending, default class waits',
      [
        claim('jar', 'Pending', { spec: { storageClassName: undefined } }),
        storageClass('d', 'WaitForFirstConsumer', true),
      ],
      [],
    ],
    [
      'pending, no default class',
      [claim('jar', 'Pending', { spec: { storageClassName: undefined } }), storageClass('d')],
      [pending],
    ],
    ['lost', [claim('jar', 'Lost')], ['object:PersistentVolumeClaim/orchard/jar:lost']],
  ])('claim %s', (_name, objects, expected) => expect(judge(...objects).bad).toEqual(expected));

  it('a consumer ends the waiting of a late-binding class', () => {
    const late = [claim('jar', 'Pending'), storageClass('shed', 'WaitForFirstConsumer')];
    expect(judge(...late, user('jar')).bad).toContain(pending);
    expect(judge(...late, user('other')).bad).not.toContain(pending);
  });

  it('a young claim is being provisioned', () => {
    const young = claim('jar', 'Pending', { metadata: { creationTimestamp: ago(4) } });
    expect(judge(young, storageClass('shed'))).toEqual({ bad: [], moving: [pending] });
    expect(judge(young, storageClass('other'))).toEqual({ bad: [pending], moving: [] });
  });

  it('without the right to read classes, an unused claim is not accused', () => {
    const blind = without(snapshot([claim('jar', 'Pending')]), 'StorageClass');
    expect(evaluateHealth(blind).items).toEqual([]);
  });

  it('failed volumes count when their claim is in scope', () => {
    const volume = (namespace: string) =>
      object('PersistentVolume', 'vol', { spec: { claimRef: { namespace } }, status: { phase: 'Failed' } });
    expect(judge(volume(NS)).bad).toEqual(['object:PersistentVolume/vol:failed']);
    expect(judge(volume('elsewhere'))).toEqual(WELL);
  });
});

describe('nodes', () => {
  const ids = (...objects: KubeObject[]) => nodeHealth(snapshot(objects)).map(itemId);
  const here = pod('p', 'ready');
  it.each([
    [{}, []],
    [{ Ready: 'Unknown' }, ['object:Node/plot-1:not-ready']],
    [{ Ready: 'False', DiskPressure: 'True' }, ['object:Node/plot-1:not-ready', 'object:Node/plot-1:disk-pressure']],
    [{ MemoryPressure: 'True', PIDPressure: 'False' }, ['object:Node/plot-1:memory-pressure']],
    [{ NetworkUnavailable: 'True' }, ['object:Node/plot-1:network-unavailable']],
  ])('%j', (conditions, expected) => expect(ids(here, node('plot-1', conditions))).toEqual(expected));

  it('only those that carry live pods of the scope', () => {
    expect(ids(here, node('plot-2', { Ready: 'False' }))).toEqual([]);
    expect(ids(pod('done', 'completed'), node('plot-1', { Ready: 'False' }))).toEqual([]);
  });

  it('a cordoned node is maintenance', () => {
    const cordoned = node('plot-1');
    cordoned.spec = { unschedulable: true };
    expect(ids(here, cordoned)).toEqual([]);
  });
});

describe('others', () => {
  it('a namespace being deleted', () => {
    const dying = (name: string) => object('Namespace', name, { metadata: { deletionTimestamp: ago(5) } });
    expect(judge(dying(NS), dying('elsewhere')).bad).toEqual([`object:Namespace/${NS}:terminating`]);
  });
  it('an autoscaler without target, but not one without metrics', () => {
    const scaler = (reason: string) =>
      object('HorizontalPodAutoscaler', 'grow', {
        spec: {},
        status: { conditions: [{ type: 'AbleToScale', status: 'False', reason }] },
      });
    expect(judge(scaler('FailedGetScale')).bad).toEqual(['object:HorizontalPodAutoscaler/orchard/grow:target-missing']);
    expect(judge(scaler('BackoffBoth'))).toEqual(WELL);
  });
});

describe('oracles', () => {
  it('health is unknown, never ok, when a needed kind may not be listed', async () => {
    const verdict = await new HealthOracle().evaluate(without(snapshot([]), 'EndpointSlice'));
    expect(verdict).toEqual({ state: 'unknown', reason: 'no right to list EndpointSlice' });
  });
  it('what is moving counts as bad, and is named for those who can wait', async () => {
    const moving = snapshot([pod('p', 'starting')]);
    expect(await new HealthOracle().evaluate(moving)).toMatchObject({ state: 'bad' });
    expect(new HealthOracle().moving(moving)).toHaveLength(1);
  });
  it('an empty namespace is ok', async () => {
    expect(await new HealthOracle().evaluate(snapshot([]))).toEqual({ state: 'ok', items: [] });
    // What it says of a kind is not over because the kind can no longer be read.
    const oracle = new HealthOracle();
    const kind = 'ValidatingWebhookConfiguration';
    expect(await oracle.evaluate(snapshot([]))).toMatchObject({ state: 'ok' });
    expect(await oracle.evaluate(without(snapshot([]), kind))).toMatchObject({ state: 'unknown' });
    expect(await oracle.evaluate(snapshot([]))).toMatchObject({ state: 'ok' });
    expect(await new HealthOracle().evaluate(without(snapshot([]), kind))).toMatchObject({ state: 'ok' });
  });
  it('nodes are absent without the right to list them', async () => {
    expect(await new NodeOracle().evaluate(without(snapshot([]), 'Node'))).toMatchObject({ state: 'absent' });
    expect(
      await new NodeOracle().evaluate(snapshot([pod('p', 'ready'), node('plot-1', { Ready: 'False' })])),
    ).toMatchObject({ state: 'bad' });
  });
  it('messages carry no control characters', () => {
    const { deploy, set } = deployment('lime', { replicas: 1 });
    const one = pod('p', 'pull', set);
    one.status!.containerStatuses[0].state.waiting.message = 'bad\u001b[31m\nimage';
    for (const { message } of evaluateHealth(snapshot([deploy, set, one])).items)
      expect(message).not.toMatch(/[\u0000-\u001f]/);
  });
});
