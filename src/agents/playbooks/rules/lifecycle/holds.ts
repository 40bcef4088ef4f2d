import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterEvent, ClusterView } from '../../../../kube/cluster-view.ts';
import { containerStatuses, hasStarted } from '../../../../kube/image-state.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { condition, isLiving, isReady } from '../../../../kube/pods.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { below } from '../../clues/patches/container-patch.ts';
import { eventEvidence, evidence } from '../../engine/analyzer.ts';

/** Why a pod gets no further, or was thrown out, beside what its containers do. */
export interface Hold {
  /** Part of the finding's id. */
  what: string;
  /** Continues `Deployment web: `. */
  text: string;
  reasons: Evidence[];
  /** Pointers below the pod spec of what brings it about; none where the template has no part in it. */
  concerns: ((pointer: string) => boolean) | null;
  /** Who can do something about it, where no earlier state of the template helps. */
  unfixed: string;
}

/** Longer than a scheduler, a volume or a gate takes that is on its way. */
const PATIENCE_MS = 20_000;
/** How far the cluster's own scheduler may be behind after many pods were made at once. */
const BEHIND_MS = 60_000;
/** What was thrown out longer ago belongs to another incident. */
const RECENT_MS = 15 * 60_000;
export const DEFAULT_SCHEDULER = 'default-scheduler';

/** The first hold that there is for a pod, from its way to a node to its way into its Services; null for none. */
export function holdOf(view: ClusterView, workload: KubeObject, pod: KubeObject): Hold | null {
  if (pod.metadata.deletionTimestamp || isReady(pod)) return null;
  if (!isLiving(pod)) return pod.status?.phase === 'Failed' ? thrownOut(view, workload, pod) : null;
  if (!pod.spec?.nodeName) return gated(view, workload, pod) ?? unclaimed(view, pod);
  if (!containerStatuses(pod).some(hasStarted)) return sandboxless(view, pod) ?? unmounted(view, workload, pod);
  return gateUnset(view, pod);
}

/** Gates that others put on pods as they are made, a queue for one, are theirs to take off in their time. */
function gated(view: ClusterView, workload: KubeObject, pod: KubeObject): Hold | null {
  const own = listOf(podTemplateOf(workload)?.spec?.schedulingGates).map(({ name }) => String(name));
  const gates = listOf(pod.spec?.schedulingGates).map(({ name }) => String(name));
  if (gates.every((gate) => !own.includes(gate)) || ageOf(view, pod) < PATIENCE_MS) return null;
  const list = gates.join(', ');
  return {
    what: 'scheduling-gate',
    text: `its pods are not scheduled as long as they have the scheduling gate ${list}, and nobody takes it off`,
    reasons: [evidence('spec', pod, 'spec.schedulingGates', `schedulingGates holds ${list}`)],
    concerns: below('/schedulingGates'),
    unfixed: `whoever put the scheduling gate there takes it off when what it waits for is done: ${list}`,
  };
}

/** A scheduler says of each pod at least that it found no node. */
function unclaimed(view: ClusterView, pod: KubeObject): Hold | null {
  if (condition(pod, 'PodScheduled') || listOf(pod.spec?.schedulingGates).length > 0) return null;
  if (view.eventsOf(pod).some(({ reason }) => /Schedul/.test(reason))) return null;
  const name = String(pod.spec?.schedulerName ?? DEFAULT_SCHEDULER);
  if (ageOf(view, pod) < (name === DEFAULT_SCHEDULER ? BEHIND_MS : PATIENCE_MS)) return null;
  const place = 'spec.schedulerName';
  const reason = evidence('spec', pod, place, `schedulerName is ${name}; the pod has no condition PodScheduled`);
  if (name === DEFAULT_SCHEDULER)
    return {
      what: 'no-scheduler',
      text: `no scheduler has looked at its pods: ${name} does not run, or is far behind`,
      reasons: [reason],
      concerns: null,
      unfixed: 'whoever runs the control plane starts its scheduler again',
    };
  return {
    what: 'no-scheduler',
    text: `its pods wait for scheduler ${name}, which has not looked at them`,
    reasons: [reason],
    concerns: below('/schedulerName'),
    unfixed: `whoever runs scheduler ${name} starts it, or whoever owns the workload says which scheduler it is for`,
  };
}

