import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { condition, isLiving } from '../../../../kube/pods.ts';
import { consumersOfClaim, namesClaim } from '../../../../kube/subjects.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { oneLine } from '../../../../text/plain-text.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const STUCK_DELETION = 'stuck-deletion';

/** Controllers clean up within seconds; what takes longer than this waits for somebody. */
const PATIENCE_MS = 60_000;
const KINDS = [
  'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob', 'Service', 'Ingress', 'ConfigMap', 'Secret',
  'PersistentVolumeClaim', 'Pod',
]; // prettier-ignore

/** Finalizers of Kubernetes itself, and what they wait for. */
const BUILT_IN: Record<string, string> = {
  foregroundDeletion: 'the garbage collector, until all that it owns is gone',
  orphan: 'the garbage collector',
  kubernetes: 'the namespace controller, until all in it is gone',
  'kubernetes.io/pvc-protection': 'the pods that use it to end',
  'kubernetes.io/pv-protection': 'the claim that is bound to it to go',
  'service.kubernetes.io/load-balancer-cleanup': 'the cloud controller to remove the load balancer',
  'batch.kubernetes.io/job-tracking': 'the Job controller to count it',
};

/**
 * Namespaces and objects that were deleted and do not go: whose finalizer they wait for, and what keeps its controller. A
 * finalizer is never taken off: what it stands for would be left behind (kubernetes.io: Finalizers).
 */
export async function analyzeStuckDeletions(context: AnalyzerContext): Promise<Finding[]> {
  const { view } = context;
  const namespaces = view.all('Namespace').filter((one) => view.inScope(one.metadata.name) && isStuck(view, one));
  const inDying = new Set(namespaces.map(({ metadata }) => metadata.name));
  const objects = KINDS.flatMap((kind) => view.all(kind)).filter(
    (one) => (isStuck(view, one) || waitingPods(view, one).length > 0) && (one.metadata.finalizers ?? []).length > 0,
  );
  const own = objects.map((object) => findingFor(view, object, inDying.has(object.metadata.namespace ?? '')));
  return [...(await Promise.all(namespaces.map((one) => namespaceFinding(context, one)))), ...own];
}

