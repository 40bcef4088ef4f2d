import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../testbed/app/manifests.ts';
import { shopManifests } from '../../testbed/app/manifests.ts';
import { SHOP_NAMESPACE, SHOP_REQUEST, SHOP_SERVICES, SHOP_STORES } from '../../testbed/app/topology.ts';
import { listFaults } from '../../testbed/faults/catalog.ts';

const manifests = shopManifests((service) => `password-of-${service}`);

function of(kind: string): (Manifest & { spec: never })[] {
  return manifests.filter((manifest) => manifest.kind === kind) as never;
}

interface PodSpec {
  containers: {
    args: string[];
    env?: { valueFrom: { configMapKeyRef?: KeyRef; secretKeyRef?: KeyRef } }[];
    ports: { name: string; containerPort: number }[];
    readinessProbe: unknown;
    livenessProbe: unknown;
  }[];
  volumes?: { persistentVolumeClaim?: { claimName: string }; secret?: { secretName: string } }[];
}
interface KeyRef {
  name: string;
  key: string;
  optional?: boolean;
}

function podSpec(deployment: Manifest): PodSpec {
  return (deployment.spec as { template: { spec: PodSpec } }).template.spec;
}

describe('the shop', () => {
  it('has a workload for every service and store, the load generator, and distinct names', () => {
    const names = [...SHOP_SERVICES, ...SHOP_STORES].map(({ name }) => name);
    expect(
      of('Deployment')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual([...names, 'loadgen'].sort());
    const keys = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('refers only to ConfigMap and Secret keys that exist, unless they are optional', () => {
    const keys = new Set(
      [...of('ConfigMap'), ...of('Secret')].flatMap(({ kind, metadata, data, stringData }) =>
        Object.keys((data ?? stringData) as object).map((key) => `${kind}/${metadata.name}/${key}`),
      ),
    );
    const references = of('Deployment').flatMap((deployment) =>
      podSpec(deployment).containers.flatMap(({ env = [] }) =>
        env.map(({ valueFrom: { configMapKeyRef, secretKeyRef } }) =>
          configMapKeyRef ? { kind: 'ConfigMap', ...configMapKeyRef } : { kind: 'Secret', ...(secretKeyRef as KeyRef) },
        ),
      ),
    );
    const missing = references.filter(({ kind, name, key }) => !keys.has(`${kind}/${name}/${key}`));
    expect(missing.filter(({ optional }) => !optional)).toEqual([]);
    expect(missing.some(({ optional }) => optional)).toBe(true);
  });

  it('calls only services that exist, by their address', () => {
    const known = SHOP_SERVICES.map(({ name }) => name);
    for (const { calls, store } of SHOP_SERVICES) {
      for (const callee of calls) expect(known).toContain(callee);
      if (store) expect(SHOP_STORES.map(({ name }) => name)).toContain(store);
    }
    expect(known).toContain(SHOP_REQUEST.service);
  });

  it('sends the traffic of every Service to a declared container port', () => {
    for (const { metadata, spec } of of('Service') as unknown as (Manifest & {
      spec: { ports: { targetPort: string | number }[] };
    })[]) {
      const deployment = of('Deployment').find((candidate) => candidate.metadata.name === metadata.name);
      const ports = podSpec(deployment as Manifest).containers.flatMap((container) => container.ports);
      for (const { targetPort } of spec.ports) {
        expect(ports.flatMap(({ name, containerPort }) => [name, containerPort])).toContain(targetPort);
      }
    }
  });

  it('probes every container, and mounts only claims and Secrets that exist', () => {
    const claims = of('PersistentVolumeClaim').map(({ metadata }) => metadata.name);
    const secrets = of('Secret').map(({ metadata }) => metadata.name);
    expect(claims).toHaveLength(3);
    for (const deployment of of('Deployment')) {
      const { containers, volumes = [] } = podSpec(deployment);
      for (const container of containers) {
        expect(container.readinessProbe).toBeDefined();
        expect(container.livenessProbe).toBeDefined();
      }
      for (const { persistentVolumeClaim, secret } of volumes) {
        if (persistentVolumeClaim) expect(claims).toContain(persistentVolumeClaim.claimName);
        if (secret) expect(secrets).toContain(secret.secretName);
      }
    }
  });

  it('gives each service a Redis user of its own that may touch its own keys only', () => {
    const users = of('Secret').flatMap(({ stringData }) =>
      ((stringData as Record<string, string>)['users.acl'] ?? '')
        .split('\n')
        .filter((line) => line.startsWith('user ')),
    );
    expect(users.filter((line) => line === 'user default off')).toHaveLength(SHOP_STORES.length);
    for (const { name } of SHOP_SERVICES.filter(({ store }) => store)) {
      const own = users.filter((line) => line.startsWith(`user ${name} on >password-of-${name} `));
      expect(own).toHaveLength(1);
      expect(own[0]).toContain(` ~${name}:* `);
    }
  });

  it('stays in its namespace', () => {
    for (const { kind, metadata } of manifests) {
      expect(kind === 'Namespace' ? metadata.name : metadata.namespace).toBe(SHOP_NAMESPACE);
    }
  });
});

describe('the faults', () => {
  it('are the six of the testbed, each with a summary', () => {
    expect(listFaults().map(({ name }) => name)).toEqual([
      'target-port',
      'scale-zero',
      'node-selector',
      'image-pull',
      'missing-key',
      'storage-class',
    ]);
    for (const { summary } of listFaults()) expect(summary.length).toBeGreaterThan(10);
  });
});
