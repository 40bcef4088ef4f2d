import type { KubeObject } from '../domain/kube-object.ts';
import { servingContainers } from './pod-template.ts';
import type { ServicePort } from './service-backends.ts';

/** The port number that an endpoint of this pod gets for a Service port; null when the pod lacks the named port. */
export function endpointPort(podSpec: KubeObject['spec'], { target, protocol }: ServicePort): number | null {
  if (typeof target === 'number') return target;
  const declared = servingContainers(podSpec).flatMap(
    ({ spec }) => (spec?.ports ?? []) as { name?: string; containerPort: number; protocol?: string }[],
  );
  const found = declared.find((entry) => entry.name === target && (entry.protocol ?? 'TCP') === protocol);
  return found?.containerPort ?? null;
}
