import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import { podTemplateOf } from './pod-template.ts';
import type { Untyped } from './pod-template.ts';
import { isPortNumber, portKnowledge } from './port-knowledge.ts';
import type { PortKnowledge } from './port-knowledge.ts';

/** One kind of pod behind a Service: pods that listen on the same ports. */
export interface Backend {
  knowledge: PortKnowledge;
  /** A pod, or the workload whose template it is when there are no pods. */
  object: KubeObject;
  field: string;
}

/** A port of a Service with its defaults filled in. */
export interface ServicePort {
  index: number;
  /** As in `spec.ports[].name`; empty when there is only one. */
  name: string;
  number: number;
  protocol: string;
  target: number | string;
  /** False when the server did not fill in the default. */
  written: boolean;
}

export function servicePorts(service: KubeObject): ServicePort[] {
  const ports: Untyped[] = Array.isArray(service.spec?.ports) ? service.spec.ports : [];
  return ports.flatMap((port, index) => {
    if (!isPortNumber(port?.port)) return [];
    const target = port.targetPort === undefined || port.targetPort === 0 ? port.port : port.targetPort;
    const written = port.targetPort !== undefined;
    return { index, name: port.name ?? '', number: port.port, protocol: port.protocol ?? 'TCP', target, written };
  });
}

/** Distinct kinds of pods behind the Service; the templates of its workloads while there are no pods. */
export function backendsOf(view: ClusterView, service: KubeObject): Backend[] {
  const pods = view.podsBehind(service).map((object) => ({ object, spec: object.spec, field: 'spec' }));
  const templates = view.workloadsBehind(service).flatMap((object) => {
    const template = podTemplateOf(object);
    return template ? { object, spec: template.spec, field: template.field } : [];
  });
  const distinct = new Map<string, Backend>();
  for (const { object, spec, field } of pods.length > 0 ? pods : templates) {
    const knowledge = portKnowledge(spec);
    const text = JSON.stringify([knowledge.ports, knowledge.silentContainers, [...knowledge.mentioned].sort()]);
    if (!distinct.has(text)) distinct.set(text, { knowledge, object, field });
  }
  return [...distinct.values()];
}
