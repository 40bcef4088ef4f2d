import { describe, expect, it } from 'vitest';
import { shopManifests } from '../../testbed/app/manifests.ts';
import { observedShop, SETTINGS } from '../../testbed/app/observed.ts';
import { SHOP_NAMESPACE } from '../../testbed/app/topology.ts';
import type { Manifest } from '../../testbed/app/manifests.ts';
import { listFaults } from '../../testbed/faults/catalog.ts';
import { TELEMETRY_FAULTS } from '../../testbed/faults/telemetry/faults.ts';

const plain = shopManifests(() => 'password');
const observed = observedShop(plain, 'all');
const keyOf = ({ kind, metadata }: Manifest) => `${kind.toLowerCase()}/${metadata.name}`;
const named = (key: string) => observed.find((manifest) => keyOf(manifest) === key)!;

interface PodSpec {
  containers: { name: string; env: { name: string }[]; volumeMounts?: { name: string }[] }[];
  volumes?: { name: string; secret?: { secretName: string }; persistentVolumeClaim?: { claimName: string } }[];
}
const podOf = (name: string) => (named(`deployment/${name}`)['spec'] as { template: { spec: PodSpec } }).template.spec;

describe('the observed shop', () => {
  it('leaves the plain one as it is, and has distinct objects in the same namespace', () => {
    expect(plain).toEqual(shopManifests(() => 'password'));
    expect(new Set(observed.map(keyOf)).size).toBe(observed.length);
    for (const { kind, metadata } of observed) {
      expect(kind === 'Namespace' ? metadata.name : metadata.namespace).toBe(SHOP_NAMESPACE);
    }
  });

  it('mounts only what exists, under names that are declared', () => {
    for (const manifest of observed.filter(({ kind }) => kind === 'Deployment')) {
      const { containers, volumes = [] } = podOf(manifest.metadata.name);
      const known = volumes.map(({ name }) => name);
      expect(new Set(known).size).toBe(known.length);
      for (const { name } of containers.flatMap(({ volumeMounts = [] }) => volumeMounts)) expect(known).toContain(name);
      for (const { secret, persistentVolumeClaim } of volumes) {
        if (secret) expect(named(`secret/${secret.secretName}`)).toBeDefined();
        if (persistentVolumeClaim)
          expect(named(`persistentvolumeclaim/${persistentVolumeClaim.claimName}`)).toBeDefined();
      }
    }
  });

  it('says who sends in the order in which variables are expanded', () => {
    const names = podOf('geo').containers[0]!.env.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const before of ['POD_NAME', 'POD_NAMESPACE', 'NODE_NAME']) {
      expect(names.indexOf(before)).toBeLessThan(names.indexOf('OTEL_RESOURCE_ATTRIBUTES'));
    }
  });

  it('needs neither collector nor metrics-server where only metrics are', () => {
    const few = observedShop(plain, 'metrics');
    expect(few.some(({ kind }) => kind === 'HorizontalPodAutoscaler')).toBe(false);
    const settings = few.find((manifest) => keyOf(manifest) === `configmap/${SETTINGS}`)!;
    expect(Object.keys(settings['data'] as object)).not.toContain('otlp-endpoint');
  });
});

describe('the faults that telemetry shows', () => {
  it('are listed only when asked for', () => {
    const names = TELEMETRY_FAULTS.map(({ name }) => name);
    expect(listFaults(true).map(({ name }) => name)).toEqual([...listFaults().map(({ name }) => name), ...names]);
    expect(new Set(listFaults(true).map(({ name }) => name)).size).toBe(listFaults(true).length);
  });

  it('touch objects of the observed shop, and say how they show', () => {
    for (const { targets, touches, shows } of TELEMETRY_FAULTS) {
      for (const target of targets) {
        for (const key of touches(target)) expect(named(key), key).toBeDefined();
        expect(shows?.({ namespace: 'ns', target })).toContain('ns');
      }
    }
  });
});
