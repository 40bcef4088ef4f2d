import { SETTINGS } from '../../app/observed.ts';
import { measured, patchContainer } from './measured.ts';

/** What the pictures that profile holds need, and a little more. */
const TIGHT_MEMORY = '49Mi';
const MANY_REQUESTS = '30';
const FEW_REPLICAS = 2;

export const tightLimit = measured({
  name: 'tight-limit',
  summary: 'a memory limit was lowered to just above what a workload always needs',
  needs: 'metrics',
  targets: ['profile'],
  touches: (target) => [`deployment/${target}`],
  inject: (context) => patchContainer(context, { resources: { limits: { memory: TIGHT_MEMORY } } }),
  shows: ({ namespace, target }) =>
    `container_memory_working_set_bytes{namespace="${namespace}", container="${target}"}
      / (container_spec_memory_limit_bytes > 0) > 0.85`,
});

export const hpaAtMaximum = measured({
  name: 'hpa-at-maximum',
  summary: 'an autoscaler may not add the pods that the load of the day needs',
  needs: 'all',
  targets: ['search'],
  touches: (target) => [`horizontalpodautoscaler/${target}`, `configmap/${SETTINGS}`],
  async inject({ kubectl, namespace, target }) {
    const patch = async (kind: string, name: string, change: unknown) =>
      kubectl.run([
        ...['patch', kind, name, '--namespace', namespace],
        ...['--type', 'merge', '--patch', JSON.stringify(change)],
      ]);
    await patch('horizontalpodautoscaler', target, { spec: { maxReplicas: FEW_REPLICAS } });
    await patch('configmap', SETTINGS, { data: { 'requests-per-second': MANY_REQUESTS } });
  },
  shows: ({ namespace, target }) => {
    const of = (name: string) =>
      `kube_horizontalpodautoscaler_${name}{namespace="${namespace}", horizontalpodautoscaler="${target}"}`;
    return `${of('status_current_replicas')} >= ${of('spec_max_replicas')}
      and on (horizontalpodautoscaler) (${of('status_target_metric')}
        > on (horizontalpodautoscaler, metric_name) ${of('spec_target_metric')})`;
  },
});
