import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refLabel, refOf } from '../../domain/kube-object.ts';
import { comparable } from '../../undo/comparable.ts';
import { othersSince } from '../../undo/field-owners.ts';
import { difference, pointer } from '../../undo/difference.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import { namesRemaker } from '../../undo/consequences/remade.ts';
import { normalise } from '../../undo/normalise.ts';
import { BUILT_IN_GROUPS, splitApiVersion } from '../wire/discovery.ts';
import type { LiveFacts } from '../inventory/live-facts.ts';
import type { Owned, OwnerGraph } from '../../undo/consequences/facts.ts';
import { kindKey } from '../../undo/consequences/lookup.ts';
import { usersOf } from './users-of.ts';
import type { UndoAccess } from './undo-access.ts';
import type { UndoFindings } from './undo-findings.ts';

/** How long a deleted object may take until it is gone. */
export const GONE_WITHIN_MS = 60_000;
/** Rounds of deleting pods that hold a claim; their controller may make new ones in between. */
const MAX_CONSUMER_ROUNDS = 20;

/** Takes away what the transaction created, and nothing else. */
export class UndoRemoval {
  readonly #access: UndoAccess;
  readonly #facts: LiveFacts;
  readonly #findings: UndoFindings;
  readonly #manager: string;

  constructor(access: UndoAccess, facts: LiveFacts, findings: UndoFindings, manager: string) {
    this.#facts = facts;
    this.#access = access;
    this.#findings = findings;
    this.#manager = manager;
  }

