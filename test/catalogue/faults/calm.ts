import type { KubeObject } from '../../judge/api.ts';
import { container } from '../application.ts';
import { keyOf } from '../cluster.ts';
import type { Fault, Plan, Scene } from '../fault.ts';
import { autoscaler } from './scale.ts';

const nothing = async (): Promise<void> => undefined;

function calm(
  name: string,
  summary: string,
  wish: Fault['wish'],
  plan: (scene: Scene) => Pick<Plan, 'what' | 'inject'>,
): Fault {
  return {
    ...{ name, family: 'scale', summary, needs: 'real', scope: 'namespace', wish },
    plan: (scene) => ({ heal: nothing, causes: [], mayChange: [], ...plan(scene) }),
  };
}

export const CALM_SCENES: Fault[] = [
  calm(
    'rollout-under-way',
    'a gradual rollout of a program that starts slowly',
    { kinds: ['Deployment'], replicas: 2 },
    ({ target }) => {
      target.workload.spec.strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
      return {
        what: `${keyOf(target.ref)} is being rolled out`,
        inject: (cluster) =>
          cluster.edit(target.ref, ({ spec }) => {
            spec.template.spec.containers[0].readinessProbe = {
              ...spec.template.spec.containers[0].readinessProbe,
              initialDelaySeconds: 6,
            };
          }),
      };
    },
  ),
  calm(
    'scaled-down-on-purpose',
    'a tool that nobody asks has no replicas, as its manifest says',
    {},
    ({ application, random }) => {
      const name = `${random.pick(['loadtest', 'migration', 'debug'])}-tool`;
      application.extras.push(idle(name, { replicas: 0 }));
      return { what: `Deployment/${name} has 0 replicas`, inject: nothing };
    },
  ),
  calm('jobs-finished', 'Jobs that have done their work', {}, ({ application, random }) => {
    const name = `import-${random.token(4)}`;
    const template = { spec: { restartPolicy: 'Never', containers: [container('job', 'echo imported')] } };
    application.extras.push({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name },
      spec: { template, backoffLimit: 1 },
    });
    return {
      what: `Job/${name} is complete`,
      inject: async (cluster) => {
        await cluster.kubectl(['wait', '--for=condition=Complete', `job/${name}`, '--timeout=60s']);
      },
    };
  }),
  calm(
    'deployment-paused',
    'a Deployment is paused between two changes, and serves',
    { kinds: ['Deployment'] },
    ({ target }) => ({
      what: `${keyOf(target.ref)} is paused`,
      inject: async (cluster) => {
        await cluster.kubectl(['rollout', 'pause', keyOf(target.ref)]);
      },
    }),
  ),
  calm(
    'autoscaler-at-minimum',
    'an autoscaler without load holds its minimum',
    { kinds: ['Deployment'], replicas: 2 },
    ({ application, target }) => {
      application.extras.push(autoscaler(target.name, target.ref, 2, 6));
      return { what: `HorizontalPodAutoscaler/${target.name} at 2`, inject: nothing };
    },
  ),
];

function idle(name: string, { replicas }: { replicas: number }): KubeObject {
  const labels = { tool: name };
  const spec = { containers: [container('tool', 'sleep 86400')] };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}
