import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../../domain/kube-object.ts';
import { NEED, PLACEMENT, REVISIONS } from '../../../../kube/kind-sets.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import { hostPortsOf, portsClash } from '../../../../kube/placement/host-ports.ts';
import type { HostPort } from '../../../../kube/placement/host-ports.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { nameOf, placementFixes } from '../../clues/placement/placement-fixes.ts';
import { isDeadlock, makeWay } from '../../clues/pods/rollout-deadlock.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import {
  obstaclesOf,
  schedulerSays,
  unplacedWorkloads,
  waitsForNode,
  wouldFit,
} from '../../clues/placement/unplaced.ts';
import type { Unplaced } from '../../clues/placement/unplaced.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

const HOST_PORT_TAKEN = 'host-port-taken';

/** Pods that ask for a port of the node which another pod has on every node that would take them. */
export async function analyzeHostPorts(context: AnalyzerContext): Promise<Finding[]> {
  return (await unplacedWorkloads(context)).flatMap((unplaced) => {
    const taken = obstaclesOf(unplaced, 'port');
    const first = taken[0];
    if (!first || unplaced.growing) return [];
    const { port, holder } = first.obstacle;
    const own = taken.every(({ obstacle }) => context.view.workloadOf(obstacle.holder) === unplaced.workload);
    return own ? ownPort(unplaced, port, holder) : otherPort(unplaced, port, taken);
  });
}

function otherPort(unplaced: Unplaced, port: HostPort, taken: ReturnType<typeof obstaclesOf<'port'>>): Finding {
  const { workload, fleet } = unplaced;
  const template = podTemplateOf(workload)!;
  const expects = `the pods of ${nameOf(unplaced)} get a port that is free on their node and become ready`;
  const { fixes, reasons } = placementFixes(unplaced, isPort, expects);
  const { holder } = taken[0]!.obstacle;
  const dropped = fixes.length > 0 ? [] : withoutHostPort(unplaced, port, expects);
  return makeFinding({
    rule: HOST_PORT_TAKEN,
    severity: unplaced.served ? 'warning' : 'critical',
    object: workload,
    what: `${port.protocol}/${port.port}`,
    message: `${nameOf(unplaced)} asks for port ${port.port} of its node, which ${homeText(holder)} has`,
    evidence: [
      evidence(
        'spec',
        workload,
        fieldOf(template.field, port),
        `container ${port.container} asks for host port ${port.port}`,
      ),
      ...taken
        .slice(0, 3)
        .map(({ node, obstacle }) =>
          evidence(
            'sibling',
            obstacle.holder,
            'spec.containers[].ports[].hostPort',
            `${homeText(obstacle.holder)} has port ${obstacle.port.port} of node ${node.metadata.name}`,
          ),
        ),
      ...reasons,
      ...dropped.flatMap(({ reason }) => reason),
      ...schedulerSays(fleet.view, unplaced),
    ],
    fixes: [...fixes, ...dropped.map(({ fix }) => fix)],
    unfixed: `who asks port ${port.port} of the nodes is not known, so the owners of ${nameOf(unplaced)} and of ${homeText(holder)} decide which of them keeps it`,
  });
}

/** A pod that a Service reaches by its own address does not need the node's. */
function withoutHostPort({ workload, fleet, ...rest }: Unplaced, port: HostPort, expects: string) {
  const template = podTemplateOf(workload)!;
  if (!hasMutableTemplate(workload) || template.spec?.hostNetwork) return [];
  const entry = entryAt(template.spec, port.pointer);
  if (entry?.hostPort !== port.port) return [];
  const service = fleet.view
    .servicesSelecting(workload.metadata.namespace, template.labels)
    .find(({ spec }) =>
      ((spec?.ports ?? []) as Untyped[]).some((each) =>
        [entry.containerPort, entry.name].includes(each?.targetPort ?? each?.port),
      ),
    );
  if (!service) return [];
  const without = structuredClone(template.spec);
  delete entryAt(without, port.pointer).hostPort;
  if (!wouldFit({ workload, fleet, ...rest }, without)) return [];
  const path = `${template.pointer}${port.pointer}/hostPort`;
  const fix: FixDraft = {
    changes: [
      jsonPatch(workload, [
        { op: 'test', path, value: port.port },
        { op: 'remove', path },
      ]),
      ...replaceStuckPods(fleet.view, workload, waitsForNode),
    ],
    expects,
    confidence: 0.4,
  };
  const text = `Service ${service.metadata.name} reaches container port ${entry.containerPort} without any port of the node`;
  return [{ fix, reason: evidence('sibling', service, 'spec.ports', text) }];
}

