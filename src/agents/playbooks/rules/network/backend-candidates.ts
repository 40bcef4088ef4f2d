import { listOf } from '../../../../kube/untyped-list.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { LAST_APPLIED_FIELD, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { ingressBackends } from '../../../../kube/ingress-backends.ts';
import { portKnowledge } from '../../../../kube/port-knowledge.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import type { ServicePort } from '../../../../kube/service-backends.ts';
import { renamedServices } from '../../clues/services/renamed-service.ts';
import { clearlySimilar, isSameProgram } from '../../clues/names/similar-names.ts';
import { evidence } from '../../engine/analyzer.ts';
import { AUXILIARY } from './target-port-candidates.ts';

/** What a route should lead to instead. */
export interface BackendChoice<T> {
  value: T;
  confidence: number;
  reasons: Evidence[];
}

/** A place of a route that names a Service and a port of it. */
export interface BackendPlace {
  name: string;
  port: Untyped;
  pointer: string;
}

/** Services that a route most likely meant: the one last applied, a similar name, the one that took its place. */
export function backendServices(
  view: ClusterView,
  route: KubeObject,
  { name, port, pointer }: BackendPlace,
  fits: (service: KubeObject) => boolean,
): BackendChoice<string>[] {
  const { namespace = '' } = route.metadata;
  const fitting = view.all('Service', namespace).filter(fits);
  const choices: BackendChoice<string>[] = [];
  const before: unknown = (at(lastApplied(route), pointer) as Untyped)?.name;
  if (typeof before === 'string' && fitting.some(({ metadata }) => metadata.name === before)) {
    const text = `the configuration last applied leads to ${before}`;
    choices.push({ value: before, confidence: 0.92, reasons: [evidence('revision', route, LAST_APPLIED_FIELD, text)] });
  }
  // With a word more it is that of another program, which may well serve the same port.
  const alike = fitting.filter(({ metadata }) => isSameProgram(name, metadata.name));
  const close = clearlySimilar(name, alike, (each) => each.metadata.name);
  if (close) {
    const text = `${close.item.metadata.name} is close to ${name}`;
    const reasons = [evidence('sibling', close.item, 'metadata.name', text)];
    choices.push({ value: close.item.metadata.name, confidence: 0.3 + 0.5 * close.similarity, reasons });
  }
  const own = namesakeOfHost(route, name, pointer, fitting);
  if (own) {
    const text = `the host of the route is called after ${own.service.metadata.name}, to which no other path leads`;
    choices.push({
      value: own.service.metadata.name,
      confidence: 0.7,
      reasons: [evidence('spec', route, own.field, text)],
    });
  }
  const number: unknown = port?.number;
  const place = { from: route, object: route, variable: null, pointer };
  const asked = [{ ...place, port: typeof number === 'number' ? number : null }];
  for (const { service, confidence, reasons } of renamedServices(view, namespace, name, asked)) {
    if (fits(service)) choices.push({ value: service.metadata.name, confidence: Math.min(0.85, confidence), reasons });
  }
  return choices.sort((a, b) => b.confidence - a.confidence);
}

/**
 * The Service after which the host of a route is called, where the whole host leads to the missing one, whose name has that of
 * the Service and a word more, and no path leads to the Service itself: else the missing one is another program's.
 */
function namesakeOfHost(
  route: KubeObject,
  missing: string,
  pointer: string,
  fitting: KubeObject[],
): { service: KubeObject; field: string } | null {
  const [, rule, at] = /^\/spec\/rules\/(\d+)\/http\/paths\/(\d+)\//.exec(pointer) ?? [];
  const { host, http } = (listOf(route.spec?.rules)[Number(rule)] ?? {}) as Untyped;
  const path: unknown = listOf(http?.paths)[Number(at)]?.path ?? '/';
  const [label] = String(host ?? '').split('.');
  const service = fitting.find(({ metadata }) => metadata.name === label);
  if (rule === undefined || path !== '/' || !service || !label) return null;
  if (!missing.startsWith(`${label}-`) && !missing.endsWith(`-${label}`)) return null;
  const led = ingressBackends(route).some(({ name }) => name === label);
  return led ? null : { service, field: `spec.rules[${rule}].host` };
}

/** Ports of a Service that a route most likely meant by a name or number which the Service does not have (any more). */
export function backendPorts(
  view: ClusterView,
  route: KubeObject,
  { port, pointer }: BackendPlace,
  service: KubeObject,
): BackendChoice<{ name: string } | { number: number }>[] {
  const asked: unknown = port?.name ?? port?.number;
  const ports = servicePorts(service);
  const choices: BackendChoice<{ name: string } | { number: number }>[] = [];
  const add = (found: ServicePort | undefined, confidence: number, reason: Evidence): void => {
    if (!found) return;
    const value = port?.name !== undefined && found.name ? { name: found.name } : { number: found.number };
    choices.push({ value, confidence, reasons: [reason] });
  };
  const before = (at(lastApplied(route), pointer) as Untyped)?.port;
  const former = ports.find((each) => each.name === before?.name || each.number === before?.number);
  add(
    before && former,
    0.92,
    evidence('revision', route, LAST_APPLIED_FIELD, 'the configuration last applied names this port'),
  );

  const appliedPorts: Untyped[] = listOf(lastApplied(service)?.spec?.ports);
  const was = appliedPorts.find((each) => each?.name === asked || each?.port === asked);
  const since = ports.find((each) => each.number === was?.port || (was?.name !== undefined && each.name === was.name));
  add(
    was && since,
    0.9,
    evidence('revision', service, LAST_APPLIED_FIELD, `port ${String(asked)} was this port when it was last applied`),
  );

  const declared = view.workloadsBehind(service).flatMap((each) => portKnowledge(podTemplateOf(each)?.spec).ports);
  const container = declared.find(({ name, number }) => name === asked || number === asked);
  const behind = ports.filter(
    ({ target }) => target === asked || (container && (target === container.number || target === container.name)),
  );
  if (behind.length === 1)
    add(
      behind[0],
      0.82,
      evidence('spec', service, 'spec.ports', `port ${String(asked)} is the container port behind it`),
    );

  const close = clearlySimilar(
    String(asked),
    ports.filter(({ name }) => name !== ''),
    ({ name }) => name,
  );
  if (close && typeof asked === 'string')
    add(
      close.item,
      0.35 + 0.45 * close.similarity,
      evidence('spec', service, 'spec.ports', `${close.item.name} is close to ${asked}`),
    );

  const forUsers = ports.filter(({ name }) => !AUXILIARY.test(name));
  if (ports.length === 1) add(ports[0], 0.75, evidence('spec', service, 'spec.ports', 'it is the only port'));
  else if (forUsers.length === 1)
    add(forUsers[0], 0.6, evidence('spec', service, 'spec.ports', 'its other ports tell about the process'));
  return choices.sort((a, b) => b.confidence - a.confidence);
}

function at(object: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((found, step) => (found as Record<string, unknown> | null | undefined)?.[step], object);
}
