import type { KubeApi } from '../../src/gateway/wire/kube-api.ts';

/** A resource that the API server serves and lists. */
export interface Served {
  groupVersion: string;
  resource: string;
  kind: string;
  namespaced: boolean;
}

type Loose = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

/** Kinds that the cluster writes by itself all the time, and answers that are computed. */
const LEFT_OUT = new Set(['events', 'componentstatuses']);

/** Every listable resource of the server, by its discovery: each group in its preferred version. */
export async function servedResources(api: KubeApi): Promise<Served[]> {
  const groups = (await api.getJson<Loose>('/apis')).groups as Array<{ preferredVersion: { groupVersion: string } }>;
  const versions = ['v1', ...groups.map((group) => group.preferredVersion.groupVersion)];
  const lists = await Promise.all(
    versions.map(async (groupVersion) => {
      const answer = await api.send('GET', groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`);
      const resources = (answer.object?.resources ?? []) as Array<{
        name: string;
        kind: string;
        namespaced: boolean;
        verbs: string[];
      }>;
      return resources
        .filter(({ name, verbs }) => !name.includes('/') && verbs.includes('list') && !LEFT_OUT.has(name))
        .map(({ name, kind, namespaced }) => ({ groupVersion, resource: name, kind, namespaced }));
    }),
  );
  return lists.flat();
}

/**
 * The dump to compare with later: taken when the controllers have seen every workload and two dumps in a row agree. On
 * a busy machine they still make the ReplicaSet of a Deployment seconds after it was created.
 */
export async function settledDump(api: KubeApi): Promise<Map<string, string>> {
  let last = await dumpCluster(api);
  for (const end = Date.now() + 120_000; ;) {
    const unseen = await unseenWorkloads(api);
    const dump = await dumpCluster(api);
    const moving = [...unseen, ...dumpDifference(last, dump)];
    if (moving.length === 0) return dump;
    if (Date.now() > end) throw new Error(`the cluster does not come to rest: ${moving.join('; ')}`);
    last = dump;
  }
}

/** Workloads whose controller has not yet acted on what they say. */
async function unseenWorkloads(api: KubeApi): Promise<string[]> {
  const kinds = ['deployments', 'replicasets', 'statefulsets', 'daemonsets'];
  const lists = await Promise.all(kinds.map((kind) => api.list(`/apis/apps/v1/${kind}`)));
  return lists.flatMap(({ items }) =>
    items
      .filter(({ metadata, status }: Loose) => metadata.generation !== status?.observedGeneration)
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name} is unseen`),
  );
}

/** Every object of every served kind, without what the server and its controllers stamp, count and report. */
export async function dumpCluster(api: KubeApi): Promise<Map<string, string>> {
  await goingNamespacesGone(api);
  const dump = new Map<string, string>();
  for (const { groupVersion, resource } of await servedResources(api)) {
    const root = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
    const answer = await api.send('GET', `${root}/${resource}`);
    if (answer.status !== 200) throw new Error(`${resource}: ${answer.message}`);
    for (const item of (answer.object?.items ?? []) as Loose[]) {
      const { namespace = '', name } = item.metadata as { namespace?: string; name: string };
      dump.set(`${groupVersion}/${resource}/${namespace}/${name}`, JSON.stringify(lasting(resource, item)));
    }
  }
  return dump;
}

function lasting(resource: string, item: Loose): unknown {
  const { status, metadata, ...rest } = structuredClone(item);
  for (const field of ['resourceVersion', 'managedFields', 'generation']) delete metadata[field];
  if (resource === 'leases') delete rest.spec;
  if (resource === 'nodes') delete metadata.annotations;
  return { ...rest, metadata, phase: resource === 'pods' ? undefined : status?.phase };
}

/** `key: appeared`, `gone` or both texts, for every object that differs. */
export function dumpDifference(before: Map<string, string>, after: Map<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    if (old === now) return [];
    if (old === undefined) return [`${key}: appeared`];
    return [now === undefined ? `${key}: gone` : `${key}: ${old} -> ${now}`];
  });
}

/** What earlier tests have left to the namespace controller is nobody's doing. */
async function goingNamespacesGone(api: KubeApi): Promise<void> {
  for (const end = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const { items } = await api.list('/api/v1/namespaces');
    const going = items.filter((namespace) => namespace.metadata.deletionTimestamp && !isHeld(namespace));
    if (Date.now() > end || going.length === 0) return;
  }
}

/** It waits for somebody to act on a finalizer, which in a test nobody does: it stays as it is. */
function isHeld({ status }: Loose): boolean {
  const conditions = (status?.conditions ?? []) as Array<{ type: string; status: string }>;
  return conditions.some(({ type, status: state }) => type === 'NamespaceFinalizersRemaining' && state === 'True');
}
