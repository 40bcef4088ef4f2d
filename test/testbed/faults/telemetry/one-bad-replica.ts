import type { KubeObject } from '../../app/kubectl.ts';
import { type FaultContext, podsPath, selectorOf } from '../fault.ts';
import { measured } from './measured.ts';

const PORT = 8084;
const DELAY_MS = 600;

/** Nothing in the cluster says so: the state is in one process and ends with its pod. */
export const oneBadReplica = measured({
  name: 'one-bad-replica',
  summary: 'one pod of three answers slowly; none of its objects tells why, and a new pod would not',
  needs: 'metrics',
  targets: ['rate'],
  touches: (target) => [`deployment/${target}`],
  async inject(context) {
    await delay(context, context.pick(await podsOf(context)), DELAY_MS);
  },
  async heal(context) {
    for (const pod of await podsOf(context)) await delay(context, pod, 0);
  },
  shows: ({ namespace, target }) => {
    const slowness = (by: string) =>
      `histogram_quantile(0.5, sum by (${by}, le) (rate(
        http_request_duration_seconds_bucket{namespace="${namespace}", service="${target}"}[30s])))`;
    return `${slowness('service, pod')} > 0.25 and on (service) count by (service) (${slowness('service, pod')} < 0.25) > 0`;
  },
});

async function podsOf(context: FaultContext): Promise<string[]> {
  const ours = await selectorOf(context);
  const { items } = (await context.kubectl.get(podsPath(context.namespace))) as KubeObject & { items: KubeObject[] };
  return items.filter(ours).map(({ metadata }) => metadata.name);
}

async function delay({ kubectl, namespace }: FaultContext, pod: string, milliseconds: number): Promise<void> {
  const path = `${podsPath(namespace)}/${pod}:${PORT}/proxy/chaos?delayMs=${milliseconds}`;
  await kubectl.run(['create', '--raw', path, '-f', '-'], '{}');
}
