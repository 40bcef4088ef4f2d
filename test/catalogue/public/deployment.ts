import type { KubeObject } from '../../judge/api.ts';
import { objectPath } from '../../judge/api.ts';
import { untilAsked } from '../../judge/wait.ts';
import type { Cluster } from '../cluster.ts';
import { lackOfRollout } from '../health.ts';
import { servingServices, workloadsIn } from './call-graph.ts';

const DEPLOY_MS = 180_000;

/** Manifests in a namespace of their own. */
export class Deployment {
  readonly cluster: Cluster;
  readonly #objects: readonly KubeObject[];

  constructor(cluster: Cluster, objects: readonly KubeObject[]) {
    this.cluster = cluster;
    this.#objects = objects;
  }

  /** @throws Error with what is not served in the end */
  async deploy(how: 'apply' | 'create'): Promise<void> {
    const { namespace, api } = this.cluster;
    await this.remove();
    await this.cluster.kubectl(['create', 'namespace', namespace]);
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    await untilAsked(DEPLOY_MS, 'service account', async () => ((await api.find(account)) ? '' : 'none'));
    await this.cluster[how](this.#objects);
    await untilAsked(DEPLOY_MS, 'the healthy manifests', () => this.lack());
  }

  /** "" when every workload has its pods and every Service leads to some of them. */
  async lack(): Promise<string> {
    for (const workload of workloadsIn(this.#objects)) {
      const now = await this.cluster.find({ kind: workload.kind!, name: workload.metadata.name });
      const lack = now ? lackOfRollout(now, Number(workload.spec.replicas ?? 1)) : `${workload.metadata.name} is gone`;
      if (lack) return lack;
    }
    const slices = await this.cluster.list('endpointslices');
    for (const { service } of servingServices(this.#objects)) {
      const { name } = service.metadata;
      const own = slices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
      const ready = own.flatMap(({ endpoints }) => (endpoints ?? []) as { conditions?: { ready?: boolean } }[]);
      if (!ready.some(({ conditions }) => conditions?.ready)) return `Service ${name} has no endpoints`;
    }
    return '';
  }

  async remove(): Promise<void> {
    const path = objectPath('Namespace', '', this.cluster.namespace);
    await this.cluster.api.remove(path);
    await untilAsked(DEPLOY_MS, 'namespace gone', async () =>
      (await this.cluster.api.find(path)) ? 'it is still there' : '',
    );
  }
}