/** One pod of a workload on a node is what a host port says; who needs more of them needs more nodes or a strategy. */
function ownPort(unplaced: Unplaced, port: HostPort, holder: KubeObject): Finding {
  const { workload, fleet, pod } = unplaced;
  const deadlock = isDeadlock(fleet.view, workload, pod, holder);
  const { fixes, reasons } = deadlock ? makeWay(workload) : withoutNewPort(unplaced, port);
  return makeFinding({
    rule: HOST_PORT_TAKEN,
    severity: 'warning',
    object: workload,
    what: `own/${port.protocol}/${port.port}`,
    message: deadlock
      ? `The rollout of ${nameOf(unplaced)} waits for port ${port.port} of the node, which its own old pod keeps until a new one is ready`
      : `${nameOf(unplaced)} wants more pods than there are nodes with port ${port.port} free: its own pods have it on the others`,
    evidence: [
      evidence('sibling', holder, null, `pod ${holder.metadata.name} has host port ${port.port}`),
      ...reasons,
      ...schedulerSays(fleet.view, unplaced),
    ],
    fixes,
    unfixed: 'each node can hold one of these pods: whoever set their number decides between fewer pods and more nodes',
  });
}

/** The template as it was before it asked for the port of the node: then any number of its pods had room. */
function withoutNewPort({ workload, fleet }: Unplaced, port: HostPort): { fixes: FixDraft[]; reasons: Evidence[] } {
  if (!hasMutableTemplate(workload)) return { fixes: [], reasons: [] };
  const parts = formerParts(fleet.view, workload, isPort).filter(
    ({ podSpec }) => !hostPortsOf(podSpec).some((each) => portsClash(each, port)),
  );
  const expects = `the pods of ${workload.kind} ${workload.metadata.name} need no port of their node and become ready`;
  return {
    fixes: parts.slice(0, 1).map(({ ops, trust }) => ({
      changes: [jsonPatch(workload, ops), ...replaceStuckPods(fleet.view, workload, waitsForNode)],
      expects,
      confidence: 0.85 * trust,
    })),
    reasons: parts.slice(0, 1).map((part) => part.evidence),
  };
}

const isPort = (pointer: string): boolean =>
  /^\/(?:containers|initContainers)\/\d+\/ports(?:\/\d+\/(?:hostPort|hostIP|protocol))?$/.test(pointer) ||
  pointer === '/hostNetwork';

function entryAt(podSpec: Untyped, pointer: string): Untyped {
  let at: Untyped = podSpec;
  for (const step of pointer.split('/').slice(1)) at = at?.[step];
  return at;
}

/** `/containers/0/ports/1` of `spec.template.spec` as `spec.template.spec.containers[0].ports[1].hostPort`. */
function fieldOf(root: string, { pointer }: HostPort): string {
  return `${root}${pointer.replaceAll(/\/(\d+)/g, '[$1]').replaceAll('/', '.')}.hostPort`;
}

/** The controller of a pod, else the pod: `ReplicaSet/ns/web-7d4`. */
function homeText(pod: KubeObject): string {
  const owner = controllerOf(pod);
  return owner ? `pod ${refLabel(refOf(pod))} of ${owner.kind} ${owner.name}` : `pod ${refLabel(refOf(pod))}`;
}

export const hostPortTakenRule: Analyzer = {
  rule: HOST_PORT_TAKEN,
  layer: 'template',
  kinds: [...PLACEMENT, ...REVISIONS, ...NEED, 'Secret'],
  explains: 'Pods that no node takes because another pod has the port of the node that they ask for.',
  unfixed: 'who asks the port of the nodes is not known, so its owners decide which of the two keeps it',
  analyze: analyzeHostPorts,
};
