import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { classOf, isProvisionersOwn, NO_PROVISIONER, servedBy } from './storage-classes.ts';
import { consumersOfClaim } from '../../../../kube/subjects.ts';

/** Waiting for a volume and not on its way out: the only state in which replacing a claim loses nothing. */
export function isUnbound(claim: KubeObject): boolean {
  return (
    (claim.status?.phase ?? 'Pending') === 'Pending' && !claim.spec?.volumeName && !claim.metadata.deletionTimestamp
  );
}

/** Why a claim will never get a volume from its class. */
export interface ClaimTrouble {
  what: 'missing-class' | 'no-provisioner' | 'no-class' | 'access-mode';
  message: string;
  evidence: Evidence[];
  /** Certainty of the trouble itself. */
  certainty: number;
  /** Access modes that its class does give, where those that it asks for are what is wrong; empty where nothing tells. */
  modes?: string[];
}

/** Null when nothing is wrong with the class, or nothing can be said. */
export function troubleOf(view: ClusterView, claim: KubeObject): ClaimTrouble | null {
  const name = classOf(claim);
  if (name === '') return null;
  if (name === undefined) return withoutClass(view, claim);
  const storageClass = view.find('StorageClass', undefined, name);
  if (!storageClass) return withMissingClass(view, claim, name);
  return withRefusedMode(view, claim) ?? withoutProvisioner(view, claim, storageClass);
}

const MODES = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'];

/** The provisioner says that it does not give the access modes that the claim asks for. */
function withRefusedMode(view: ClusterView, claim: KubeObject): ClaimTrouble | null {
  const refused = view
    .eventsOf(claim)
    .find(
      ({ reason, message }) =>
        reason === 'ProvisioningFailed' && /access ?modes?|only supports? ReadWrite/i.test(message),
    );
  if (!refused) return null;
  const asked: string[] = Array.isArray(claim.spec?.accessModes) ? claim.spec.accessModes : [];
  const bound = view
    .all('PersistentVolumeClaim')
    .filter((each) => each.status?.phase === 'Bound' && classOf(each) === classOf(claim));
  const spoken = /only supports? (.*)/i.exec(refused.message)?.[1] ?? '';
  const given = MODES.filter(
    (mode) => new RegExp(`\\b${mode}\\b`).test(spoken) || bound.some(({ spec }) => spec?.accessModes?.includes(mode)),
  );
  return {
    what: 'access-mode',
    message: `its StorageClass ${classOf(claim)} does not give access mode ${asked.join(', ')}`,
    evidence: [evidence('spec', claim, 'spec.accessModes', `asks for ${asked.join(', ')}`)],
    certainty: 0.95,
    modes: given.filter((mode) => !asked.includes(mode)),
  };
}

function withMissingClass(view: ClusterView, claim: KubeObject, name: string): ClaimTrouble | null {
  // A class name without object is how volumes made by hand are matched.
  const byHand = view.all('PersistentVolume').filter((volume) => volume.spec?.storageClassName === name);
  if (byHand.some((volume) => volume.status?.phase === 'Available')) return null;
  const used = byHand.length > 0;
  const known = view.all('StorageClass').map((each) => each.metadata.name);
  const have = known.length > 0 ? `there are ${known.slice(0, 8).join(', ')}` : 'there are none';
  return {
    what: 'missing-class',
    message: `it asks for StorageClass ${name}, which does not exist`,
    evidence: [
      evidence('spec', claim, 'spec.storageClassName', `StorageClass ${name} does not exist; ${have}`),
      ...(used
        ? [evidence('sibling', byHand[0]!, null, `volumes of class ${name} were made by hand; all are taken`)]
        : []),
    ],
    certainty: used ? 0.5 : 1,
  };
}

function withoutClass(view: ClusterView, claim: KubeObject): ClaimTrouble | null {
  const event = view.eventsOf(claim).find((each) => /no storage class is set/i.test(each.message));
  if (!event) return null;
  return {
    what: 'no-class',
    message: 'it names no StorageClass and none was the default when it was made',
    evidence: [],
    certainty: 0.7,
  };
}

/** Longest wait in which a provisioner that works would have shown itself. */
const PATIENCE_MS = 30_000;

function withoutProvisioner(view: ClusterView, claim: KubeObject, storageClass: KubeObject): ClaimTrouble | null {
  const provisioner = String(storageClass['provisioner'] ?? '');
  if (provisioner === '' || provisioner === NO_PROVISIONER || servedBy(view, provisioner)) return null;
  const events = view.eventsOf(claim);
  // What it says of its failure shows that it runs.
  if (events.some(({ reason, component }) => isProvisionersOwn(reason) || component.startsWith(provisioner)))
    return null;
  // With WaitForFirstConsumer a claim that no pod uses is meant to wait.
  const waits = storageClass['volumeBindingMode'] === 'WaitForFirstConsumer';
  const asked = events.some(
    (event) => event.reason === 'ExternalProvisioning' || event.reason === 'ProvisioningFailed',
  );
  if (waits && !asked && consumersOfClaim(view, claim.metadata.namespace, claim.metadata.name).length === 0)
    return null;
  const servedElsewhere = view
    .all('StorageClass')
    .some((each) => each !== storageClass && servedBy(view, String(each['provisioner'])));
  if (!asked && !(servedElsewhere && !waits)) return null;
  const age = view.now - (Date.parse(claim.metadata.creationTimestamp ?? '') || view.now);
  const repeated = events.some((event) => event.reason === 'ExternalProvisioning' && event.count > 1);
  const failed = events.some((event) => event.reason === 'ProvisioningFailed');
  const certainty = failed || repeated || age > PATIENCE_MS ? 0.95 : servedElsewhere ? 0.8 : 0.5;
  return {
    what: 'no-provisioner',
    message: `nothing in the cluster serves provisioner ${provisioner} of its StorageClass ${storageClass.metadata.name}`,
    evidence: [
      evidence(
        'spec',
        storageClass,
        'provisioner',
        `StorageClass ${storageClass.metadata.name} has provisioner ${provisioner}`,
      ),
      evidence('spec', storageClass, 'provisioner', `no volume, CSI driver or event shows that ${provisioner} runs`),
    ],
    certainty,
  };
}
