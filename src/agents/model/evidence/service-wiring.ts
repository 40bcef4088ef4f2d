import type { Evidence } from '../../../domain/finding.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { readyEndpoints } from '../../../kube/endpoints.ts';
import { podTemplateOf } from '../../../kube/pod-template.ts';
import { isReady } from '../../../kube/pods.ts';
import { listens } from '../../../kube/port-knowledge.ts';
import { usersOf } from '../../../kube/references-to-service.ts';
import { backendsOf, servicePorts } from '../../../kube/service-backends.ts';
import { factOf } from './facts.ts';
import { flowText } from './flow-text.ts';
import { listed } from './wiring-words.ts';

/** Where a Service leads: pods, endpoints, ports and who listens there, and who names it. */
export function serviceWiring(view: ClusterView, service: KubeObject): Evidence[] {
  const facts: Evidence[] = [];
  const add = (text: string, field?: string) => facts.push(factOf('sibling', service, text, field));
  const selector = service.spec?.selector;
  if (!selector)
    add(
      service.spec?.type === 'ExternalName'
        ? `is another name of ${service.spec.externalName}`
        : 'selects no pods: somebody else keeps its endpoints',
      'spec.selector',
    );
  else {
    const workloads = view.workloadsBehind(service).map((one) => `${one.kind}/${one.metadata.name}`);
    const pods = view.podsBehind(service);
    add(
      `selector ${flowText(selector)} picks ${listed(workloads)}; ${pods.filter(isReady).length} of ${pods.length} pods ready`,
      'spec.selector',
    );
    if (workloads.length === 0) for (const near of nearSelectors(view, service)) add(near, 'spec.selector');
  }
  add(
    view.known('EndpointSlice')
      ? `ready endpoints: ${readyEndpoints(view.slicesOf(service))}`
      : 'its endpoints could not be read',
  );
  const backends = backendsOf(view, service);
  for (const port of servicePorts(service)) {
    const served = backends.map(({ knowledge }) => listens(knowledge, port.target, port.protocol));
    const declared = [
      ...new Set(
        backends.flatMap(({ knowledge }) =>
          knowledge.ports.map(({ number, name }) => (name ? `${number}/${name}` : `${number}`)),
        ),
      ),
    ];
    const known =
      backends.length === 0
        ? ''
        : `; its pods declare ${listed(declared)}${served.some((answer) => answer === 'no') ? ': nobody listens there' : ''}`;
    add(`port ${port.number} leads to pod port ${port.target}${known}`, `spec.ports[${port.index}].targetPort`);
  }
  const users = [...new Set(usersOf(view, service).map(({ from }) => `${from.kind}/${from.metadata.name}`))];
  add(`named by ${listed(users)}`);
  return facts;
}

/** Workloads whose labels are all but the selector's: what it may have meant. */
function nearSelectors(view: ClusterView, service: KubeObject): string[] {
  const wanted = Object.entries((service.spec?.selector ?? {}) as Record<string, string>);
  return view
    .workloads()
    .filter(({ metadata }) => metadata.namespace === service.metadata.namespace)
    .map((workload) => ({ workload, labels: podTemplateOf(workload)?.labels ?? {} }))
    .filter(({ workload, labels }) => {
      const hits = wanted.filter(([key, value]) => labels[key] === value).length;
      return hits > 0 || workload.metadata.name === service.metadata.name;
    })
    .slice(0, 3)
    .map(
      ({ workload, labels }) =>
        `pods of ${workload.kind}/${workload.metadata.name} have the labels ${flowText(labels)}`,
    );
}
