import { comesBack, isLost, oneWay, unknown } from '../effect.ts';
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