  async remove({
    ref,
    path,
    created,
    merged,
    statusIsContent,
  }: Extract<InverseStep, { action: 'remove' }>): Promise<void> {
    const live = await this.#access.get(path);
    if (!live) return;
    if (merged && live.metadata.uid === created.metadata.uid) {
      const what = 'somebody else created it at the same moment; what was applied to it here is still in it';
      this.#findings.diverge(ref, '', undefined, what);
      return;
    }
    if (live.metadata.uid !== created.metadata.uid) {
      this.#findings.residue.push(`${refLabel(ref)} was created anew by somebody else and is kept`);
      return;
    }
    if (await this.#holdsOthers(ref, live)) return;
    const changes = difference(comparable(created, statusIsContent), comparable(live, statusIsContent));
    const others = othersSince(created, live, this.#manager);
    if (changes.length > 0 && (others.length > 0 || !live.metadata.managedFields)) {
      const paths = changes.slice(0, 3).map(({ path }) => pointer(path, normalise(live, statusIsContent)));
      const who = others.map(writerLabel).join(', ') || 'somebody else';
      this.#findings.diverge(ref, '', undefined, `it is kept: ${paths.join(', ')} was changed by ${who}`);
      return;
    }
    const users = await usersOf(ref, this.#facts);
    const theirs = users.filter((user) => !this.isOurs(user)).map((user) => refLabel(refOf(user)));
    if (theirs.length > 0)
      this.#findings.residue.push(
        `${refLabel(ref)} is gone again, although it is named by ${theirs.slice(0, 5).join(', ')}`,
      );
    await this.deleteObject(ref, path, live);
  }

  /** Deletes exactly this object and waits until it is gone; pods that hold a claim are let go first. */
  async deleteObject(ref: ObjectRef, path: string, live: KubeObject): Promise<boolean> {
    const uid = live.metadata.uid ?? '';
    const patience = this.#access.patience();
    for (let now: KubeObject | null = live; now?.metadata.uid === uid && !now.metadata.deletionTimestamp;) {
      const answer = await this.#access.write(ref, 'DELETE', path, {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { uid },
        propagationPolicy: 'Background',
      });
      if (answer.status < 300 || answer.status === 404) break;
      if (answer.status !== 409) {
        this.#findings.diverge(ref, '', undefined, `could not be deleted: ${answer.message}`);
        return false;
      }
      now = await this.#access.get(path);
      if (now?.metadata.uid === uid) await this.#access.beforeAnother(patience, ref, answer);
    }
    const gone =
      ref.kind === 'PersistentVolumeClaim'
        ? await this.#releaseClaim(ref, path, uid)
        : await this.#access.waitGone(path, uid, GONE_WITHIN_MS);
    if (!gone) {
      const now = await this.#access.get(path);
      const holders = (now?.metadata.finalizers ?? []).join(', ');
      this.#findings.diverge(
        ref,
        '',
        undefined,
        `still there after ${GONE_WITHIN_MS / 1000} s${holders ? `, held by ${holders}` : ''}`,
      );
    }
    return gone;
  }

  /** The pvc-protection finalizer keeps a claim until no running pod mounts it. */
  async #releaseClaim(claim: ObjectRef, path: string, uid: string): Promise<boolean> {
    for (let round = 0; round < MAX_CONSUMER_ROUNDS; round++) {
      if (await this.#access.waitGone(path, uid, round === 0 ? 500 : 3_000)) return true;
      const pods = (await this.#access.list(`/api/v1/namespaces/${claim.namespace}/pods`)).filter((pod) =>
        mounts(pod, claim.name),
      );
      for (const pod of pods) {
        const ref: ObjectRef = { apiVersion: 'v1', kind: 'Pod', namespace: claim.namespace, name: pod.metadata.name };
        if (!namesRemaker(pod)) {
          this.#findings.residue.push(`${refLabel(ref)} has no controller and holds ${refLabel(claim)}`);
          return false;
        }
        if (pod.metadata.deletionTimestamp) continue;
        await this.#access.write(ref, 'DELETE', `/api/v1/namespaces/${claim.namespace}/pods/${pod.metadata.name}`, {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: pod.metadata.uid },
        });
        this.#findings.residue.push(`${refLabel(ref)} was replaced because it held ${refLabel(claim)}`);
      }
    }
    return false;
  }

  /**
   * Would its deletion take along what others made meanwhile: objects in a namespace, of a kind, or below an owner?
   * What cannot be looked into counts as theirs. It is kept then, and the undo says so.
   */
  async #holdsOthers(ref: ObjectRef, live: KubeObject): Promise<boolean> {
    const kind = kindKey(ref.apiVersion, ref.kind);
    // What an operator made for a custom resource goes with it, as its author wished.
    if (!BUILT_IN_GROUPS.has(splitApiVersion(ref.apiVersion)[0])) return false;
    if (kind === '/PersistentVolumeClaim' && (await this.#bindsTheirVolume(ref, live))) return true;
    const { owned, unseen } =
      kind === '/Namespace'
        ? await this.#facts.contents(ref.name)
        : kind === 'apiextensions.k8s.io/CustomResourceDefinition'
          ? await this.#objectsOfKind(live)
          : await this.#facts.below(live.metadata.uid ?? '', ref.namespace);
    const isContainer = kind === '/Namespace' || kind === 'apiextensions.k8s.io/CustomResourceDefinition';
    const ours = (one: Owned) => one.managers.includes(this.#manager);
    const other = owned.find((one) =>
      isContainer ? !ours(one) && !belongsTo(one, owned, ours) : !ours(one) && !MADE_BY_CONTROLLERS.has(one.ref.kind),
    );
    // Outside of namespaces an owner is as good as never asked about: what cannot be listed there is not worth a stop.
    const hidden = isContainer && !other ? unseen[0] : undefined;
    if (!other && hidden === undefined) return false;
    const what = other
      ? `${refLabel(other.ref)} ${isContainer ? 'in it' : 'below it'} was made by somebody else`
      : `whether ${hidden} of others are in it could not be read`;
    this.#findings.diverge(ref, '', undefined, `it is kept: ${what}`);
    return true;
  }

  /** A volume that somebody made by hand for the claim would be released or deleted with it. */
  async #bindsTheirVolume(ref: ObjectRef, claim: KubeObject): Promise<boolean> {
    const name = claim.spec?.volumeName as string | undefined;
    if (!name) return false;
    const object = { apiVersion: 'v1', kind: 'PersistentVolume', name };
    const volume = await this.#facts.get(object);
    if (volume === null) return false;
    // One that was there before the claim is what the forecast of its creation spoke of.
    const [made, claimed] = [volume, claim].map((one) => Date.parse(one?.metadata.creationTimestamp ?? ''));
    const provisioned = volume?.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] !== undefined;
    if (volume && (provisioned || this.isOurs(volume) || made! < claimed!)) return false;
    const what = volume
      ? `${refLabel(object)}, which it is bound to, was made by somebody else`
      : `who made ${refLabel(object)}, which it is bound to, could not be read`;
    this.#findings.diverge(ref, '', undefined, `it is kept: ${what}`);
    return true;
  }

  async #objectsOfKind(definition: KubeObject): Promise<OwnerGraph> {
    const { group, names, versions = [] } = definition.spec ?? {};
    const owned: Owned[] = [];
    const unseen: string[] = [];
    for (const { name } of versions.filter(({ served }: { served?: boolean }) => served).slice(0, 1)) {
      const found = await this.#facts.metadata(`${group}/${name}`, String(names?.kind));
      if (found) owned.push(...found);
      else unseen.push(String(names?.plural));
    }
    return { owned, unseen };
  }

  /** It carries the field manager of this transaction. */
  isOurs(object: KubeObject): boolean {
    const entries = (object.metadata.managedFields ?? []) as Array<{ manager?: string }>;
    return entries.some((entry) => entry.manager === this.#manager);
  }
}

/** A later transaction is told by its id, so that it can be undone first. */
function writerLabel(manager: string): string {
  const [, id] = /^stratus-(\d{8}-\d{6}-[0-9a-f]+)$/.exec(manager) ?? [];
  return id ? `transaction tx-${id} (undo that first)` : `somebody else (${manager})`;
}

/** What controllers make for the objects of others, or of ours. */
const MADE_BY_CONTROLLERS = new Set([
  'ReplicaSet',
  'Pod',
  'ControllerRevision',
  'Job',
  'PersistentVolumeClaim',
  'EndpointSlice',
  'Endpoints',
  'Lease',
]);

/** An object that hangs below one of ours, however far. */
function belongsTo(object: Owned, all: Owned[], ours: (one: Owned) => boolean): boolean {
  const seen = new Set<string>();
  for (let now: Owned | undefined = object; now && !seen.has(now.uid);) {
    if (ours(now)) return true;
    seen.add(now.uid);
    const owners: string[] = (now.metadata.ownerReferences ?? []).map(({ uid }) => uid);
    now = all.find(({ uid }) => owners.includes(uid));
  }
  return false;
}

function mounts(pod: KubeObject, claim: string): boolean {
  const volumes = (pod.spec?.volumes ?? []) as Array<{ persistentVolumeClaim?: { claimName?: string } }>;
  const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  return !ended && volumes.some((volume) => volume.persistentVolumeClaim?.claimName === claim);
}
