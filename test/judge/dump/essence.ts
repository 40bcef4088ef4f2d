import { canonical } from './lossless-json.ts';
import type { Dump, Item } from './dump.ts';

/** What of an object people or programs wrote, and what of its status is more than a report. */
export interface Essence {
  content: unknown;
  /** Status of a custom resource that has a path of its own: its operator's report. */
  report?: unknown;
  /** Who owns which fields; without times, and without what the control plane's own components hold. */
  ownership: string;
}

const SERVER_METADATA = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
]);

/** Counters that controllers keep beside what was written, by kind. */
const COUNTERS: Record<string, RegExp> = {
  Deployment: /^deployment\.kubernetes\.io\/revision$/,
  ReplicaSet: /^deployment\.kubernetes\.io\//,
  DaemonSet: /^deprecated\.daemonset\.template\.generation$/,
  ControllerRevision: /^deprecated\.daemonset\.template\.generation$/,
  Endpoints: /^endpoints\.kubernetes\.io\/last-change-trigger-time$/,
};

/** Names that differ from pod to pod of one template. */
const TOKEN_VOLUME = /^kube-api-access-[a-z0-9]{5}$/;

const COMPONENTS = /^(kube-(controller-manager|scheduler|apiserver)|kubelet|kwok|kubectl-edit)$/;

type Fields = Record<string, unknown>;

export function essenceOf(item: Item, dump: Dump): Essence {
  const { metadata, status, ...rest } = item.object;
  const kept: Fields = {};
  for (const [field, value] of Object.entries(metadata)) if (!SERVER_METADATA.has(field)) kept[field] = value;
  const counters = COUNTERS[item.kind.kind];
  if (counters && metadata.annotations) {
    kept.annotations = Object.fromEntries(
      Object.entries(metadata.annotations).filter(([name]) => !counters.test(name)),
    );
  }
  for (const field of ['annotations', 'labels'])
    if (Object.keys((kept[field] ?? {}) as object).length === 0) delete kept[field];
  if (metadata.deletionTimestamp) kept.isBeingDeleted = true;
  // The server numbers the history of a workload anew when it comes back to an old entry.
  if (item.kind.kind === 'ControllerRevision' && metadata.ownerReferences) delete rest.revision;
  if (item.kind.kind === 'Node') rest.spec = withoutCordonTime(rest.spec as Fields);
  const content: Fields = { ...rest, metadata: kept };
  const lasting = lastingStatus(item, status as Fields | undefined);
  if (lasting !== undefined) content.status = lasting;
  const report = item.custom && item.kind.statusApart && status !== undefined ? { report: status as unknown } : {};
  return { content: named(content, dump), ...report, ownership: ownershipOf(item) };
}

/** The taint that stands for a cordon is the node controller's own, and has the time at which it noticed. */
function withoutCordonTime(spec: Fields): Fields {
  const taints = (spec.taints ?? []) as { key: string; timeAdded?: string }[];
  if (taints.length === 0) return spec;
  return {
    ...spec,
    taints: taints.map(({ timeAdded, ...taint }) =>
      taint.key === 'node.kubernetes.io/unschedulable' || timeAdded === undefined ? taint : { ...taint, timeAdded },
    ),
  };
}

/** Status that says what was lost or decided, not how far a controller has come. */
function lastingStatus({ kind: { kind, statusApart }, custom }: Item, status: Fields | undefined): unknown {
  if (status === undefined) return undefined;
  if (custom) return statusApart ? undefined : status;
  const conditions = (status.conditions ?? []) as { type: string; status: string }[];
  const holding = (...types: string[]) =>
    conditions.filter((one) => types.includes(one.type) && one.status === 'True').map(({ type }) => type);
  switch (kind) {
    case 'PersistentVolume':
    case 'PersistentVolumeClaim':
    case 'Namespace':
    case 'Pod':
      return { phase: status.phase };
    case 'Job':
      return { conditions: holding('Complete', 'Failed', 'Suspended') };
    case 'CustomResourceDefinition':
      return { storedVersions: status.storedVersions };
    case 'CertificateSigningRequest':
      return { conditions: holding('Approved', 'Denied', 'Failed'), certificate: status.certificate };
    case 'ResourceClaim':
      return status;
    case 'Service':
      return { loadBalancer: status.loadBalancer };
    default:
      return undefined;
  }
}

/** Uids of living objects become their names: an object that came back anew has another uid, and so have references. */
function named(value: unknown, dump: Dump): unknown {
  if (typeof value === 'string') {
    const living = value.length === 36 ? dump.byUid.get(value) : undefined;
    return living ? `uid of ${living.key}` : value;
  }
  if (Array.isArray(value)) return value.map((one) => named(one, dump));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const { entries, fromEntries } = Object;
  const isReference = Object.hasOwn(value, 'uid') && Object.hasOwn(value, 'name');
  return fromEntries(
    entries(value)
      .filter(([key]) => !(isReference && key === 'resourceVersion'))
      .map(([key, one]) => [key, named(one, dump)]),
  );
}

function ownershipOf({ object: { metadata } }: Item): string {
  const entries = (metadata.managedFields ?? []) as { manager?: string; subresource?: string; time?: string }[];
  return entries
    .filter(({ manager = '', subresource }) => subresource !== 'status' && !COMPONENTS.test(manager))
    .map(({ time: _, ...entry }) => canonical(entry))
    .sort()
    .join('\n');
}

/** What a pod has from its template: equal for all that replace each other. */
export function podTemplate(item: Item, dump: Dump): string {
  const { content } = essenceOf(item, dump) as { content: { metadata: Fields; spec: Fields; status?: unknown } };
  const [metadata, spec] = [{ ...content.metadata }, { ...content.spec }];
  for (const field of ['name', 'generateName']) delete metadata[field];
  delete spec.nodeName;
  const text = canonical({ metadata, spec, status: content.status });
  const volumes = (spec.volumes ?? []) as { name: string }[];
  const token = volumes.find(({ name }) => TOKEN_VOLUME.test(name))?.name;
  return token ? text.replaceAll(token, 'token') : text;
}
