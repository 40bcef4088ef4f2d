import { CLUSTER } from './fixtures/cluster.ts';
import { CUSTOM } from './fixtures/custom.ts';
import type { Fixtures } from './fixtures/fixture.ts';
import { OWNERS } from './fixtures/owners.ts';
import { PLAIN } from './fixtures/plain.ts';
import { VOLUMES } from './fixtures/volumes.ts';
import { WORKLOADS } from './fixtures/workloads.ts';
import type { Kube } from './kube.ts';

/** By the names that the corpus uses. */
const FIXTURES: Fixtures = { ...PLAIN, ...WORKLOADS, ...OWNERS, ...VOLUMES, ...CLUSTER, ...CUSTOM };

/** Makes the namespace, and in it and beside it the fixtures, in their order. @throws Error of an unknown name */
export async function makeFixtures(kube: Kube, names: readonly string[]): Promise<void> {
  await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: kube.namespace } });
  await kube.until('ServiceAccount/default', () => '');
  await kube.until('ConfigMap/kube-root-ca.crt', () => '');
  for (const name of names) {
    const fixture = FIXTURES[name];
    if (!fixture) throw new Error(`there is no fixture ${name}`);
    for (const object of fixture.objects ?? []) await kube.create(object);
    await fixture.then?.(kube);
  }
}

export const isFixture = (name: string) => Object.hasOwn(FIXTURES, name);
