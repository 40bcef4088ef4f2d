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
    const { namespace, api } = this.cluster;
    const list = async (group: string, plural: string) =>
      (await api.list(`/apis/${group}/namespaces/${namespace}/${plural}`)).items;
    const plurals = { Deployment: 'deployments', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets' };
    const wanted = workloadsIn(this.#objects);
    for (const [kind, plural] of Object.entries(plurals)) {
      const own = wanted.filter((workload) => workload.kind === kind);
      const there = own.length > 0 ? await list('apps/v1', plural) : [];
      for (const { metadata, spec } of own) {
        const now = there.find((each) => each.metadata.name === metadata.name);
        const lack = now ? lackOfRollout({ ...now, kind }, Number(spec.replicas ?? 1)) : `${metadata.name} is gone`;
        if (lack) return lack;
      }
    }
    const slices = await list('discovery.k8s.io/v1', 'endpointslices');
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
