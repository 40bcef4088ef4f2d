import type { KubeObject } from '../../domain/kube-object.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import { KubeApi } from '../../gateway/wire/kube-api.ts';
import { Monitor } from '../../gateway/monitor/monitor.ts';
import type { Upstream } from '../../gateway/wire/upstream.ts';
import { LEASE_NAME } from './lease-record.ts';

/** The one Lease in the API server, through the gateway's control mode. All methods throw ClusterError. */
export class LeaseStore {
  readonly #api: KubeApi;
  readonly #collection: string;

  constructor(upstream: Upstream, namespace: string) {
    const grant = {
      group: 'coordination.k8s.io',
      resource: 'leases',
      namespace,
      name: LEASE_NAME,
      subresource: '',
    };
    this.#api = new KubeApi(new Monitor(upstream, 'control', { control: [grant] }));
    this.#collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  }

  /** Null when there is none. */
  get(signal?: AbortSignal): Promise<KubeObject | null> {
    return this.#api.find(`${this.#collection}/${LEASE_NAME}`, signal);
  }

  /** Compare-and-swap by the body's resourceVersion. @throws ClusterError conflict (409) */
  put(body: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    return this.#api.write('PUT', `${this.#collection}/${LEASE_NAME}`, body, signal);
  }

  create(body: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    return this.#api.write('POST', this.#collection, body, signal);
  }
}

/** True when somebody else was faster. */
export function isLostRace(error: unknown): boolean {
  return error instanceof ClusterError && (error.status === 409 || error.status === 404);
}
