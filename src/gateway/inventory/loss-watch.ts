import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey } from '../../domain/kube-object.ts';
import type { Consequence, Loss } from '../../domain/transaction.ts';
import type { Owned } from '../../undo/consequences/facts.ts';
import { namesRemaker } from '../../undo/consequences/remade.ts';
import { BUILT_IN_GROUPS, splitApiVersion } from '../wire/discovery.ts';
import { descendants } from './live-facts.ts';
import type { Holdings, MetadataReader } from './metadata-reader.ts';
import { resourceLabel } from './metadata-reader.ts';
import type { ServedKind } from './served-kinds.ts';

/** Kinds that the cluster replaces as a matter of course; what they say is derived from other objects. */
const DERIVED = new Set(['Event', 'Lease', 'EndpointSlice', 'Endpoints', 'VolumeAttachment', 'CSIStorageCapacity']);
const isWatched = ({ kind }: ServedKind) => !DERIVED.has(kind);
/** `OWNER KIND`: what a controller deletes by itself in its daily work, as long as nobody here touches its owner. */
const KEPT_SHORT = new Set([
  'Deployment ReplicaSet',
  'StatefulSet ControllerRevision',
  'DaemonSet ControllerRevision',
  'CronJob Job',
]);

/** One namespace, or (empty) what is outside of all, as it was when it was first looked at. */
interface Checkpoint {
  objects: Map<string, Owned>;
  unseen: string[];
}

/**
 * Remembers what there was when a transaction began and tells what vanished since and was not announced by a forecast,
 * whoever took it away. Scopes are added before the first write into them; each look lists them again, by metadata.
 */
export class LossWatch {
  readonly #reader: MetadataReader;
  readonly #since: number;
  readonly #checkpoints = new Map<string, Promise<Checkpoint>>();
  readonly #announced: Consequence[] = [];
  /** Objects that the transaction wrote itself: they are compared field by field elsewhere. */
  readonly #roots = new Map<string, ObjectRef>();
  #blind: string[] = [];

  /**
   * @param since what was made later (ms since the epoch) was not there at the checkpoint, though it may be there when this
   * process looks for the first time
   */
  constructor(reader: MetadataReader, since = Infinity) {
    this.#reader = reader;
    this.#since = since;
  }

