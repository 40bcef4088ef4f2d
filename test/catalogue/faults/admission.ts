import type { KubeObject } from '../../judge/api.ts';
import { keyOf } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import type { Fault, Plan, Scene } from '../fault.ts';

/**
 * A policy comes into the namespace while everything runs; the next pod of the target is refused.
 * @param heal what its owner does to fit in
 */
function refused(
  scene: Scene,
  policy: KubeObject,
  heal: (cluster: Cluster) => Promise<void>,
): Pick<Plan, 'inject' | 'heal' | 'mayChange'> {
  const { target } = scene;
  return {
    async inject(cluster) {
      await cluster.create([policy]);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await cluster.removePods(target.labels);
    },
    async heal(cluster) {
      await heal(cluster);
      // Controllers wait longer and longer after refusals; a new revision is tried at once.
      await cluster.restart(target.ref);
    },
    mayChange: [keyOf(target.ref)],
  };
}

const quota = (name: string, hard: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name },
  spec: { hard },
});

const limitRange = (name: string, limit: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name },
  spec: { limits: [{ type: 'Container', ...limit }] },
});

/** Everything else in the namespace states what the quota asks for. */
const DEPLOYMENT: Fault['wish'] = { kinds: ['Deployment'], alone: true };

export const ADMISSION_FAULTS: Fault[] = [
  {
    name: 'quota-wants-cpu-limit',
    family: 'admission',
    summary: 'a quota demands a limit that the pods do not state',
    likeness: 'SREGym namespace_memory_limit',
    needs: 'any',
    scope: 'namespace',
    wish: DEPLOYMENT,
    plan(scene) {
      const name = scene.random.pick(['compute', 'team-share', 'budget']);
      const { target } = scene;
      return {
        ...refused(scene, quota(name, { 'limits.cpu': '4', pods: '30' }), (cluster) =>
          cluster.edit(target.ref, ({ spec }) => (spec.template.spec.containers[0].resources.limits.cpu = '100m')),
        ),
        what: `ResourceQuota ${name} wants limits.cpu`,
        causes: [{ names: [name], word: /quota.*limits\.cpu|limits\.cpu.*quota/is }],
        mayCreate: ['LimitRange'],
      };
    },
  },
  {
    name: 'quota-reached-by-request',
    family: 'admission',
    summary: 'a new revision asks for more than the quota leaves',
    likeness: 'ITBench 52, 102',
    needs: 'any',
    scope: 'namespace',
    wish: { kinds: ['Deployment'], interrupted: true },
    plan(scene) {
      const { application, target } = scene;
      application.extras.push(quota('namespace-share', { 'requests.memory': '256Mi' }));
      let before: KubeObject | undefined;
      return {
        what: `${target.name} asks for 512Mi where the quota has 256Mi`,
        async inject(cluster) {
          before = await cluster.get(target.ref);
          await cluster.kubectl([
            'set',
            'resources',
            keyOf(target.ref),
            `--containers=${target.main.name}`,
            '--requests=memory=512Mi',
            '--limits=memory=600Mi',
          ]);
        },
        heal: (cluster) => cluster.patch(target.ref, [{ op: 'replace', path: '/spec', value: before!.spec }]),
        causes: [{ names: ['namespace-share', target.name], word: /memory/i }],
        mayChange: [keyOf(target.ref)],
      };
    },
  },
  {
    name: 'limit-range-maximum',
    family: 'admission',
    summary: 'a LimitRange forbids what the pods ask for',
    needs: 'any',
    scope: 'namespace',
    wish: DEPLOYMENT,
    plan(scene) {
      const { target } = scene;
      target.main.resources = { requests: { cpu: '2m', memory: '24Mi' }, limits: { memory: '200Mi' } };
      const range = limitRange('container-sizes', { max: { memory: '64Mi' } });
      return {
        ...refused(scene, range, (cluster) =>
          cluster.edit(target.ref, ({ spec }) => (spec.template.spec.containers[0].resources.limits.memory = '64Mi')),
        ),
        what: 'LimitRange container-sizes: at most 64Mi, the template has 200Mi',
        causes: [{ names: [target.name], word: /64Mi|LimitRange|maximum memory/i }],
      };
    },
  },
  {
    name: 'limit-range-ratio',
    family: 'admission',
    summary: 'a LimitRange forbids limits so far above requests',
    needs: 'any',
    scope: 'namespace',
    wish: DEPLOYMENT,
    plan(scene) {
      const { target } = scene;
      target.main.resources = { requests: { cpu: '2m', memory: '10Mi' }, limits: { memory: '80Mi' } };
      const range = limitRange('no-overcommit', { maxLimitRequestRatio: { memory: '4' } });
      return {
        ...refused(scene, range, (cluster) =>
          cluster.edit(target.ref, ({ spec }) => (spec.template.spec.containers[0].resources.requests.memory = '20Mi')),
        ),
        what: 'LimitRange no-overcommit: ratio 4, the template has 8',
        causes: [{ names: [target.name], word: /ratio|LimitRange/i }],
      };
    },
  },
  {
    name: 'pod-security-restricted',
    family: 'admission',
    summary: 'the namespace enforces a pod security standard that the next pod does not meet',
    likeness: 'SREGym psa_restricted_blocks_recreation',
    needs: 'any',
    scope: 'namespace',
    wish: DEPLOYMENT,
    plan(scene) {
      const { target, application } = scene;
      const level = 'pod-security.kubernetes.io/enforce';
      target.main.securityContext = { runAsUser: 1000 };
      return {
        what: `namespace enforces the restricted standard`,
        async inject(cluster) {
          await cluster.kubectl(['label', 'namespace', application.namespace, `${level}=restricted`]);
          await cluster.removePods(target.labels);
        },
        async heal(cluster) {
          await cluster.edit(target.ref, ({ spec }) => {
            const pod = spec.template.spec;
            pod.securityContext = {
              ...pod.securityContext,
              runAsNonRoot: true,
              seccompProfile: { type: 'RuntimeDefault' },
            };
            const [main] = pod.containers;
            main.securityContext = {
              ...main.securityContext,
              allowPrivilegeEscalation: false,
              capabilities: { drop: ['ALL'] },
            };
          });
        },
        causes: [{ names: [target.name], word: /PodSecurity|restricted/i }],
        mayChange: [keyOf(target.ref)],
      };
    },
  },
  webhookFault('validating-webhook-gone', 'Validating'),
  webhookFault('mutating-webhook-gone', 'Mutating'),
  {
    name: 'priority-class-missing',
    family: 'admission',
    summary: 'a new revision names a priority class that does not exist',
    needs: 'any',
    scope: 'namespace',
    wish: { kinds: ['Deployment'], interrupted: true },
    plan({ target, random }) {
      const name = random.pick(['customer-facing', 'gold', 'business-high']);
      let before: KubeObject | undefined;
      return {
        what: `priorityClassName ${name}`,
        async inject(cluster) {
          before = await cluster.get(target.ref);
          await cluster.edit(target.ref, ({ spec }) => (spec.template.spec.priorityClassName = name));
        },
        heal: (cluster) => cluster.patch(target.ref, [{ op: 'replace', path: '/spec', value: before!.spec }]),
        causes: [{ names: [target.name, name], word: /priority/i }],
        mayChange: [keyOf(target.ref)],
      };
    },
  },
  {
    name: 'service-account-missing',
    family: 'admission',
    summary: 'a new revision runs as a service account that does not exist',
    needs: 'any',
    scope: 'namespace',
    wish: { kinds: ['Deployment'], interrupted: true },
    plan({ target }) {
      const name = `${target.name}-runner`;
      let before: KubeObject | undefined;
      return {
        what: `serviceAccountName ${name}`,
        async inject(cluster) {
          before = await cluster.get(target.ref);
          await cluster.kubectl(['set', 'serviceaccount', keyOf(target.ref), name]);
        },
        heal: (cluster) => cluster.patch(target.ref, [{ op: 'replace', path: '/spec', value: before!.spec }]),
        causes: [{ names: [target.name, name], word: /service ?account/i }],
        mayChange: [keyOf(target.ref)],
        mayCreate: ['ServiceAccount'],
      };
    },
  },
];