/** Causes for which a volume is not mounted, by the kubelet's words. */
const MOUNTS: readonly { pattern: RegExp; text: string; unfixed: string }[] = [
  {
    pattern: /hostPath type check failed/i,
    text: 'the node has not at its path what its type demands',
    unfixed: 'whoever prepares the nodes puts there what the volume is to hold, or says where it is',
  },
  {
    pattern: /not found in the list of registered CSI drivers/i,
    text: 'its CSI driver does not run on the node',
    unfixed: 'whoever runs the cluster installs the driver on its nodes, or mends it',
  },
  {
    pattern: /permission denied|access denied/i,
    text: 'the server of the volume refuses the node',
    unfixed: 'whoever runs the storage gives the node access to it',
  },
  {
    pattern: /[^]/,
    text: 'the node cannot mount it',
    unfixed: 'whoever runs the storage knows why the node cannot mount it',
  },
];

/** Missing ConfigMaps, Secrets, keys and claims are other rules' matter, and pass when these are there. */
const OF_OTHERS =
  /references non-existent|(?:configmaps?|secrets?|persistentvolumeclaims?) "[^"]*" (?:not found|is forbidden)|not registered|Multi-Attach|already exclusively attached|failed to sync (?:configmap|secret) cache/i;

function unmounted(view: ClusterView, workload: KubeObject, pod: KubeObject): Hold | null {
  const failed = view
    .eventsOf(pod)
    .filter(
      ({ reason }) => reason === 'FailedMount' || reason === 'FailedMapVolume' || reason === 'FailedAttachVolume',
    );
  // The newest is about what is in the way now.
  const told = failed.find(({ message }) => /for volume "/.test(message)) ?? failed[0];
  if (!told || OF_OTHERS.test(told.message) || !lasts(view, pod, told)) return null;
  const name =
    /for volume "([^"]+)"/.exec(told.message)?.[1] ?? /unmounted volumes=\[([^\]\s]+)/.exec(told.message)?.[1] ?? '';
  const cause = MOUNTS.find(({ pattern }) => pattern.test(told.message))!;
  return {
    what: `volume/${name}`,
    text: `its containers do not start, because volume ${untrustedLine(name, 80)} is not mounted: ${cause.text}`,
    reasons: [eventEvidence(told, pod)],
    concerns: ofVolume(workload, name),
    unfixed: cause.unfixed,
  };
}

/** What the template says of a volume and of its mounts; of all, where it is known by another name (a PersistentVolume). */
function ofVolume(workload: KubeObject, name: string): (pointer: string) => boolean {
  const index = listOf(podTemplateOf(workload)?.spec?.volumes).findIndex((volume) => volume?.name === name);
  const own = index < 0 ? below('/volumes') : below(`/volumes/${index}`);
  return (pointer) => pointer === '/volumes' || own(pointer) || /\/volumeMounts(?:\/|$)/.test(pointer);
}

/** What the kubelet and the runtime do before the first container: network, runtime class, kernel settings. */
function sandboxless(view: ClusterView, pod: KubeObject): Hold | null {
  const told = view.eventsOf(pod).find(({ reason }) => reason === 'FailedCreatePodSandBox');
  if (!told || !lasts(view, pod, told)) return null;
  const reasons = [eventEvidence(told, pod)];
  const node = String(pod.spec?.nodeName);
  if (/runtime handler|no runtime for|RuntimeHandler/i.test(told.message)) {
    const name = String(pod.spec?.runtimeClassName ?? '');
    return {
      what: 'runtime-class',
      text: `its containers do not start, because node ${node} lacks the runtime of RuntimeClass ${name}`,
      reasons,
      concerns: below('/runtimeClassName'),
      unfixed: `whoever runs node ${node} installs the runtime that RuntimeClass ${name} names`,
    };
  }
  if (/sysctl/i.test(told.message)) {
    return {
      what: 'sysctl',
      text: `its containers do not start, because node ${node} does not set a kernel setting of its securityContext`,
      reasons,
      concerns: below('/securityContext/sysctls'),
      unfixed: `whoever runs node ${node} says which kernel settings pods may ask for`,
    };
  }
  return {
    what: 'sandbox',
    text: `its containers do not start, because node ${node} cannot make the sandbox of a pod, its network first of all`,
    reasons,
    concerns: null,
    unfixed: `what ails the network plugin or the runtime of node ${node} is mended on the node, by whoever runs it`,
  };
}

