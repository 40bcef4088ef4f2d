import type { Evidence } from '../../../domain/finding.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../domain/kube-object.ts';
import { callEdges } from '../../../kube/call-edges.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { configReferences, keysOf } from '../../../kube/config-references.ts';
import { namedHosts, serviceMeant } from '../../../kube/named-hosts.ts';
import { policySelects } from '../../../kube/network-policy.ts';
import { podTemplateOf } from '../../../kube/pod-template.ts';
import { autoscalersOf } from '../../../kube/scalers.ts';
import { servicePorts } from '../../../kube/service-backends.ts';
import { factOf } from './facts.ts';
import { absent, listed, portList } from './wiring-words.ts';

/** What a workload needs, and who leads requests to it; references that lead nowhere first. */
export function workloadWiring(view: ClusterView, workload: KubeObject): Evidence[] {
  const facts: Evidence[] = [];
  const { namespace } = workload.metadata;
  const template = podTemplateOf(workload)!;
  const add = (text: string, field?: string) => facts.push(factOf('sibling', workload, text, field));
  const services = view.servicesSelecting(namespace, template.labels).map(({ metadata }) => metadata.name);
  if (services.length > 0) add(`behind Services ${listed(services)}`);
  for (const reference of configReferences(template.spec)) {
    const object = view.find(reference.kind, namespace, reference.name);
    const keyed = reference.key === null || (object && keysOf(object).includes(reference.key));
    if (object && keyed) continue;
    const what = `${reference.user} needs ${reference.kind} ${reference.name}${reference.key === null ? '' : ` key ${reference.key}`}`;
    const state = object ? `it has only ${listed(keysOf(object))}` : absent(view, reference.kind, namespace);
    add(`${what}: ${state}${reference.optional ? ' (optional)' : ''}`, `${template.field}.${reference.place}`);
  }
  const configs = [...new Set(configReferences(template.spec).map(({ kind, name }) => `${kind}/${name}`))];
  if (configs.length > 0) add(`takes its settings from ${listed(configs)}`);
  for (const { name, claim } of claimsOf(template.spec)) {
    const object = view.find('PersistentVolumeClaim', namespace, claim);
    add(
      `volume ${name} is claim ${claim}: ${object ? String(object.status?.phase ?? 'without status') : absent(view, 'PersistentVolumeClaim', namespace)}`,
    );
  }
  for (const scaler of autoscalersOf(workload, view.snapshot)) add(`scaled by ${refLabel(refOf(scaler))}`);
  const policies = view
    .all('NetworkPolicy', namespace)
    .filter((policy) => policySelects(policy.spec?.podSelector ?? {}, template.labels));
  if (policies.length > 0)
    add(`its pods are selected by NetworkPolicies ${listed(policies.map(({ metadata }) => metadata.name))}`);
  facts.push(...callFacts(view, workload));
  return facts;
}

/** Whom a workload calls, by the names in its settings, and who calls it. */
export function callFacts(view: ClusterView, workload: KubeObject): Evidence[] {
  const edges = callEdges(view);
  const callees = [
    ...new Set(
      edges
        .filter(({ caller }) => caller === workload)
        .map(({ service, port }) => `${service.metadata.name} (pod port ${port})`),
    ),
  ];
  const callers = [
    ...new Set(
      edges.filter(({ callee }) => callee === workload).map(({ caller }) => `${caller.kind}/${caller.metadata.name}`),
    ),
  ];
  const facts: Evidence[] = [];
  if (callees.length > 0) facts.push(factOf('sibling', workload, `calls ${listed(callees)}`));
  if (callers.length > 0) facts.push(factOf('sibling', workload, `is called by ${listed(callers)}`));
  for (const { from, host, port, object, field, address } of namedHosts(view)) {
    if (from !== workload || !address || (port === null && !host.includes('.svc'))) continue;
    const meant = serviceMeant(view, host, workload.metadata.namespace);
    const service = meant && view.find('Service', meant.namespace, meant.name);
    const asked = `${host}${port === null ? '' : `:${port}`}`;
    if (!service && (meant || !host.includes('.')))
      facts.push(factOf('sibling', object, `names ${asked}: no such Service in scope`, field));
    else if (service && port !== null && !servicePorts(service).some(({ number }) => number === port))
      facts.push(factOf('sibling', object, `names ${asked}: ${portList(service)}`, field));
  }
  return facts;
}

function claimsOf(podSpec: { volumes?: unknown }): { name: string; claim: string }[] {
  const volumes = Array.isArray(podSpec?.volumes) ? podSpec.volumes : [];
  return volumes.flatMap((volume) => {
    const claim: unknown = volume?.persistentVolumeClaim?.claimName;
    return typeof claim === 'string' ? [{ name: String(volume.name), claim }] : [];
  });
}
