import type { KubeObject } from '../../judge/api.ts';
import { container } from '../application.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Fault, Scene } from '../fault.ts';
import { made } from '../fault.ts';
import { lackOfRollout } from '../health.ts';
import { readsApi } from './rights.ts';

/** A new member, deployed for the first time: there is no earlier revision of it. */
function newcomer(
  { application, random }: Scene,
  main: object,
  extra: object = {},
): { object: KubeObject; plan: ReturnType<typeof planOf> } {
  const name = `${random.pick(['gift', 'badge', 'coupon', 'parking'])}-${random.token(3)}`;
  const labels = { [Object.keys(application.members[0]!.labels)[0]!]: name };
  const object: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [main], ...extra } },
    },
  };
  return { object, plan: planOf(object) };
}

function planOf(object: KubeObject) {
  return {
    ...made([object]),
    healthy: async (cluster: Cluster) => {
      const found = await cluster.find(refOf(object));
      return found ? lackOfRollout(found, 1) : '';
    },
    mayChange: [] as string[],
  };
}

const common = { family: 'admission', needs: 'real', scope: 'namespace', wish: {} } as const;

export const UNFIXABLE_FAULTS: Fault[] = [
  {
    ...common,
    name: 'first-image-missing',
    summary: 'the image of a new member was never pushed; there is no earlier revision',
    plan(scene) {
      const image = `registry.example/${scene.random.token(5)}:1.0`;
      const { object, plan } = newcomer(scene, { ...container('app', 'true'), image });
      return {
        ...plan,
        what: `${keyOf(refOf(object))}: image ${image}`,
        causes: [{ names: [object.metadata.name, image], word: /image/i }],
      };
    },
  },
  {
    ...common,
    name: 'first-program-bug',
    summary: 'the program of a new member crashes by a bug; there is no earlier revision',
    plan(scene) {
      const main = container('app', 'echo "panic: index out of range [4] with length 4" >&2; exit 2');
      const { object, plan } = newcomer(scene, main);
      return {
        ...plan,
        what: `${keyOf(refOf(object))} crashes`,
        causes: [{ names: [object.metadata.name], word: /index out of range|exit code 2|exits?.* 2|code 2/i }],
      };
    },
  },
  {
    ...common,
    name: 'secret-without-copy',
    summary: 'a new member needs a Secret that was never made',
    plan(scene) {
      const secret = `${scene.random.pick(['partner', 'billing', 'mail'])}-key`;
      const main = {
        ...container('app', 'sleep 86400'),
        env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: secret, key: 'key' } } }],
      };
      const { object, plan } = newcomer(scene, main);
      return {
        ...plan,
        what: `${keyOf(refOf(object))}: Secret ${secret}`,
        causes: [{ names: [object.metadata.name, 'Secret', secret], word: /./ }],
      };
    },
  },
  {
    ...common,
    name: 'quota-by-policy',
    summary: 'the quota leaves no room for a new member, and is not the team to change',
    plan(scene) {
      scene.application.extras.push({
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'department-budget' },
        spec: { hard: { 'requests.memory': '200Mi' } },
      });
      const main = container('app', 'sleep 86400');
      main.resources = { requests: { cpu: '2m', memory: '190Mi' }, limits: { memory: '190Mi' } };
      const { object, plan } = newcomer(scene, main);
      return {
        ...plan,
        what: `${keyOf(refOf(object))} does not fit into the quota`,
        causes: [{ names: ['department-budget'], word: /quota/i }],
      };
    },
  },
  {
    ...common,
    name: 'role-rule-removed',
    summary: 'a Role lost the rule that a program needs; giving rights is not for a machine',
    wish: { kinds: ['Deployment'], replicas: 1 },
    plan(scene) {
      const { target } = scene;
      const { role } = readsApi(scene);
      return {
        what: `${keyOf(refOf(role))}: configmaps removed`,
        async inject(cluster) {
          await cluster.edit(
            refOf(role),
            (object) => (object.rules = [{ apiGroups: [''], resources: ['services'], verbs: ['get'] }]),
          );
          await cluster.restart(target.ref);
        },
        async heal(cluster) {
          await cluster.edit(refOf(role), (object) => (object.rules = role.rules));
          await cluster.restart(target.ref);
        },
        causes: [{ names: [target.name], word: /forbidden|Role|rights|RBAC|cannot list/i }],
        mayChange: [],
      };
    },
  },
  {
    ...common,
    name: 'cluster-dns-namespaces',
    summary:
      'the DNS of the cluster was limited to a list of namespaces without that of the application; it is beyond the scope',
    scope: 'cluster',
    wish: { called: true },
    plan({ application }) {
      const ref = { kind: 'ConfigMap', name: 'coredns' };
      let before: string | undefined;
      const write = async (cluster: Cluster, text: string) => {
        const patch = JSON.stringify({ data: { Corefile: text } });
        await cluster.kubectl([
          '--namespace',
          'kube-system',
          'patch',
          ref.kind,
          ref.name,
          '--type=merge',
          '--patch',
          patch,
        ]);
        // The server reads a new file when its kubelet gets to it; a restart is sooner.
        await cluster.kubectl(['--namespace', 'kube-system', 'rollout', 'restart', 'deployment/coredns']);
        await cluster.kubectl([
          '--namespace',
          'kube-system',
          'rollout',
          'status',
          'deployment/coredns',
          '--timeout=50s',
        ]);
      };
      const heal = async (cluster: Cluster) => {
        if (before !== undefined) await write(cluster, before);
        before = undefined;
      };
      return {
        what: 'CoreDNS serves a list of namespaces without this one',
        async inject(cluster) {
          before = await cluster.kubectl([
            '--namespace',
            'kube-system',
            'get',
            ref.kind,
            ref.name,
            '-o',
            'jsonpath={.data.Corefile}',
          ]);
          const served = (await cluster.list('namespaces')).map(({ metadata }) => metadata.name);
          const others = served.filter((name) => name !== application.namespace).join(' ');
          await write(
            cluster,
            before.replace(/kubernetes [^{]*\{/, (block) => `${block}\n        namespaces ${others}`),
          );
        },
        heal,
        cleanUp: heal,
        causes: [
          { names: ['coredns'], word: /./ },
          { names: [], word: /cluster DNS|CoreDNS/i },
        ],
        mayChange: [],
      };
    },
  },
  {
    ...common,
    name: 'slow-to-stop',
    summary:
      'an old pod has minutes to end what it does, and no new one is made before; only its owner can cut it short',
    wish: { interrupted: true },
    plan(scene) {
      const { target, random } = scene;
      // It does not listen to the signal either, as many programs do not that are the first of their container.
      target.pod.terminationGracePeriodSeconds = random.int(420, 540);
      if (random.chance(0.5)) target.main.lifecycle = { preStop: { exec: { command: ['sleep', '400'] } } };
      return {
        what: `${keyOf(target.ref)} restarted, its old pod has ${target.pod.terminationGracePeriodSeconds} s to stop`,
        inject: (cluster) => cluster.restart(target.ref),
        async heal(cluster) {
          const selector = Object.entries(target.labels).map(([key, value]) => `${key}=${value}`);
          for (const { metadata } of await cluster.list('pods', '--selector', selector.join(',')))
            if (metadata.deletionTimestamp) await cluster.removeAtOnce(metadata.name);
        },
        causes: [{ names: [target.name], word: /to stop|terminat|grace/i }],
        mayChange: [],
      };
    },
  },
];
