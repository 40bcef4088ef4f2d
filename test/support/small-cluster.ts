import type { KubeObject } from '../../src/domain/kube-object.ts';
import type { ClusterSnapshot } from '../../src/domain/snapshot.ts';

const workload = (name: string, namespace: string, env: Record<string, string>, kind = 'Deployment'): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace, uid: `${kind}-${namespace}-${name}` },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name,
            image: 'shop:1',
            env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
            ports: [{ containerPort: 8080 }],
          },
        ],
      },
    },
  },
});

const service = (name: string, namespace: string, clusterIP: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector: { app: name }, clusterIP, ports: [{ port: 8080, targetPort: 8080 }] },
});

function podsOf(owner: KubeObject, node: string, ip: number): KubeObject[] {
  const { name, namespace } = owner.metadata;
  const isSet = owner.kind === 'StatefulSet';
  const set: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-5f6d8c7b9`,
      namespace: namespace!,
      uid: `rs-${name}`,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: owner.kind, name, uid: owner.metadata.uid!, controller: true }],
    },
    spec: { template: owner.spec.template },
  };
  const parent = isSet ? owner : set;
  const pods = [0, 1].map((index): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: isSet ? `${name}-${index}` : `${set.metadata.name}-abcd${index}`,
      namespace: namespace!,
      labels: { app: name },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: parent.kind,
          name: parent.metadata.name,
          uid: parent.metadata.uid!,
          controller: true,
        },
      ],
    },
    spec: { ...owner.spec.template.spec, nodeName: node },
    status: { phase: 'Running', podIP: `10.0.${ip}.${index + 1}`, conditions: [{ type: 'Ready', status: 'True' }] },
  }));
  return isSet ? pods : [set, ...pods];
}

/**
 * `web` calls `cart`, `cart` calls the StatefulSet `store` and names `mail` by an address; all in `shop`, on `node1` but for
 * `store` on `node2`. `web` is also the name of another program in `blog`, outside the scope, on `node3`.
 */
export function smallCluster(): ClusterSnapshot {
  const web = workload('web', 'shop', { CART_URL: 'http://cart:8080' });
  const cart = workload('cart', 'shop', { STORE: 'store.shop.svc.cluster.local:8080', OTEL_SERVICE_NAME: 'basket' });
  const store = workload('store', 'shop', {}, 'StatefulSet');
  const blog = workload('web', 'blog', {});
  const objects: KubeObject[] = [
    ...[web, cart, store, blog],
    ...[
      service('web', 'shop', '10.96.0.1'),
      service('cart', 'shop', '10.96.0.2'),
      service('store', 'shop', '10.96.0.3'),
    ],
    ...[
      ...podsOf(web, 'node1', 1),
      ...podsOf(cart, 'node1', 2),
      ...podsOf(store, 'node2', 3),
      ...podsOf(blog, 'node3', 4),
    ],
    ...['node1', 'node2', 'node3'].map((name, index): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      status: {
        addresses: [{ type: 'InternalIP', address: `192.168.0.${index + 1}` }],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    })),
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data-store-0', namespace: 'shop' } },
  ];
  const byKind: Record<string, KubeObject[]> = { Ingress: [], Secret: [], ConfigMap: [] };
  for (const object of objects) (byKind[object.kind] ??= []).push(object);
  return { takenAt: '2030-01-01T00:00:00Z', namespaces: ['shop'], objects: byKind, unreadable: {} };
}
