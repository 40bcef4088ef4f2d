import type { KubeObject } from '../domain/kube-object.ts';
import { pointerKey } from '../json/stable-json.ts';
import { literalPattern } from '../text/literal-pattern.ts';
import type { ClusterView } from './cluster-view.ts';
import { ROLLOUT_KINDS } from './kind-sets.ts';
import type { MeantService, NamedHost } from './named-hosts.ts';
import { isCall, namedHosts, serviceMeant } from './named-hosts.ts';
import { hasMutableTemplate, lastApplied, podTemplateOf } from './pod-template.ts';
import type { Untyped } from './pod-template.ts';
import { isLiving, isReady } from './pods.ts';
import { portKnowledge } from './port-knowledge.ts';
import { earlierRevisions } from './revisions.ts';
import { servicePorts } from './service-backends.ts';
import { listOf } from './untyped-list.ts';

/** A call that settings tell a program to make, and that cannot reach anybody. */
export interface DeadCall {
  reference: NamedHost;
  port: number;
  meant: MeantService;
  /** Undefined where there is none. */
  service: KubeObject | undefined;
}

/**
 * Calls that certainly fail and once did not: to a Service that does not exist in front of ready pods which bear its name and
 * listen on the port; or to a port that the Service does not have, where the caller asked another one before, or the Service
 * had this one. A name alone proves nothing: it may lead outside, or belong to what is switched off.
 */
export function deadCalls(view: ClusterView): DeadCall[] {
  if (!view.known('Service') || !view.known('Pod')) return [];
  return namedHosts(view).flatMap((reference): DeadCall[] => {
    const { from, host, port } = reference;
    if (port === null || !hasMutableTemplate(from) || !isCall(reference)) return [];
    const meant = serviceMeant(view, host, from.metadata.namespace);
    if (!meant || !view.inScope(meant.namespace)) return [];
    const service = view.find('Service', meant.namespace, meant.name);
    const call = { reference, port, meant, service };
    if (!service) return bearer(view, meant, port) ? [call] : [];
    return lacksPort(service, port) && wasRight(view, service, call) ? [call] : [];
  });
}

/** Behind a headless Service, and one that is a name of something else, the pods decide. */
export function lacksPort(service: KubeObject, port: number): boolean {
  if (service.spec?.type === 'ExternalName' || service.spec?.clusterIP === 'None') return false;
  const ports = servicePorts(service);
  return ports.length > 0 && !ports.some(({ number }) => number === port);
}

/** There is one workload of the Service's name, no Service leads to it, and it serves the port, or just one. */
function bearer(view: ClusterView, { name, namespace }: MeantService, port: number): boolean {
  const found = ROLLOUT_KINDS.flatMap((kind) => view.find(kind, namespace, name) ?? []);
  const [workload] = found;
  const template = workload && podTemplateOf(workload);
  if (!template || found.length > 1 || view.servicesSelecting(namespace, template.labels).length > 0) return false;
  const served = portKnowledge(template.spec).ports.filter(({ declared, probe }) => declared || probe);
  if (served.length !== 1 && !served.some(({ number }) => number === port)) return false;
  return view.podsOf(workload).some((pod) => isLiving(pod) && isReady(pod));
}

function wasRight(view: ClusterView, service: KubeObject, { reference, port }: DeadCall): boolean {
  const applied: unknown = lastApplied(service)?.spec?.ports;
  if (listOf(applied).some((each) => each?.port === port)) return true;
  const ports = servicePorts(service).map(({ number }) => number);
  return formerTexts(view, reference).some((text) => {
    const found = new RegExp(`(?<![A-Za-z0-9._-])${literalPattern(reference.host)}:(\\d+)(?!\\d)`).exec(text);
    return found !== null && ports.includes(Number(found[1]));
  });
}

/** What stood in the same place before, as far as anything keeps it. */
function formerTexts(view: ClusterView, { object, pointer, container, variable }: NamedHost): string[] {
  if (object.kind === 'ConfigMap') {
    const text: unknown = lastApplied(object)?.data?.[pointerKey(pointer.slice('/data/'.length))];
    return typeof text === 'string' ? [text] : [];
  }
  const templates: Untyped[] = [
    lastApplied(object)?.spec?.template,
    ...earlierRevisions(view, object).map(({ template }) => template),
  ];
  return templates.flatMap((template) =>
    [...listOf(template?.spec?.containers), ...listOf(template?.spec?.initContainers)]
      .filter((each) => each?.name === container)
      .flatMap((each) => listOf(each?.env))
      .flatMap((each) => (each?.name === variable && typeof each?.value === 'string' ? [each.value as string] : [])),
  );
}
