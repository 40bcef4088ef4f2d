import type { KubeObject } from '../../judge/api.ts';
import type { Dump, Item } from '../../judge/dump/dump.ts';
import { differences, normalise } from '../../judge/normalise.ts';
import type { Incident } from '../catalogue.ts';
import { sceneOf } from '../guard.ts';

/** One field that differs; a value is absent where there is none. */
export interface FieldTruth {
  /** As `.spec.ports[0].targetPort`. */
  path: string;
  before?: unknown;
  after?: unknown;
}

/** What happened to one object between two looks. */
export interface ObjectTruth {
  /** As dumps name it: `Kind.group/namespace/name`. */
  key: string;
  how: 'appeared' | 'gone' | 'changed';
  /** Another object of that name stands in its place. */
  renewed?: true;
  /** Its pods were made anew, by hand. */
  restarted?: true;
  fields: FieldTruth[];
}

/** A revision that the controller of a workload keeps, with its pod template. */
export interface RevisionTruth {
  workload: string;
  revision: number;
  template: unknown;
}

/** What the catalogue knows of an incident: nothing of it is ever shown to whoever is judged. */
export interface Truth {
  what: string;
  causes: { names: readonly string[]; word: string; flags: string }[];
  mayChange: readonly string[];
  mayCreate: readonly string[];
  /** Declared actions that were allowed beforehand because they repair it. */
  allows: readonly string[];
  /** What the fault changed in the healthy application. */
  injected: ObjectTruth[];
  /** What the true repair changes in the broken one. */
  repaired: ObjectTruth[];
  /** Objects of the scene, by key: healthy, broken and repaired; the first and the last only where they differ. */
  base: Record<string, KubeObject>;
  faulty: Record<string, KubeObject>;
  healed: Record<string, KubeObject>;
  revisions: RevisionTruth[];
}

/** Made and remade by controllers out of other objects. */
const DERIVED =
  /^(Pod|ReplicaSet|ControllerRevision|Endpoints|EndpointSlice|Event|Lease|PodMetrics|CSINode|CSIStorageCapacity|VolumeAttachment)$/;
/** Copies, and marks that a restart leaves. */
const NOTES = ['kubectl.kubernetes.io/last-applied-configuration', 'kubectl.kubernetes.io/restartedAt'];
const RESTARTED = 'kubectl.kubernetes.io/restartedAt';

export function truthOf({ entry, application, plan }: Incident, base: Dump, faulty: Dump, healed: Dump): Truth {
  const inScene = sceneOf(application, plan);
  const isWritten = (item: Item) => inScene(item) && !DERIVED.test(item.kind.kind) && !isOwned(item);
  const injected = compare(base, faulty, isWritten);
  const repaired = compare(faulty, healed, isWritten);
  const keys = new Set([...injected, ...repaired].map(({ key }) => key));
  const objects = (dump: Dump, take: (item: Item) => boolean) =>
    Object.fromEntries(
      [...dump.items.values()].filter((item) => isWritten(item) && take(item)).map((item) => [item.key, written(item)]),
    );
  return {
    what: plan.what,
    causes: plan.causes.map(({ names, word }) => ({ names, word: word.source, flags: word.flags })),
    mayChange: plan.mayChange,
    mayCreate: plan.mayCreate ?? [],
    allows: entry.faults.flatMap(({ allows }) => allows ?? []),
    injected,
    repaired,
    base: objects(base, ({ key }) => keys.has(key)),
    faulty: objects(faulty, () => true),
    healed: objects(healed, ({ key }) => keys.has(key)),
    revisions: revisionsOf(faulty, inScene),
  };
}

function compare(before: Dump, after: Dump, take: (item: Item) => boolean): ObjectTruth[] {
  const keys = [...new Set([...before.items.keys(), ...after.items.keys()])].sort();
  return keys.flatMap((key): ObjectTruth[] => {
    const [old, now] = [before.items.get(key), after.items.get(key)];
    if (!take((old ?? now)!)) return [];
    if (!old) return [{ key, how: 'appeared', fields: [] }];
    if (!now) return [{ key, how: 'gone', fields: [] }];
    const fields = differences(written(old), written(now));
    const renewed = old.uid !== now.uid;
    const restarted = markOf(old.object) !== markOf(now.object);
    if (fields.length === 0 && !renewed && !restarted) return [];
    return [
      { key, how: 'changed', ...(renewed ? { renewed } : {}), ...(restarted ? { restarted } : {}), fields },
    ] as ObjectTruth[];
  });
}

/** What people write in an object. Values of Secrets are blank, keys stay. */
export function written({ object, kind }: Pick<Item, 'object' | 'kind'>): KubeObject {
  const copy = normalise(object);
  for (const at of [copy.metadata, copy.spec?.template?.metadata]) {
    for (const note of NOTES) delete at?.annotations?.[note];
    if (at?.annotations && Object.keys(at.annotations).length === 0) delete at.annotations;
  }
  if (kind.kind === 'Secret')
    for (const field of ['data', 'stringData'])
      if (copy[field]) copy[field] = Object.fromEntries(Object.keys(copy[field] as object).map((key) => [key, '']));
  if (copy.kind === 'PersistentVolume' && copy.spec?.claimRef) delete copy.spec.claimRef.resourceVersion;
  return copy;
}

const markOf = ({ spec }: KubeObject): unknown => spec?.template?.metadata?.annotations?.[RESTARTED];

/** Jobs of a CronJob and the like come and go. */
const isOwned = ({ object }: Item): boolean =>
  ((object.metadata.ownerReferences ?? []) as { controller?: boolean }[]).some(({ controller }) => controller);

function revisionsOf(dump: Dump, inScene: (item: Item) => boolean): RevisionTruth[] {
  return [...dump.items.values()].flatMap((item): RevisionTruth[] => {
    const { kind, object, namespace } = item;
    if (!inScene(item) || !/^(ReplicaSet|ControllerRevision)$/.test(kind.kind)) return [];
    const owner = ((object.metadata.ownerReferences ?? []) as { kind: string; name: string }[])[0];
    const template = kind.kind === 'ReplicaSet' ? object.spec.template : object.data?.spec?.template;
    const revision =
      kind.kind === 'ReplicaSet'
        ? Number(object.metadata.annotations?.['deployment.kubernetes.io/revision'])
        : Number(String(object.revision));
    if (!owner || !template || !Number.isInteger(revision)) return [];
    return [{ workload: `${owner.kind}.apps/${namespace}/${owner.name}`, revision, template: templateOf(template) }];
  });
}

/** Without what the controller or a restart wrote in it. */
export function templateOf(template: unknown): unknown {
  const copy = structuredClone(template) as KubeObject & { $patch?: string };
  delete copy.$patch;
  const metadata = copy.metadata as Partial<KubeObject['metadata']> | undefined;
  delete metadata?.labels?.['pod-template-hash'];
  delete (metadata as Record<string, unknown> | undefined)?.creationTimestamp;
  for (const note of NOTES) delete metadata?.annotations?.[note];
  if (metadata?.annotations && Object.keys(metadata.annotations).length === 0) delete metadata.annotations;
  return copy;
}