/** The Service behind a webhook was removed with its operator; its configuration was left, and refuses. */
function webhookFault(name: string, kind: 'Validating' | 'Mutating'): Fault {
  return {
    name,
    family: 'admission',
    summary: `a ${kind.toLowerCase()} webhook whose Service is gone refuses all pods`,
    likeness: 'SREGym admission_webhook_outage',
    needs: 'any',
    scope: 'namespace',
    wish: DEPLOYMENT,
    plan(scene) {
      const { application, target } = scene;
      const { namespace } = application;
      const ref = { kind: `${kind}WebhookConfiguration`, name: `${namespace}-guard` };
      const service = { namespace, name: 'pod-guard', path: '/check' };
      const hook = {
        name: `pods.${namespace}.example`,
        clientConfig: { service },
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 2,
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      };
      const configuration: KubeObject = {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: ref.kind,
        metadata: { name: ref.name },
        webhooks: [hook],
      };
      return {
        ...refused(scene, configuration, (cluster) => cluster.remove(ref)),
        what: `${ref.kind} ${ref.name} calls Service pod-guard, which is gone`,
        causes: [
          { names: [ref.name], word: /webhook/i },
          { names: [`pods.${namespace}.example`], word: /webhook/i },
        ],
        // What is orphaned may be taken away or be told to ignore failures: nobody is protected by it any more.
        mayChange: [keyOf(target.ref), keyOf(ref)],
        outside: [keyOf(ref)],
        cleanUp: (cluster) => cluster.remove(ref),
      };
    },
  };
}