/** Pods that the kubelet ended, or did not take, for what their template asks. */
function thrownOut(view: ClusterView, workload: KubeObject, pod: KubeObject): Hold | null {
  const reason = String(pod.status?.reason ?? '');
  const message = String(pod.status?.message ?? '');
  if (ageOf(view, pod) > RECENT_MS && isOutlived(view, workload)) return null;
  const reasons = [evidence('status', pod, 'status.message', untrustedLine(`${reason}: ${message}`))];
  const volume = /EmptyDir volume "([^"]+)" exceeds/i.exec(message)?.[1];
  if (reason === 'Evicted' && volume !== undefined) {
    const index = listOf(podTemplateOf(workload)?.spec?.volumes).findIndex((each) => each?.name === volume);
    return {
      what: `size/${volume}`,
      text: `its pods are evicted, because they write more into volume ${untrustedLine(volume, 80)} than its sizeLimit allows`,
      reasons,
      concerns: (pointer) => pointer === '/volumes' || below(`/volumes/${index}/emptyDir`)(pointer),
      unfixed: 'whoever owns the program says how much it may write, or has it write less',
    };
  }
  if (reason === 'Evicted' && /ephemeral[ -](?:local )?storage (?:limit|usage)/i.test(message)) {
    return {
      what: 'ephemeral-storage',
      text: 'its pods are evicted, because they write more to the disk of the node than their limit of ephemeral-storage',
      reasons,
      concerns: (pointer) => /\/resources(?:$|\/(?:limits|requests)(?:$|\/ephemeral-storage$))/.test(pointer),
      unfixed: 'whoever owns the program says how much it may write, or has it write less',
    };
  }
  if (reason === 'SysctlForbidden') {
    return {
      what: 'sysctl',
      text: 'the nodes refuse its pods for a kernel setting of their securityContext',
      reasons,
      concerns: below('/securityContext/sysctls'),
      unfixed: 'whoever runs the nodes says which kernel settings pods may ask for',
    };
  }
  const pinned: unknown = podTemplateOf(workload)?.spec?.nodeName;
  if (typeof pinned === 'string' && /^(?:NodeAffinity|NodePorts|NodeName|OutOf\w+)$/.test(reason)) {
    return {
      what: 'node-name',
      text: `node ${untrustedLine(pinned, 80)}, which its template names past the scheduler, refuses its pods`,
      reasons,
      concerns: below('/nodeName'),
      unfixed: 'whoever named the node in the template knows what the pods are to have there',
    };
  }
  return null;
}

/** As many serve as are asked for: what was thrown out before is missed by nobody. */
function isOutlived(view: ClusterView, workload: KubeObject): boolean {
  return view.podsOf(workload).some(isReady);
}

/** All containers are ready, and a condition is awaited that somebody outside of the pod has to set. */
function gateUnset(view: ClusterView, pod: KubeObject): Hold | null {
  if (condition(pod, 'ContainersReady')?.status !== 'True') return null;
  const since = Date.parse(condition(pod, 'ContainersReady')?.lastTransitionTime ?? '');
  if (view.now - since < PATIENCE_MS) return null;
  const unset = listOf(pod.spec?.readinessGates)
    .map(({ conditionType }: Untyped) => String(conditionType))
    .filter((type) => condition(pod, type)?.status !== 'True');
  if (unset.length === 0) return null;
  const list = unset.join(', ');
  return {
    what: 'readiness-gate',
    text: `its containers are ready, but its pods are not before somebody sets their condition ${list}`,
    reasons: unset.map((type) => {
      const now = condition(pod, type);
      const text = now ? `is ${now.status}: ${now.message ?? now.reason ?? ''}` : 'was never set';
      return evidence('status', pod, 'spec.readinessGates', untrustedLine(`condition ${type} ${text}`));
    }),
    concerns: below('/readinessGates'),
    unfixed: `whatever is to set condition ${list} does not: whoever runs it can say why`,
  };
}

/** Said more than once, or of a pod that is not young any more. */
function lasts(view: ClusterView, pod: KubeObject, { count }: ClusterEvent): boolean {
  return count > 1 || ageOf(view, pod) > PATIENCE_MS;
}

function ageOf(view: ClusterView, { metadata }: KubeObject): number {
  const age = view.now - Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(age) ? Infinity : age;
}
