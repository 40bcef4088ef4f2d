import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/domain/kube-object.ts';
import { refLabel } from '../../../../src/domain/kube-object.ts';
import { itemId } from '../../../../src/domain/severity.ts';
import type { Alert } from '../../../../src/domain/telemetry.ts';
import { alertItems, earlyAlerts, unplacedAlerts } from '../../../../src/signals/alerts/alert-items.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const snapshot = smallCluster();
const alert = (name: string, labels: Record<string, string>, more: Partial<Alert> = {}): Alert => ({
  name,
  state: 'firing',
  labels: { alertname: name, ...labels },
  annotations: {},
  startsAt: 1_000,
  fingerprint: JSON.stringify(labels),
  ...more,
});
const subjectsOf = (one: Alert) =>
  alertItems([one], snapshot, ['shop']).map(({ subjects }) => subjects!.map(refLabel))[0];

describe('alerts as items', () => {
  it.each([
    ['a pod, by its workload', { namespace: 'shop', pod: 'web-5f6d8c7b9-abcd0' }, ['Deployment/shop/web']],
    ['a pod that is gone, by its name', { namespace: 'shop', pod: 'cart-77c5d8f6b4-x2x9z' }, ['Deployment/shop/cart']],
    ['a pod of a set', { namespace: 'shop', pod: 'store-1' }, ['StatefulSet/shop/store']],
    ['a deployment', { namespace: 'shop', deployment: 'cart' }, ['Deployment/shop/cart']],
    [
      'a claim',
      { namespace: 'shop', persistentvolumeclaim: 'data-store-0' },
      ['PersistentVolumeClaim/shop/data-store-0'],
    ],
    ['a Service', { namespace: 'shop', service: 'store' }, ['Service/shop/store']],
    [
      'labels that an exporter was not allowed to keep',
      { namespace: 'monitoring', pod: 'ksm-0', exported_namespace: 'shop', exported_pod: 'web-5f6d8c7b9-abcd1' },
      ['Deployment/shop/web'],
    ],
    [
      'not the exporter that was scraped',
      { namespace: 'shop', deployment: 'web', service: 'kube-state-metrics', job: 'kube-state-metrics' },
      ['Deployment/shop/web'],
    ],
    ['a node by its name', { node: 'node2' }, ['Node/node2']],
    [
      'a node by the address of its exporter, whatever namespace that runs in',
      { job: 'node-exporter', namespace: 'monitoring', pod: 'node-exporter-x', instance: '192.168.0.1:9100' },
      ['Node/node1'],
    ],
    ['a program by a label that people give', { namespace: 'shop', app: 'cart' }, ['Deployment/shop/cart']],
    ['a program by the job that scrapes it', { namespace: 'shop', job: 'web', instance: 'x' }, ['Deployment/shop/web']],
    ['a service by what it calls itself', { service_name: 'basket' }, ['Deployment/shop/cart']],
    ['a pod without its namespace', { pod: 'cart-5f6d8c7b9-abcd0' }, ['Deployment/shop/cart']],
    ['a pod that is gone without its namespace', { pod: 'cart-77c5d8f6b4-x2x9z' }, ['Deployment/shop/cart']],
    ['a workload without its namespace', { deployment: 'cart' }, ['Deployment/shop/cart']],
    ['a Service without its namespace', { service: 'cart' }, ['Deployment/shop/cart']],
    ['the program that a job scrapes, without its namespace', { job: 'store' }, ['StatefulSet/shop/store']],
    ['the program of a job with its group', { job: 'shop/web' }, ['Deployment/shop/web']],
    ['the pod that was scraped, by its address', { job: 'pods', instance: '10.0.2.1:8080' }, ['Deployment/shop/cart']],
    ['the Service that was scraped, by its address', { instance: '10.96.0.3:8080' }, ['StatefulSet/shop/store']],
    ['the Service that was probed', { instance: 'http://cart.shop.svc:8080/health' }, ['Deployment/shop/cart']],
    ['the Service that was probed, by its short name', { instance: 'store.shop:8080' }, ['StatefulSet/shop/store']],
    [
      'what was probed, not who probes it',
      { namespace: 'monitoring', job: 'blackbox', instance: 'http://cart.shop.svc.cluster.local:8080/' },
      ['Deployment/shop/cart'],
    ],
    ['nothing', { namespace: 'shop', colour: 'red' }, []],
  ])('name %s', (_, labels, objects) => {
    expect(subjectsOf(alert('A', labels))).toEqual(objects);
  });

  it.each([
    ['another namespace', alert('A', { namespace: 'blog', pod: 'web-5f6d8c7b9-abcd0' })],
    ['a node that runs nothing of the scope', alert('A', { node: 'node3' })],
    ['what names nothing', alert('A', { job: 'x' })],
    ['a name that two namespaces have', alert('A', { service_name: 'web' })],
    ['a workload that two namespaces have', alert('A', { deployment: 'web' })],
    ['a pod whose name two namespaces have', alert('A', { pod: 'web-5f6d8c7b9-abcd0' })],
    ['a pod of another namespace, by its address', alert('A', { instance: '10.0.4.1:8080' })],
    ['an address that nobody has', alert('A', { instance: '10.9.9.9:8080' })],
    ['a host outside the cluster', alert('A', { instance: 'https://api.example.com/' })],
    ['an exporter elsewhere, whatever its address', alert('A', { namespace: 'monitoring', instance: '10.0.1.1:9090' })],
    ['what always fires', alert('Watchdog', { namespace: 'shop' })],
    ['what is of no severity', alert('InfoInhibitor2', { namespace: 'shop', severity: 'none' })],
  ])('leave out %s', (_, one) => {
    expect(alertItems([one], snapshot, ['shop'])).toEqual([]);
    expect(earlyAlerts([{ ...one, state: 'pending' }], snapshot, ['shop'])).toEqual([]);
  });

  it('of a probed page name the Ingress of its host', () => {
    const ingress: KubeObject = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'front', namespace: 'shop' },
      spec: { rules: [{ host: '*.shop.io' }] },
    };
    const whole = { ...snapshot, objects: { ...snapshot.objects, Ingress: [ingress] } };
    const [item] = alertItems([alert('A', { instance: 'https://www.shop.io/hotels' })], whole, ['shop']);
    expect(item?.subjects?.map(refLabel)).toEqual(['Ingress/shop/front']);
  });

  it('that name no namespace and nothing that is known are told apart from those of others', () => {
    const told = (labels: Record<string, string>) => unplacedAlerts([alert('A', labels)], snapshot).length;
    for (const [label, value] of [
      ['job', 'x'],
      ['instance', '10.9.9.9:80'],
      ['deployment', 'web'],
      ['node', 'other'],
    ])
      expect(told({ [label!]: value! }), label).toBe(1);
    for (const [label, value] of [
      ['namespace', 'blog'],
      ['node', 'node3'],
      ['job', 'store'],
      ['severity', 'info'],
    ])
      expect(told({ [label!]: value! }), label).toBe(0);
  });

  it('found by an address single out no pod: addresses are given on', () => {
    const [item] = alertItems([alert('A', { instance: '10.0.2.1:8080' })], snapshot, ['shop']);
    expect(item?.pods).toBeUndefined();
  });

  it('keep pending ones and hints as early signs', () => {
    const list = [
      alert(
        'Slow',
        { namespace: 'shop', deployment: 'web' },
        { state: 'pending', annotations: { summary: 'web is slow' } },
      ),
      alert('Throttled', { namespace: 'shop', deployment: 'web', severity: 'info' }),
    ];
    expect(alertItems(list, snapshot, ['shop'])).toEqual([]);
    expect(earlyAlerts(list, snapshot, ['shop'])).toEqual([
      expect.objectContaining({ level: 'early', message: 'Slow: web is slow (pending)', since: 1_000 }),
      expect.objectContaining({ level: 'early', message: 'Throttled' }),
    ]);
  });

  it.each([
    ['One is slow.', 'Slow: One is slow'],
    ['One is slow. \n', 'Slow: One is slow'],
    ['And so on...', 'Slow: And so on...'],
    ['v1.2. is gone', 'Slow: v1.2. is gone'],
    ['.', 'Slow:'],
  ])('say %j without a full stop', (summary, text) => {
    const one = alert('Slow', { namespace: 'shop', deployment: 'web' }, { annotations: { summary } });
    expect(alertItems([one], snapshot, ['shop'])[0]!.message).toBe(text);
  });

  it('name the pods of which they speak', () => {
    const of = (pod: string) => alert('A', { namespace: 'shop', pod });
    const pods = (...list: Alert[]) =>
      alertItems(list, snapshot, ['shop']).map((item) => item.pods?.map(({ name }) => name));
    expect(pods(of('web-5f6d8c7b9-abcd0'))).toEqual([['web-5f6d8c7b9-abcd0']]);
    expect(pods(of('web-5f6d8c7b9-abcd0'), of('web-5f6d8c7b9-abcd1'), of('web-5f6d8c7b9-abcd0'))).toEqual([
      ['web-5f6d8c7b9-abcd0', 'web-5f6d8c7b9-abcd1'],
    ]);
    expect(pods(alert('A', { namespace: 'shop', deployment: 'web' }))).toEqual([undefined]);
  });

  it('are the same for new pods of a workload, others for pods of a set and for other labels', () => {
    const ids = (...labels: Record<string, string>[]) =>
      labels.flatMap((each) =>
        alertItems([alert('A', { namespace: 'shop', ...each })], snapshot, ['shop']).map(itemId),
      );
    const [first, second, gone] = ids(
      { pod: 'web-5f6d8c7b9-abcd0', instance: '10.0.1.1:80', uid: 'a' },
      { pod: 'web-5f6d8c7b9-abcd1', instance: '10.0.1.2:80', uid: 'b' },
      { pod: 'web-77c5d8f6b4-x2x9z', instance: '10.0.1.9:80', uid: 'c' },
    );
    expect([second, gone]).toEqual([first, first]);
    const others = ids(
      { pod: 'store-0' },
      { pod: 'store-1' },
      { deployment: 'web' },
      { deployment: 'web', severity: 'warning' },
    );
    expect(new Set([first, ...others]).size).toBe(5);
  });

  it('stand once with the earliest time, in any order', () => {
    const pods = ['abcd0', 'abcd1'].map((end, index) =>
      alert('A', { namespace: 'shop', pod: `web-5f6d8c7b9-${end}` }, { startsAt: 2_000 - index * 500 }),
    );
    const items = alertItems(pods, snapshot, ['shop']);
    expect(items).toEqual([expect.objectContaining({ what: 'A', since: 1_500, grade: 1, source: 'alert' })]);
    expect(alertItems([...pods].reverse(), snapshot, ['shop'])).toEqual(items);
  });

  it('never throw, and never let through what acts on a terminal', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('shop', 'web', '__proto__', 'constructor', '\u001b[2J', '('));
    const labels = fc.dictionary(
      fc.oneof(text, fc.constantFrom('namespace', 'pod', 'service', 'node', 'instance', 'job')),
      text,
    );
    const any = fc.record({
      name: text,
      state: fc.constantFrom('firing' as const, 'pending' as const),
      labels,
      annotations: labels,
      startsAt: fc.integer(),
      fingerprint: text,
    });
    fc.assert(
      fc.property(fc.array(any), (alerts) => {
        for (const item of alertItems(alerts, snapshot, ['shop'])) {
          expect(itemId(item) + item.message).not.toMatch(/[\u0000-\u001f]/);
          expect(item.message.length).toBeLessThanOrEqual(300);
        }
        earlyAlerts(alerts, snapshot, ['shop']);
      }),
    );
  });
});