  /** Takes the checkpoint of a scope, once. Resolves when it is there. */
  async watch(namespace: string): Promise<void> {
    let pending = this.#checkpoints.get(namespace);
    if (!pending) {
      pending = this.#reader
        .holdings(namespace, isWatched)
        .then(({ objects, unseen }) => ({
          objects: new Map(objects.filter((one) => this.#isOldEnough(one)).map((object) => [object.uid, object])),
          unseen,
        }))
        // Nothing seen, and said so: the write is asked about.
        .catch(() => ({ objects: new Map<string, Owned>(), unseen: ['all kinds'] }));
      this.#checkpoints.set(namespace, pending);
    }
    await pending;
  }

  #isOldEnough({ metadata }: Owned): boolean {
    const made = Date.parse(metadata.creationTimestamp ?? '');
    return Number.isNaN(made) || made <= this.#since;
  }

  /** What of a scope's checkpoint is worth remembering in a journal: pods that their controller makes again are not. */
  async remembered(namespace: string): Promise<Owned[]> {
    const checkpoint = await this.#checkpoints.get(namespace);
    return [...(checkpoint?.objects.values() ?? [])].filter(
      ({ ref, metadata }) => !DERIVED.has(ref.kind) && !(ref.kind === 'Pod' && namesRemaker({ ...ref, metadata })),
    );
  }

  /** The checkpoint of a scope as another process took it. */
  restore(namespace: string, objects: Owned[]): void {
    const byUid = new Map(objects.map((object) => [object.uid, object]));
    this.#checkpoints.set(namespace, Promise.resolve({ objects: byUid, unseen: [] }));
  }

  /** What a write to `root` is known to bring about. */
  announce(root: ObjectRef, consequences: readonly Consequence[] = []): void {
    this.#roots.set(refKey(root), root);
    this.#announced.push(...consequences);
  }

  /** Kinds that cannot be watched for losses, in any scope. */
  async unseen(): Promise<string[]> {
    const all = await Promise.all(this.#checkpoints.values());
    return [...new Set(all.flatMap(({ unseen }) => unseen))];
  }

  /** Resources that the checkpoint has something of and that the last look could not list: of those it said nothing. */
  get blind(): readonly string[] {
    return this.#blind;
  }

  /** What is gone, or on its way, and was not announced. A scope that cannot be read any more says nothing. */
  async losses(): Promise<Loss[]> {
    const losses: Loss[] = [];
    this.#blind = [];
    for (const [namespace, pending] of this.#checkpoints) {
      const { objects } = await pending;
      const present = new Set([...objects.values()].map(({ resource }) => resource));
      if (present.size === 0) continue;
      // Kinds of which there was nothing cannot have lost anything. They matter as new owners of what was there.
      const look = (isWanted: (kind: ServedKind) => boolean) =>
        this.#reader.holdings(namespace, isWanted).catch(() => null);
      const quick = await look((kind) => present.has(resourceLabel(kind)));
      this.#blind.push(...[...present].filter((resource) => !quick || quick.unseen.includes(resource)));
      if (!quick || this.#lossesOf(objects, quick).length === 0) continue;
      const all = await look(isWatched);
      if (all) losses.push(...this.#lossesOf(objects, all));
    }
    return losses;
  }

  #lossesOf(objects: Checkpoint['objects'], now: Holdings): Loss[] {
    const losses: Loss[] = [];
    const blind = new Set(now.unseen);
    const live = new Map(now.objects.map((object) => [object.uid, object]));
    const names = new Set(now.objects.map(({ ref }) => refKey(ref)));
    const all = [...objects.values()];
    for (const object of all) {
      const is = live.get(object.uid);
      const going = is?.metadata.deletionTimestamp && !object.metadata.deletionTimestamp;
      if ((is && !going) || (!is && blind.has(object.resource))) continue;
      if (object.metadata.deletionTimestamp || this.#isExplained(object, all, live)) continue;
      losses.push({ ref: object.ref, uid: object.uid, replaced: !is && names.has(refKey(object.ref)) });
    }
    return losses;
  }

  #isExplained(object: Owned, all: Owned[], live: Map<string, Owned>): boolean {
    const { ref, metadata } = object;
    if (DERIVED.has(ref.kind) || this.#roots.has(refKey(ref))) return true;
    if (!ref.namespace && !this.#concernsOutside(ref.kind) && !this.#isBelowRoot(object, all)) return true;
    if (this.#isAnnounced(object, all)) return true;
    const owner = metadata.ownerReferences?.find(({ controller }) => controller);
    if (!owner || !live.has(owner.uid)) return false;
    // A controller that lives makes its pods again.
    if (ref.kind === 'Pod' && namesRemaker({ ...ref, metadata })) return true;
    const owned = all.find(({ uid }) => uid === owner.uid);
    return KEPT_SHORT.has(`${owner.kind} ${ref.kind}`) && owned !== undefined && !this.#roots.has(refKey(owned.ref));
  }

  /**
   * Outside of namespaces much comes and goes all day in a cluster that works (nodes, previews, roles of operators): it
   * counts where a write can have reached it. Below what was written, volumes of claims, and anything after a write to a
   * custom resource, whose operator may do anything.
   */
  #concernsOutside(kind: string): boolean {
    const isCustom = ({ apiVersion }: ObjectRef) => !BUILT_IN_GROUPS.has(splitApiVersion(apiVersion)[0]);
    const takesVolumes = ({ kind: root }: ObjectRef) => root === 'PersistentVolume' || root === 'PersistentVolumeClaim';
    return [...this.#roots.values()].some(
      (root) => isCustom(root) || (kind === 'PersistentVolume' && takesVolumes(root)),
    );
  }

  /** It hangs below something that the transaction wrote. */
  #isBelowRoot(object: Owned, all: Owned[]): boolean {
    return all.some(
      ({ ref, uid }) => this.#roots.has(refKey(ref)) && descendants(uid, all).some((one) => one.uid === object.uid),
    );
  }

  #isAnnounced(object: Owned, all: Owned[]): boolean {
    const key = refKey(object.ref);
    return this.#announced.some((consequence) => {
      if (!consequence.object) return false;
      if (!consequence.below) return refKey(consequence.object) === key;
      if (!consequence.below.includes(object.ref.kind)) return false;
      const above = all.find(({ ref }) => refKey(ref) === refKey(consequence.object!));
      return above !== undefined && descendants(above.uid, all).some(({ uid }) => uid === object.uid);
    });
  }
}
