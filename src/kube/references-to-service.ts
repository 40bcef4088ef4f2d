import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import { containersOf, podTemplateOf } from './pod-template.ts';
import type { Untyped } from './pod-template.ts';
import { desiredReplicas } from './pods.ts';

/** A place in a workload's template (or in a ConfigMap it uses) that names a Service by its DNS name. */
export interface ServiceReference {
  /** Workload that asks the Service. */
  from: KubeObject;
  /** Object that holds the text: the workload itself or a ConfigMap. */
  object: KubeObject;
  field: string;
  /** Port written behind the name, if any. */
  port: number | null;
}

const HOST = /(?<![A-Za-z0-9._-])([a-z](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*)(?::(\d{1,5}))?(?![A-Za-z0-9_-])/g;

/** References to `service` by workloads that are meant to run. A plain word counts only next to a port or scheme. */
export function referencesTo(view: ClusterView, service: KubeObject): ServiceReference[] {
  const { name, namespace } = service.metadata;
  const found: ServiceReference[] = [];
  for (const from of view.workloads()) {
    if (desiredReplicas(from) === 0) continue;
    const template = podTemplateOf(from);
    if (!template) continue;
    for (const { text, object, field } of textsOf(view, from, template.spec, template.field)) {
      const port = portOfHost(text, name, namespace ?? '', from.metadata.namespace === namespace);
      if (port !== undefined) found.push({ from, object, field, port });
    }
  }
  return found;
}

interface Text {
  text: string;
  object: KubeObject;
  field: string;
}

function textsOf(view: ClusterView, workload: KubeObject, podSpec: Untyped, field: string): Text[] {
  const texts: Text[] = [];
  const { namespace } = workload.metadata;
  for (const container of containersOf(podSpec)) {
    const env: Untyped[] = Array.isArray(container.spec?.env) ? container.spec.env : [];
    env.forEach((variable, index) => {
      const at = `${field}.${container.place}.env[${index}]`;
      if (typeof variable?.value === 'string') texts.push({ text: variable.value, object: workload, field: at });
      const reference = variable?.valueFrom?.configMapKeyRef;
      const map = reference ? view.find('ConfigMap', namespace, reference.name) : undefined;
      const value: unknown = map?.['data']?.[reference?.key];
      if (map && typeof value === 'string') texts.push({ text: value, object: map, field: `data["${reference.key}"]` });
    });
    for (const source of Array.isArray(container.spec?.envFrom) ? container.spec.envFrom : []) {
      const map = source?.configMapRef ? view.find('ConfigMap', namespace, source.configMapRef.name) : undefined;
      for (const [key, value] of Object.entries((map?.['data'] ?? {}) as Record<string, string>)) {
        texts.push({ text: String(value), object: map!, field: `data["${key}"]` });
      }
    }
    for (const list of ['command', 'args'] as const) {
      const words: unknown[] = Array.isArray(container.spec?.[list]) ? container.spec[list] : [];
      words.forEach((word, index) => {
        texts.push({ text: String(word), object: workload, field: `${field}.${container.place}.${list}[${index}]` });
      });
    }
  }
  return texts;
}

/** The port (or null) if `text` names the Service; undefined if it does not. */
function portOfHost(text: string, name: string, namespace: string, sameNamespace: boolean): number | null | undefined {
  if (!text.includes(name)) return undefined;
  const [short, long] = [name, `${name}.${namespace}`];
  for (const match of text.slice(0, 8192).matchAll(HOST)) {
    const host = match[1]!;
    const port = match[2] ? Number(match[2]) : null;
    if (host === long || host === `${long}.svc` || host.startsWith(`${long}.svc.`)) return port;
    if (!sameNamespace || host !== short) continue;
    const before = text.slice(0, match.index);
    if (port !== null || text.trim() === short || /(?:\/\/|@)$/.test(before)) return port;
  }
  return undefined;
}
