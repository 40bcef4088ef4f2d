import type { KubeObject } from '../../judge/api.ts';
import { container, IDLE } from '../application.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Fault, Scene } from '../fault.ts';
import { edited } from '../fault.ts';
import { lackOfRollout } from '../health.ts';
import { revision } from './container.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pod specs, written by path
type Pod = any;

/** A new revision of a caller that changes how it looks up names. */
function lookup(
  name: string,
  summary: string,
  likeness: string | undefined,
  word: RegExp,
  change: (pod: Pod, scene: Scene) => string,
): Fault {
  return {
    ...{ name, family: 'dns', summary, needs: 'real', scope: 'namespace', wish: { calls: true } },
    ...(likeness ? { likeness } : {}),
    plan(scene) {
      const what = change({}, scene);
      return {
        ...revision(scene, (_, { spec }) => void change(spec.template.spec, scene)),
        what: `${scene.target.kind}/${scene.target.name}: ${what}`,
        causes: [{ names: [scene.target.name], word }],
      };
    },
  };
}

export const DNS_FAULTS: Fault[] = [
  lookup(
    'dns-policy-default',
    'a caller looks up names where the node does, which knows no Services',
    'ITBench 43',
    /dnsPolicy|DNS/i,
    (pod) => {
      pod.dnsPolicy = 'Default';
      return 'dnsPolicy Default';
    },
  ),
  lookup(
    'dns-server-wrong',
    'a caller asks a DNS server that is none',
    'SREGym wrong_dns_policy',
    /dnsPolicy|dnsConfig|DNS|nameserver/i,
    (pod) => {
      pod.dnsPolicy = 'None';
      pod.dnsConfig = { nameservers: ['192.0.2.53'], options: [{ name: 'timeout', value: '1' }] };
      return 'nameserver 192.0.2.53';
    },
  ),
  lookup(
    'host-alias-stale',
    'a caller has an address of its peer written down that is not its address',
    undefined,
    /hostAliases|host alias/i,
    (pod, { target }) => {
      const hostnames = target.calls.map(({ service }) => service.metadata.name);
      pod.hostAliases = [{ ip: '192.0.2.17', hostnames }];
      return `hostAliases for ${hostnames.join(', ')}`;
    },
  ),
  {
    name: 'peers-unpublished',
    family: 'dns',
    summary:
      'a headless Service has no names any more for pods that are not ready, and its pods look for each other first',
    needs: 'real',
    scope: 'namespace',
    wish: {},
    plan(scene) {
      const { workload, service } = quorum(scene);
      const edit = edited(scene, service, ({ spec }) => {
        delete spec.publishNotReadyAddresses;
      });
      return {
        ...edit,
        async inject(cluster) {
          await edit.inject(cluster);
          await cluster.removePods(service.spec.selector);
        },
        async heal(cluster) {
          await edit.heal(cluster);
          await cluster.removePods(service.spec.selector);
        },
        healthy: async (cluster) => lackOfRollout(await cluster.get(refOf(workload)), workload.spec.replicas),
        what: `${keyOf(refOf(service))}: publishNotReadyAddresses taken away, its pods restarted`,
        causes: [{ names: ['Service', service.metadata.name], word: /not ready|publishNotReadyAddresses/i }],
        mayChange: [keyOf(refOf(service))],
      };
    },
  },
];

const PEER_PORT = 7000;

/** A member of several pods that are ready when each of them has found all by their names. */
function quorum({ application, random, target }: Scene): { workload: KubeObject; service: KubeObject } {
  const name = `${random.pick(['ledger', 'quorum', 'gossip'])}-${random.token(3)}`;
  const labels = { [Object.keys(target.labels)[0]!]: name };
  const replicas = random.int(2, 3);
  const peers = Array.from({ length: replicas }, (_, index) => `${name}-${index}.${name}`);
  const domain = `${application.namespace}.svc.cluster.local`;
  const main = container(
    'peer',
    `mkdir -p /tmp/www
echo here >/tmp/www/index.html
busybox httpd -p ${PEER_PORT} -h /tmp/www
for peer in ${peers.join(' ')}; do
  until busybox timeout 2 wget -qO- "http://$peer.${domain}:${PEER_PORT}/" >/dev/null 2>&1; do
    echo "waiting for $peer: not found yet" >&2
    sleep 1
  done
done
echo "all found"
touch /tmp/found
${IDLE}`,
  );
  main.readinessProbe = { exec: { command: ['test', '-e', '/tmp/found'] }, periodSeconds: 1 };
  const service: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels },
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: labels,
      ports: [{ name: 'peer', port: PEER_PORT }],
    },
  };
  const workload: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, labels },
    spec: {
      replicas,
      serviceName: name,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [main] } },
    },
  };
  application.extras.push(service, workload);
  return { workload, service };
}
