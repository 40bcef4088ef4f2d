import type { KubeObject, ObjectRef, OwnerReference } from '../../domain/kube-object.ts';
import { refKey, refLabel } from '../../domain/kube-object.ts';
import type { Json } from '../../json/json.ts';
import { objectPath } from '../wire/api-request.ts';
import type { Discovery } from '../wire/discovery.ts';
import { splitApiVersion } from '../wire/discovery.ts';
import type { UndoAccess } from './undo-access.ts';
import type { UndoFindings } from './undo-findings.ts';

/** What it means for an undo whether the owners of an object are still there. */
export class UndoOwners {
  readonly #access: UndoAccess;
  readonly #discovery: Discovery;
  readonly #findings: UndoFindings;
  readonly #mayGo: ReadonlySet<string>;

  /** @param mayGo keys of the objects of which a forecast said that controllers act on them */
  constructor(access: UndoAccess, discovery: Discovery, findings: UndoFindings, mayGo: ReadonlySet<string>) {
    this.#access = access;
    this.#discovery = discovery;
    this.#findings = findings;
    this.#mayGo = mayGo;
  }

  /**
   * A pod that its ReplicaSet removed because it had one too many, as the forecast of its write said that it may: what
   * runs is as it was. Null for every other object that is gone.
   */
  async takenAway(ref: ObjectRef, pod: KubeObject): Promise<string | null> {
    const owner =
      ref.kind === 'Pod' && this.#mayGo.has(refKey(ref))
        ? pod.metadata.ownerReferences?.find(({ controller }) => controller)
        : undefined;
    if (owner?.kind !== 'ReplicaSet' && owner?.kind !== 'ReplicationController') return null;
    const live = await this.#ownerOf(ref.namespace, owner);
    if (live?.metadata.uid !== owner.uid) return null;
    const [wanted, there] = [live.spec?.replicas ?? 1, live.status?.replicas ?? 0];
    if (there < wanted) return null;
    return `${refLabel(ref)} is gone: ${owner.kind}/${owner.name} had one too many, and has the ${wanted} it wants`;
  }

  /** An owner that is gone cannot be referred to again: the object would be deleted for it (garbage collector). */
  async lacks(ref: ObjectRef, now: Json, target: Json, findings: UndoFindings): Promise<boolean> {
    const ownersOf = (document: Json) => (document as unknown as KubeObject).metadata.ownerReferences ?? [];
    const back = ownersOf(target).filter((owner) => !ownersOf(now).some(({ uid }) => uid === owner.uid));
    for (const owner of back) {
      const live = await this.#ownerOf(ref.namespace, owner);
      if (live?.metadata.uid === owner.uid) continue;
      const why = `its former owner ${owner.kind}/${owner.name} is gone: with the reference to it, it would be deleted`;
      findings.diverge(ref, '/metadata/ownerReferences', ownersOf(target), why);
      return true;
    }
    return false;
  }

  /** Garbage collection deletes within seconds what refers to an owner that is not there any more. */
  async withLiveOwners(body: KubeObject): Promise<KubeObject> {
    const owners = body.metadata.ownerReferences ?? [];
    const kept: typeof owners = [];
    for (const owner of owners) {
      const live = await this.#ownerOf(body.metadata.namespace, owner);
      if (live?.metadata.uid) kept.push({ ...owner, uid: live.metadata.uid });
      else
        this.#findings.residue.push(
          `${body.kind}/${body.metadata.name} no longer refers to its owner ${owner.kind}/${owner.name}, which is gone`,
        );
    }
    if (kept.length > 0) body.metadata.ownerReferences = kept;
    else delete body.metadata.ownerReferences;
    return body;
  }

  async #ownerOf(namespace: string | undefined, owner: OwnerReference): Promise<KubeObject | null> {
    const [group, version] = splitApiVersion(owner.apiVersion);
    const resource = await this.#discovery.resourceOfKind(owner.apiVersion, owner.kind);
    if (!resource) return null;
    const at = { group, version, resource: resource.name, namespace: resource.namespaced ? (namespace ?? '') : '' };
    return this.#access.get(objectPath(at, owner.name));
  }
}
