import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { goodRevisions } from '../../clues/former/good-revision.ts';
import type { GoodRevision } from '../../clues/former/good-revision.ts';
import { changedPullPolicy } from './pull-policy.ts';
import { missingPullSecrets } from './pull-secrets.ts';
import { replacementImages } from './image-replacements.ts';
import { containerStatuses, PULL_FAILURES, specImage } from '../../../../kube/image-state.ts';
import { rolloutUndo, setImage } from '../../engine/changes.ts';
import { isPlainImage } from '../../engine/kubectl-commands.ts';
import { containersOf, hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { differingPointers } from '../../../../json/stable-json.ts';
import { comesBackAnew, replaceStuckPods, waitsForBrokenPods } from '../../clues/pods/stuck-pods.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { desiredReplicas, isLiving } from '../../../../kube/pods.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';

const IMAGE_PULL = 'image-pull';

/** Kinds whose image `kubectl set image` changes with effect on their pods. */
const IMAGE_SETTABLE = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Pod']);

interface FailedPull {
  pod: KubeObject;
  container: string;
  image: string;
  reason: string;
  message: string;
}

/** Containers whose image cannot be pulled, per workload. */
export function analyzeImagePulls({ view }: AnalyzerContext): Finding[] {
  return view.workloads().flatMap((workload) => {
    if (workload.metadata.deletionTimestamp) return [];
    const failed = view
      .podsOf(workload)
      .filter(isLiving)
      .flatMap((pod) => failedPulls(view, pod));
    if (failed.length === 0) return [];
    const wanted = new Map(
      containersOf(podTemplateOf(workload)?.spec).map((container) => [container.name, container.image]),
    );
    const current = failed.filter(({ container, image }) => (wanted.get(container) ?? image) === image);
    if (current.length > 0) return [templateFinding(view, workload, current, wanted)];
    // Pods of an earlier template: other controllers replace them by themselves.
    const former = failed.filter(({ pod }) => comesBackAnew(workload, pod));
    return waitsForBrokenPods(workload) && former.length > 0 ? [stuckFinding(view, workload, former)] : [];
  });
}

function failedPulls(view: ClusterView, pod: KubeObject): FailedPull[] {
  return containerStatuses(pod).flatMap((status) => {
    const waiting = status?.state?.waiting;
    const image = specImage(pod, status?.name);
    if (!waiting || !image) return [];
    const event = view
      .eventsOf(pod)
      .find((each) => each.reason === 'Failed' && each.message.includes(`pull image "${image}"`));
    if (!PULL_FAILURES.has(waiting.reason) && !(event && waiting.reason === 'ContainerCreating')) return [];
    const reason = PULL_FAILURES.has(waiting.reason) ? waiting.reason : 'ErrImagePull';
    return { pod, container: status.name, image, reason, message: String(waiting.message ?? event?.message ?? '') };
  });
}

function templateFinding(
  view: ClusterView,
  workload: KubeObject,
  failed: FailedPull[],
  wanted: Map<string, string>,
): Finding {
  const images = new Map(failed.map(({ container, image }) => [container, image]));
  const containers = [...images.keys()].sort();
  const ready = readyPods(view, workload).length;
  const served = ready > 0 && ready >= (desiredReplicas(workload) ?? 1);
  // A container that only pods have was put there by an admission webhook.
  const injected = containers.filter((container) => !wanted.has(container));
  const revisions = injected.length > 0 ? [] : goodRevisions(view, workload).slice(0, 3);
  const trouble = troubleOf(view, failed);
  const policy = changedPullPolicy(view, workload, injected.length > 0 ? new Map() : images, waitsFor(images));
  const fixes = injected.length > 0 ? [] : fixesFor(view, workload, images, revisions, trouble);
  const secrets = missingPullSecrets(view, workload);
  // Who pulls without credentials is told that there is no such image, or that it may not be seen.
  const locked = secrets.names.length > 0 && trouble.denied;
  return makeFinding({
    rule: IMAGE_PULL,
    severity: served ? 'warning' : 'critical',
    object: workload,
    what: containers.join(','),
    message:
      `Image ${[...new Set(images.values())].join(', ')} of ${workload.kind} ${workload.metadata.name} cannot be pulled` +
      (injected.length > 0 ? ` (container ${injected.join(', ')} was injected into the pods)` : '') +
      (locked ? `; pull secret ${secrets.names.join(', ')} does not exist` : '') +
      policy.text,
    evidence: [
      ...failedEvidence(view, workload, failed),
      ...policy.reasons,
      ...trouble.evidence,
      ...secrets.reasons,
      ...revisions.map((good) => good.evidence),
    ],
    fixes: [...policy.fixes, ...(locked ? secrets.fixes : []), ...fixes],
    ...unfixed(workload, injected, trouble),
  });
}

/** Why there is no fix, where it is not for want of an image that is like the failing one. */
function unfixed({ kind }: KubeObject, injected: string[], { reason }: Trouble): { unfixed?: string } {
  if (injected.length > 0) {
    return {
      unfixed: `container ${injected.join(', ')} is not in the template: who runs the webhook that adds it decides its image`,
    };
  }
  if (!IMAGE_SETTABLE.has(kind)) {
    return { unfixed: `the pods of a ${kind} do not follow a changed image: who made it has to make it anew` };
  }
  return reason ? { unfixed: `${reason}: that is for whoever runs the registry, the node or the pull secret` } : {};
}

function stuckFinding(view: ClusterView, workload: KubeObject, failed: FailedPull[]): Finding {
  const pods = [...new Set(failed.map(({ pod }) => pod))];
  const names = pods.map((pod) => pod.metadata.name);
  return makeFinding({
    rule: IMAGE_PULL,
    severity: 'critical',
    object: workload,
    what: 'stuck',
    message:
      `${workload.kind} ${workload.metadata.name} has a new template, but ${names.join(', ')} still ` +
      `${names.length === 1 ? 'waits' : 'wait'} for an image of the old one and will not be replaced by itself`,
    evidence: failedEvidence(view, workload, failed),
    fixes: [
      {
        changes: replaceStuckPods(view, workload, (pod) => pods.includes(pod)),
        expects: `${names.join(', ')} is made anew from the current template and becomes ready`,
        confidence: 0.9,
      },
    ],
  });
}

function failedEvidence(view: ClusterView, workload: KubeObject, failed: FailedPull[]): Evidence[] {
  const template = podTemplateOf(workload);
  const specs = containersOf(template?.spec)
    .filter((container) => failed.some((each) => each.container === container.name))
    .map((container) => {
      const field = `${template!.field}.${container.place}.image`;
      return evidence('spec', workload, field, `container ${container.name} uses image ${container.image}`);
    });
  const statuses = failed.slice(0, 3).flatMap(({ pod, container, reason, message }) => {
    const text = untrustedLine(`container ${container} waits: ${reason}${message ? `: ${message}` : ''}`);
    const event = view.eventsOf(pod).find((each) => each.reason === 'Failed' && /pull/i.test(each.message));
    const status = evidence('status', pod, `status.containerStatuses[${container}].state.waiting`, text);
    return event ? [status, eventEvidence(event, pod)] : [status];
  });
  return [...specs, ...statuses];
}

const REFUSED = /unauthorized|authentication required|no basic auth|\b40[13]\b/i;
const DENIED =
  /pull access denied|may require (?:authorization|'docker login')|insufficient_scope|authorization failed/i;
const BUSY = /toomanyrequests|too many requests|rate limit|\b429\b/i;
const UNREACHABLE =
  /timeout|deadline exceeded|connection re(?:fused|set)|no such host|tls handshake|x509|temporary failure|\b50[0234]\b/i;
const NO_ROOM = /no space left|disk quota/i;

interface Trouble {
  /** What it leaves of the belief that the image is wrong. */
  factor: number;
  /** In words; null where the registry said, or nobody said otherwise, that there is no such image. */
  reason: string | null;
  evidence: Evidence[];
  /** The registry may not have let the node see it. */
  denied: boolean;
}

/** What stood in the way; all but a missing image speaks against the image being wrong. */
function troubleOf(view: ClusterView, failed: FailedPull[]): Trouble {
  for (const { pod, image, message } of failed) {
    // A back-off repeats only now and then why it began.
    const said = view.eventsOf(pod).filter((each) => each.reason === 'Failed' && each.message.includes(image));
    const text = [message, ...said.map((each) => each.message)].join(' ').replaceAll(image, '');
    const trouble = (factor: number, reason: string, then: string): Trouble => ({
      factor,
      reason,
      denied: REFUSED.test(text),
      evidence: [evidence('status', pod, null, `${reason}: ${then}`)],
    });
    if (REFUSED.test(text))
      return trouble(0.8, 'the registry refused the credentials', 'a pull secret may be the cause');
    if (BUSY.test(text)) return trouble(0.7, 'the registry turned the request down', 'there were too many');
    if (UNREACHABLE.test(text))
      return trouble(0.7, 'the registry could not be reached', 'the image itself may be fine');
    if (NO_ROOM.test(text)) return trouble(0.7, 'the node has no room for the image', 'the image itself may be fine');
  }
  const denied = failed.some(({ pod, message }) =>
    DENIED.test([message, ...view.eventsOf(pod).map((each) => each.message)].join(' ')),
  );
  return { factor: 1, reason: null, evidence: [], denied };
}

function fixesFor(
  view: ClusterView,
  workload: KubeObject,
  failing: Map<string, string>,
  revisions: GoodRevision[],
  { factor, reason }: Trouble,
): FixDraft[] {
  if (!IMAGE_SETTABLE.has(workload.kind)) return [];
  const stuck = replaceStuckPods(view, workload, waitsFor(failing));
  const { kind, metadata } = workload;
  const bySetting = (images: Map<string, string>, confidence: number): FixDraft => ({
    changes: [setImage(workload, Object.fromEntries([...images].sort())), ...stuck],
    expects: `${kind} ${metadata.name} runs ${[...images.values()].join(', ')} and its pods become ready`,
    confidence: confidence * factor,
  });
  const fixes: FixDraft[] = [];
  for (const { revision, trust } of hasMutableTemplate(workload) ? revisions : []) {
    const images = imagesIn(revision.template.spec, failing);
    const onlyImage = onlyImagesDiffer(podTemplateOf(workload)!, revision.template, failing);
    if (images) fixes.push(bySetting(images, (onlyImage ? 0.95 : 0.75) * trust));
    if (onlyImage && images) continue;
    fixes.push({
      changes: [rolloutUndo(workload, revision.number), ...stuck],
      expects: `${kind} ${metadata.name} runs its revision ${revision.number} again`,
      confidence: 0.9 * trust * factor,
    });
  }
  for (const { images, confidence } of replacementImages(view, workload, failing, reason !== null)) {
    fixes.push(bySetting(images, confidence));
  }
  return fixes;
}

function waitsFor(failing: ReadonlyMap<string, string>) {
  return (pod: KubeObject) =>
    containerStatuses(pod).some(
      (status) => failing.has(status?.name) && specImage(pod, status.name) === failing.get(status.name),
    );
}

/** The revision's images for the failing containers; null if it lacks one of them or does not change it. */
function imagesIn(podSpec: Untyped, failing: Map<string, string>): Map<string, string> | null {
  const images = new Map<string, string>();
  for (const container of containersOf(podSpec)) {
    const image = failing.get(container.name);
    if (image === undefined) continue;
    if (container.image === image || !isPlainImage(container.image)) return null;
    images.set(container.name, container.image);
  }
  return images.size === failing.size ? images : null;
}

/** Annotations are left out: `kubectl rollout restart` writes one each time. */
function onlyImagesDiffer(now: { spec: Untyped }, before: Untyped, failing: Map<string, string>): boolean {
  const places = containersOf(now.spec).filter((container) => failing.has(container.name));
  const allowed = new Set(places.map((container) => `${container.pointer}/image`));
  return differingPointers(now.spec, before.spec).every((pointer) => allowed.has(pointer));
}

export const imagePullRule: Analyzer = {
  rule: IMAGE_PULL,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS, 'Event', 'Secret', 'ServiceAccount', 'Node', 'ConfigMap'],
  explains: 'Containers that cannot start because their image cannot be pulled.',
  unfixed: 'no image that is known to run is like the one that cannot be pulled',
  analyze: analyzeImagePulls,
};
