import type { KubeObject } from '../../judge/api.ts';
import { container, IDLE } from '../application.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Fault } from '../fault.ts';
import { edited } from '../fault.ts';

const SCALED = { kinds: ['Deployment', 'StatefulSet'] } as const;

export const SCALE_FAULTS: Fault[] = [
  {
    name: 'scaled-to-none',
    family: 'scale',
    summary: 'somebody scaled a member to zero that others need',
    likeness: 'AIOpsLab scale_pod_zero_social_net; ITBench 58',
    needs: 'any',
    scope: 'namespace',
    wish: SCALED,
    plan({ target }) {
      return {
        what: `${keyOf(target.ref)}: replicas 0`,
        inject: (cluster) => scale(cluster, target.ref, 0),
        heal: (cluster) => scale(cluster, target.ref, target.replicas),
        causes: [{ names: [target.name], word: /scaled|replicas/i }],
        mayChange: [keyOf(target.ref)],
      };
    },
  },
  {
    name: 'hpa-capped-at-one',
    family: 'scale',
    summary: 'an autoscaler holds a member below the number that works together',
    needs: 'real',
    scope: 'namespace',
    wish: { kinds: ['Deployment'], replicas: 2 },
    plan(scene) {
      const { application, target } = scene;
      const scaler = autoscaler(target.name, target.ref, 2, 4);
      application.extras.push(scaler);
      return {
        ...edited(scene, scaler, ({ spec }) => Object.assign(spec, { minReplicas: 1, maxReplicas: 1 })),
        what: `HorizontalPodAutoscaler ${target.name}: at most 1`,
        // Its controller looks every 15 s.
        holdSeconds: 20,
        causes: [{ names: ['HorizontalPodAutoscaler', target.name], word: /maxReplicas|maximum|max|caps/i }],
        mayChange: [keyOf(refOf(scaler)), keyOf(target.ref)],
      };
    },
  },
  {
    name: 'hpa-points-nowhere',
    family: 'scale',
    summary: 'an autoscaler was pointed at a workload that does not exist',
    needs: 'any',
    scope: 'namespace',
    wish: { kinds: ['Deployment'], replicas: 2 },
    plan(scene) {
      const { application, target } = scene;
      const scaler = autoscaler(`${target.name}-scaler`, target.ref, 2, 4);
      application.extras.push(scaler);
      const wrong = `${target.name}-v2`;
      return {
        ...edited(scene, scaler, ({ spec }) => (spec.scaleTargetRef.name = wrong)),
        what: `HorizontalPodAutoscaler ${scaler.metadata.name}: target ${wrong}`,
        healthy: async (cluster) => {
          const { spec } = await cluster.get(refOf(scaler));
          return spec.scaleTargetRef.name === target.name ? '' : `nothing scales ${target.name}`;
        },
        causes: [{ names: ['HorizontalPodAutoscaler', scaler.metadata.name, wrong], word: /./ }],
        mayChange: [keyOf(refOf(scaler))],
      };
    },
  },
  {
    name: 'rollout-paused',
    family: 'scale',
    summary: 'a Deployment was left paused half-way, its old pods are gone',
    needs: 'any',
    scope: 'namespace',
    wish: { kinds: ['Deployment'], interrupted: true },
    plan({ target }) {
      return {
        what: `${keyOf(target.ref)} paused, its label and Service moved on`,
        async inject(cluster) {
          await cluster.kubectl(['rollout', 'pause', keyOf(target.ref)]);
          await cluster.kubectl([
            'patch',
            'deployment',
            target.name,
            '--patch',
            JSON.stringify({ spec: { template: { metadata: { labels: { track: 'next' } } } } }),
          ]);
          await cluster.edit(
            refOf(target.service),
            ({ spec }) => (spec.selector = { ...spec.selector, track: 'next' }),
          );
        },
        heal: async (cluster) => {
          await cluster.kubectl(['rollout', 'resume', keyOf(target.ref)]);
        },
        causes: [{ names: [target.name], word: /paused/i }],
        mayChange: [keyOf(target.ref), keyOf(refOf(target.service))],
      };
    },
  },
  {
    name: 'stateful-set-stuck',
    family: 'scale',
    summary: 'a StatefulSet waits for its broken pod although its template was put right again',
    needs: 'real',
    scope: 'namespace',
    wish: { kinds: ['StatefulSet'], replicas: 1 },
    plan({ target }) {
      target.workload.spec.podManagementPolicy = 'OrderedReady';
      let before: KubeObject | undefined;
      return {
        what: `${keyOf(target.ref)}: its pod has the broken revision still`,
        async inject(cluster) {
          before = await cluster.get(target.ref);
          await cluster.edit(target.ref, ({ spec }) => {
            const containers = spec.template.spec.containers as { name: string; image: string }[];
            containers.find(({ name }) => name === target.main.name)!.image = 'testbed.local/busybox:broken';
          });
          await new Promise((resolve) => setTimeout(resolve, 5_000));
          await cluster.patch(target.ref, [{ op: 'replace', path: '/spec', value: before.spec }]);
        },
        heal: (cluster) => cluster.removePods(target.labels),
        causes: [{ names: [target.name], word: /revision|stuck|pod|image/i }],
        mayChange: [keyOf(target.ref)],
      };
    },
  },
  {
    name: 'selector-too-wide',
    family: 'scale',
    summary: 'pods of a tool carry the labels of a member: its Service leads to them too',
    likeness: 'SREGym service_wrong_pod_selection',
    needs: 'real',
    scope: 'namespace',
    wish: { called: true },
    plan({ target, random }) {
      const name = `${random.pick(['debug', 'backup', 'loadtest'])}-${target.name}`;
      // A named port keeps pods without a port of that name out of the endpoints: users would miss nothing.
      target.service.spec.ports[0].targetPort = target.port;
      const labels = { ...target.labels, purpose: 'tool' };
      const tool: KubeObject = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name },
        spec: {
          replicas: 2,
          selector: { matchLabels: { purpose: 'tool' } },
          template: {
            metadata: { labels },
            spec: { terminationGracePeriodSeconds: 1, containers: [container('tool', IDLE)] },
          },
        },
      };
      return {
        what: `pods of ${name} carry the labels of ${target.name}`,
        inject: (cluster) => cluster.create([tool]),
        heal: (cluster) => cluster.remove(refOf(tool)),
        // Only some requests go astray, so those who answer are looked up.
        healthy: async (cluster) => {
          const { spec } = await cluster.get(refOf(target.service));
          const selector = Object.entries(spec.selector as Record<string, string>).map(
            ([key, value]) => `${key}=${value}`,
          );
          const pods = await cluster.list('pods', '--selector', selector.join(','));
          const astray = pods.find(({ metadata }) => metadata.name.startsWith(name));
          return astray ? `Service ${target.name} leads to ${astray.metadata.name}` : '';
        },
        causes: [{ names: [target.name, name], word: /select|label/i }],
        mayChange: [keyOf(refOf(target.service)), keyOf(refOf(tool)), keyOf(target.ref)],
      };
    },
  },
];

async function scale(cluster: Cluster, ref: { kind: string; name: string }, to: number): Promise<void> {
  await cluster.kubectl(['scale', keyOf(ref), `--replicas=${to}`]);
}

export function autoscaler(
  name: string,
  { kind, name: target }: { kind: string; name: string },
  minReplicas: number,
  maxReplicas: number,
): KubeObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind, name: target },
      ...{ minReplicas, maxReplicas },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      ],
    },
  };
}