/** A pod's own grace comes on top. */
function isStuck(view: ClusterView, { metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && view.now - Date.parse(metadata.deletionTimestamp) > PATIENCE_MS;
}

/** Pods that are not placed because their claim is being deleted: they wait for as long as it goes on. */
function waitingPods(view: ClusterView, claim: KubeObject): KubeObject[] {
  const { namespace, name, deletionTimestamp } = claim.metadata;
  if (claim.kind !== 'PersistentVolumeClaim' || deletionTimestamp === undefined) return [];
  return view.all('Pod', namespace).filter((pod) => isLiving(pod) && !pod.spec?.nodeName && namesClaim(pod.spec, name));
}

/** What becomes of the data, as the volume's reclaim policy says (kubernetes.io, "Persistent Volumes", reclaiming). */
function fateOf(view: ClusterView, claim: KubeObject): string {
  const name = String(claim.spec?.volumeName ?? '');
  const volume = name === '' ? undefined : view.find('PersistentVolume', undefined, name);
  const policy = volume?.spec?.persistentVolumeReclaimPolicy as string | undefined;
  if (policy === 'Retain') return `its volume ${name} is kept, and can be claimed again`;
  return `its data ${policy === undefined ? 'may go' : 'goes'} with the last pod that uses it${name === '' ? '' : ` (volume ${name}${policy === undefined ? '' : `: reclaim policy ${policy}`})`}`;
}

function waitsFor(finalizer: string): string {
  const [domain] = finalizer.split('/');
  return BUILT_IN[finalizer] ?? `the controller of ${domain}, which alone may take it off`;
}

function findingFor(view: ClusterView, object: KubeObject, dying: boolean): Finding {
  const finalizers = object.metadata.finalizers!;
  const [first] = finalizers as [string];
  const users =
    object.kind === 'PersistentVolumeClaim' && finalizers.includes('kubernetes.io/pvc-protection')
      ? consumersOfClaim(view, object.metadata.namespace, object.metadata.name)
      : [];
  const using =
    users.length > 0 ? ` (${users.map((one) => `${one.kind} ${one.metadata.name}`).join(', ')} uses it)` : '';
  const waiting = dying ? [] : waitingPods(view, object);
  if (waiting.length > 0) return claimFinding(view, object, waiting);
  return makeFinding({
    rule: STUCK_DELETION,
    // Pods go on using a claim that waits for them; whoever deleted it knows what comes next.
    severity: users.length > 0 && !dying ? 'info' : 'warning',
    object,
    what: 'finalizer',
    message: `${object.kind} ${object.metadata.name} is being deleted since ${object.metadata.deletionTimestamp} and waits for finalizer ${oneLine(first, 120)}: ${oneLine(waitsFor(first), 160)}${using}`,
    evidence: finalizers.map((one) =>
      evidence('spec', object, 'metadata.finalizers', untrustedLine(`finalizer ${one} waits for ${waitsFor(one)}`)),
    ),
    beyond: true,
  });
}

/** A deletion cannot be taken back: what serves now is the last that has the data. */
function claimFinding(view: ClusterView, claim: KubeObject, waiting: readonly KubeObject[]): Finding {
  const { name, deletionTimestamp } = claim.metadata;
  const volume = String(claim.spec?.volumeName ?? '');
  const fate = fateOf(view, claim);
  const [pod] = waiting;
  return makeFinding({
    rule: STUCK_DELETION,
    severity: 'critical',
    object: claim,
    what: 'claim',
    message: `Claim ${name} is being deleted since ${deletionTimestamp}, so that pod ${pod!.metadata.name} is not placed; ${fate}`,
    evidence: [
      evidence('spec', claim, 'metadata.deletionTimestamp', `it is being deleted, which cannot be taken back; ${fate}`),
      ...waiting.slice(0, 2).map((each) => {
        const told = untrustedLine(String(condition(each, 'PodScheduled')?.message ?? 'it is not placed'));
        return evidence('status', each, 'status.conditions', told);
      }),
    ],
    unfixed: `a deletion cannot be taken back: leave the pods that still use it alone, ${volume === '' ? 'save the data' : `have volume ${volume} kept (reclaim policy Retain)`} first, then let the claim go and claim ${volume === '' ? 'it' : 'the volume'} anew`,
    beyond: true,
  });
}

async function namespaceFinding(context: AnalyzerContext, namespace: KubeObject): Promise<Finding> {
  const { name } = namespace.metadata;
  const told = [
    'NamespaceDeletionDiscoveryFailure',
    'NamespaceDeletionGroupVersionParsingFailure',
    'NamespaceDeletionContentFailure',
    'NamespaceFinalizersRemaining',
    'NamespaceContentRemaining',
  ].flatMap((type) => {
    const found = condition(namespace, type);
    return found?.status === 'True' ? [found] : [];
  });
  const blind = told.some(({ type }) => type === 'NamespaceDeletionDiscoveryFailure');
  const services = blind ? await deadApis(context) : [];
  const why = services[0]
    ? `: ${services[0].text}`
    : told[0]
      ? `: ${oneLine(told[0].message ?? told[0].type, 200)}`
      : '';
  return makeFinding({
    rule: STUCK_DELETION,
    severity: 'critical',
    object: namespace,
    what: 'namespace',
    message: `Namespace ${name} is being deleted since ${namespace.metadata.deletionTimestamp} and does not go${why}`,
    evidence: [
      ...services,
      ...told.map(({ type, message }) =>
        evidence('status', namespace, 'status.conditions', untrustedLine(`${type}: ${message ?? ''}`)),
      ),
    ],
    unfixed: services[0]
      ? 'the API that does not answer has to come back, or be taken away by whoever runs it'
      : 'what a finalizer stands for would be left behind: its controller has to take it off',
    beyond: true,
  });
}

/** Aggregated APIs that do not answer: the namespace controller cannot know that nothing of theirs is left. */
async function deadApis({ list }: AnalyzerContext): Promise<Evidence[]> {
  // Who may not list them hears of the deletion without them.
  const all = await list({ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService' }).catch(() => []);
  return all.flatMap((service) => {
    const available = condition(service, 'Available');
    if (available?.status !== 'False') return [];
    const { namespace = '', name = '' } = service.spec?.service ?? {};
    const text = untrustedLine(
      `APIService ${service.metadata.name} is not available (Service ${namespace}/${name}): ${available.message ?? available.reason ?? ''}`,
    );
    return [evidence('status', { ...service, kind: 'APIService' }, 'status.conditions', text)];
  });
}

export const stuckDeletionRule: Analyzer = {
  rule: STUCK_DELETION,
  layer: 'infrastructure',
  kinds: [...PODS, ...KINDS, 'Namespace', 'PersistentVolume'],
  explains: 'Objects and namespaces that were deleted and stay, because a finalizer or an API that is down holds them.',
  unfixed: 'what a finalizer stands for would be left behind: its controller has to take it off',
  analyze: analyzeStuckDeletions,
};
