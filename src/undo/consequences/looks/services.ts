import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import type { Effect } from '../effect.ts';
import { comesBack, isLost, oneWay, unknown } from '../effect.ts';
import type { ClusterFacts } from '../facts.ts';
import type { Look } from './look.ts';

/** Addresses and ports that are handed out for a Service; outside the cluster a load balancer with them. */
export const lookAtAddresses: Look = ({ ref, before, after, what }) => {
  if (ref.kind !== 'Service') return [unknown(`${what}: its address may be given up`)];
  const [from, to] = [before.spec?.type ?? 'ClusterIP', after.spec?.type ?? 'ClusterIP'] as string[];
  if (to === 'LoadBalancer' && from !== to)
    return [oneWay('a load balancer outside the cluster is allocated and released with it')];
  if (from === 'LoadBalancer' && to !== from)
    return [isLost('its load balancer outside the cluster is released: its address is given up', ref)];
  const effects = [comesBack('its cluster address and node ports are asked for again and could be taken', ref)];
  if (from === 'LoadBalancer') effects.push(comesBack('its load balancer outside the cluster is set up anew', ref));
  return effects;
};

/**
 * Endpoints that people made for a Service without selector are theirs. Once it has a selector the endpoints controller
 * writes its own into them, and with the Service it deletes them.
 */
export async function handMadeEndpoints(ref: ObjectRef, facts: ClusterFacts, text: string): Promise<Effect[]> {
  const at: ObjectRef = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    name: ref.name,
    ...(ref.namespace ? { namespace: ref.namespace } : {}),
  };
  const endpoints = await facts.get(at);
  if (endpoints === undefined) return [unknown('whether somebody made Endpoints of its name could not be read')];
  if (endpoints === null) return [];
  return [isLost(text, at), isLost(text, at, ['EndpointSlice'])];
}

export const lookAtServiceSelector: Look = ({ ref, before, after }, facts) => {
  const has = (service: KubeObject) => Object.keys((service.spec?.selector ?? {}) as object).length > 0;
  if (has(before) || !has(after)) return [];
  return handMadeEndpoints(
    ref,
    facts,
    'with a selector the endpoints controller overwrites the Endpoints that people made',
  );
};
