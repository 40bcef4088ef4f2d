/** What the demo shop consists of; `manifests.ts` turns it into Kubernetes objects. */
export const SHOP_NAMESPACE = 'hotel-reservation';
export const SHOP_IMAGE = 'shop.testbed.local/hotel-reservation:1.4.0';
/** What its next release left wrong, no probe notices (regressions.go); there only where telemetry is. */
export const SHOP_IMAGE_LATER = 'shop.testbed.local/hotel-reservation:1.5.0';
export const REDIS_PORT = 6379;

export interface ShopService {
  /** Name of its Deployment and Service, and the role given to the binary. */
  name: string;
  port: number;
  replicas: number;
  /** How the Service names the container's port. */
  targetPort: 'by-name' | 'by-number';
  /** Services it calls, by name. */
  calls: string[];
  /** Name of the Redis server that holds its state, if it has any. */
  store?: string;
}

export interface ShopStore {
  /** Name of its Deployment and Service. */
  name: string;
  /** Whether its data is on a PersistentVolumeClaim; otherwise it lives as long as the pod. */
  persistent: boolean;
}

export const SHOP_SERVICES: ShopService[] = [
  service('frontend', 5000, { calls: ['search', 'profile', 'recommendation', 'user', 'reservation'] }),
  service('search', 8082, { calls: ['geo', 'rate'], replicas: 2 }),
  service('geo', 8083, { store: 'redis-geo', targetPort: 'by-number' }),
  service('rate', 8084, { store: 'redis-rate', replicas: 2 }),
  service('profile', 8081, { store: 'redis-profile', targetPort: 'by-number' }),
  service('recommendation', 8085, { store: 'redis-common' }),
  service('user', 8086, { store: 'redis-common', targetPort: 'by-number' }),
  service('reservation', 8087, { store: 'redis-common' }),
];

export const SHOP_STORES: ShopStore[] = [
  { name: 'redis-geo', persistent: true },
  { name: 'redis-rate', persistent: true },
  { name: 'redis-profile', persistent: true },
  { name: 'redis-common', persistent: false },
];

/** The request whose answer tells whether the shop works for a guest: needs search, geo, rate, profile and stores. */
export const SHOP_REQUEST = { service: 'frontend', port: 5000, path: '/hotels?inDate=2026-04-09&outDate=2026-04-10' };

/** Claim that holds the data of a persistent store. */
export function claimName(store: string): string {
  return `${store}-data`;
}

function service(name: string, port: number, more: Partial<ShopService>): ShopService {
  return { name, port, replicas: 1, targetPort: 'by-name', calls: [], ...more };
}
