import * as z from 'zod';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../domain/kube-object.ts';
import { callEdges } from '../../../kube/call-edges.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { ingressBackends } from '../../../kube/ingress-backends.ts';
import { controllerOf } from '../../../kube/ownership.ts';
import { factOf } from '../evidence/facts.ts';
import { wiringFacts } from '../evidence/wiring.ts';
import { callFacts } from '../evidence/workload-wiring.ts';
import { Answer } from './answer.ts';
import { objectState } from './object-state.ts';
import type { SubjectArgs } from './subject.ts';
import { objectInScope, SUBJECT, viewOf } from './subject.ts';
import type { Tool } from './tool.ts';

const DEPTH = 4;

export const resourceGraph: Tool<SubjectArgs> = {
  name: 'resource_graph',
  description:
    'What an object is made of, as a tree with states: Deployment to ReplicaSets to Pods, Service to EndpointSlices and Pods, Ingress to Services, claim to volume; and who owns it.',
  schema: SUBJECT,
  async run(args, desk) {
    const view = viewOf(desk);
    const object = objectInScope(desk, args);
    const answer = new Answer(desk.evidence);
    const owner = controllerOf(object);
    if (owner)
      answer.show(
        [factOf('sibling', object, `is owned by ${owner.kind}/${owner.name}`, 'metadata.ownerReferences')],
        true,
      );
    const seen = new Set<KubeObject>();
    const walk = (one: KubeObject, depth: number): void => {
      if (seen.has(one) || depth > DEPTH) return;
      seen.add(one);
      answer.show([factOf('status', one, objectState(view, one) || 'is there')], true, depth);
      for (const child of childrenOf(view, one)) walk(child, depth + 1);
    };
    walk(object, 0);
    return answer.text('ask about one of its parts');
  },
};

export const relatedObjects: Tool<SubjectArgs> = {
  name: 'related_objects',
  description:
    'What an object needs and who uses it: selectors, endpoints and ports, references to ConfigMaps, Secrets and claims (also those that lead nowhere), policies, callers.',
  schema: SUBJECT,
  async run(args, desk) {
    const object = objectInScope(desk, args);
    const facts = wiringFacts(viewOf(desk), object);
    const answer = new Answer(desk.evidence).say(refLabel(refOf(object)));
    if (facts.length === 0) answer.say('Nothing that it hangs together with is known.');
    return answer.show(facts).text('ask about one of the others');
  },
};

const CALLS = z.object({
  name: z.string().max(253).optional().describe('Only calls from or to the workload of this name. Default: all.'),
});

export const callGraph: Tool<z.infer<typeof CALLS>> = {
  name: 'call_graph',
  description:
    'Who calls whom, by the host names in settings: caller, Service, port, callee with its state; and names that lead to no Service.',
  schema: CALLS,
  async run({ name }, desk) {
    const view = viewOf(desk);
    const edges = callEdges(view).filter(
      ({ caller, callee, service }) =>
        !name || [caller, callee, service].some(({ metadata }) => metadata.name === name),
    );
    const lost = view
      .workloads()
      .filter(({ metadata }) => !name || metadata.name === name)
      .flatMap((workload) => callFacts(view, workload).filter(({ text }) => text.startsWith('names ')));
    const answer = new Answer(desk.evidence);
    if (edges.length + lost.length === 0)
      answer.say(name ? `No call from or to '${name}' is known; ask without a name for all.` : 'No calls are known.');
    answer.show(lost, true);
    const facts = edges.map(({ caller, service, callee, port, reference }) =>
      factOf(
        'sibling',
        caller,
        `calls ${reference.host}${reference.port === null ? '' : `:${reference.port}`}: Service ${service.metadata.name}, ${callee.kind} ${callee.metadata.name} port ${port} (${objectState(view, callee)})`,
        reference.object === caller ? reference.field : undefined,
      ),
    );
    return answer.show(facts, true).text('ask with a name');
  },
};

function childrenOf(view: ClusterView, object: KubeObject): KubeObject[] {
  const { namespace } = object.metadata;
  switch (object.kind) {
    case 'Deployment':
      return view
        .ownedBy(object, 'ReplicaSet')
        .filter((set) => Number(set.spec?.replicas ?? 0) > 0 || set === view.currentReplicaSet(object));
    case 'CronJob':
      return view.ownedBy(object, 'Job');
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
      return view.ownedBy(object, 'Pod');
    case 'Service':
      return [...view.slicesOf(object), ...view.selectedPods(object)];
    case 'Ingress':
      return ingressBackends(object).flatMap(({ name }) => view.find('Service', namespace, name) ?? []);
    case 'PersistentVolumeClaim':
      return [
        view.find('PersistentVolume', undefined, String(object.spec?.volumeName)),
        view.find('StorageClass', undefined, String(object.spec?.storageClassName)),
      ].filter((one) => one !== undefined);
    case 'Pod':
      return volumesOf(object).flatMap((claim) => view.find('PersistentVolumeClaim', namespace, claim) ?? []);
    default:
      return [];
  }
}

function volumesOf(pod: KubeObject): string[] {
  const volumes = Array.isArray(pod.spec?.volumes) ? pod.spec.volumes : [];
  return volumes.flatMap((volume: { persistentVolumeClaim?: { claimName?: unknown } } | null) => {
    const name = volume?.persistentVolumeClaim?.claimName;
    return typeof name === 'string' ? [name] : [];
  });
}
