import type { KubeObject } from '../../judge/api.ts';
import type { Application, Member } from '../application.ts';
import { REDIS_IMAGE } from '../../testbed/images.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Cause, Fault, Plan, Scene } from '../fault.ts';
import { edited } from '../fault.ts';
import { revision } from './container.ts';

const PORT = 6379;
const USER = 'visits';
/** Time for a store to be replaced. */
const REPLACED = '--timeout=40s';

/** A Redis server with access lists, in the place of the published problems' MongoDB. */
interface Store {
  name: string;
  labels: Record<string, string>;
  workload: KubeObject;
  configuration: KubeObject;
}

/** The target keeps a counter in a store of its own, refuses to start without it and counts each request. */
function withStore({ application, target, random }: Scene, kind: string): Store {
  const name = `${target.name}-${kind}`;
  const labels = { [Object.keys(target.labels)[0]!]: name };
  const password = random.token(12);
  const users = `user default off\nuser ${USER} on >${password} ~* &* +@all\n`;
  const configuration: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${name}-config` },
    data: { 'redis.conf': `port ${PORT}\nsave ""\nappendonly no\naclfile /etc/users/users.acl\n` },
  };
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const access: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${name}-users` },
    data: { 'users.acl': base64(users), password: base64(password), 'password-next': base64(random.token(12)) },
  };
  const workload: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      strategy: { type: 'Recreate' },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'redis',
              image: REDIS_IMAGE,
              args: ['/etc/config/redis.conf'],
              ports: [{ containerPort: PORT }],
              readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
              resources: { requests: { cpu: '2m', memory: '16Mi' }, limits: { memory: '64Mi' } },
              volumeMounts: [
                { name: 'config', mountPath: '/etc/config' },
                { name: 'users', mountPath: '/etc/users' },
              ],
            },
          ],
          volumes: [
            { name: 'config', configMap: { name: configuration.metadata.name } },
            { name: 'users', secret: { secretName: access.metadata.name } },
          ],
        },
      },
    },
  };
  const service: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: labels, ports: [{ port: PORT, targetPort: PORT }] },
  };
  application.extras.push(configuration, access, service, workload);
  useStore(target, name, access.metadata.name);
  return { name, labels, workload, configuration };
}

function useStore({ main, name }: Member, store: string, secret: string): void {
  main.image = REDIS_IMAGE;
  main.env.push(
    { name: 'STORE_HOST', value: store },
    { name: 'STORE_PASSWORD', valueFrom: { secretKeyRef: { name: secret, key: 'password' } } },
  );
  const count = `redis-cli -h $STORE_HOST -p ${PORT} --user ${USER} --pass "$STORE_PASSWORD" --no-auth-warning incr ${name}`;
  const refused = (out: string) => `case "$n" in ''|*[!0-9]*) echo "${name}: store $STORE_HOST: $n" >&2; ${out};; esac`;
  const program: string = main.args[0];
  main.args[0] = `mkdir() { busybox mkdir "$@"; }; cat() { busybox cat "$@"; }; chmod() { busybox chmod "$@"; }
i=0
while [ $i -lt 10 ]; do n=\`${count} 2>&1\`; case "$n" in *refused*|*resolve*) busybox sleep 1; i=$((i + 1));; *) break;; esac; done
${refused('exit 1')}
${program
  .replace(
    /^answer=.*$/m,
    (line) => `n=\`${count} 2>&1\`
${refused(`printf 'Status: 502 Bad Gateway\\r\\n\\r\\nstore %s\\n' "$STORE_HOST"; exit 0`)}
${line}`,
  )
  .replaceAll('`cat ', '`busybox cat ')}`;
}

/** Runs a command of the store's own client as an administrator would. */
async function atStore(cluster: Cluster, store: Store, command: string): Promise<void> {
  const password = `$(busybox sed -n 's/^user ${USER} on >\\([^ ]*\\).*/\\1/p' /etc/users/users.acl)`;
  const script = `redis-cli --user ${USER} --pass "${password}" --no-auth-warning ${command}`;
  const said = await cluster.kubectl(['exec', `deployment/${store.name}`, '--', 'sh', '-c', script]);
  if (!/^(OK|\d+)\s*$/.test(said.trim())) throw new Error(`${store.name}: ${command}: ${said.trim()}`);
}

/** Access was changed in the running store; its Secret still has the right lists. */
function accessFault(given: {
  name: string;
  summary: string;
  likeness: string;
  kind: string;
  command: string;
  word: RegExp;
}): Fault {
  const { name, summary, likeness, kind, command, word } = given;
  return {
    ...{ name, family: 'stores', summary, likeness, needs: 'real', scope: 'namespace' },
    wish: { kinds: ['Deployment'], replicas: 1, interrupted: true },
    allows: ['redis-load-users'],
    plan(scene): Plan {
      const { target } = scene;
      const store = withStore(scene, kind);
      return {
        what: `${store.name}: ${command}`,
        async inject(cluster) {
          await atStore(cluster, store, command);
          await cluster.removePods(target.labels);
        },
        async heal(cluster) {
          await cluster.restart({ kind: 'deployment', name: store.name });
          await cluster.kubectl(['rollout', 'status', `deployment/${store.name}`, REPLACED]);
          await cluster.removePods(target.labels);
        },
        causes: causesOf(store, target, word),
        mayChange: [keyOf(refOf(store.workload)), keyOf(target.ref)],
      };
    },
  };
}

const causesOf = (store: Store, target: Member, word: RegExp): Cause[] => [
  { names: [store.name], word },
  { names: [target.name, 'store'], word },
];

export const STORE_FAULTS: Fault[] = [
  accessFault({
    name: 'store-write-revoked',
    summary: "a store's user may no longer write",
    likeness: 'AIOpsLab revoke_auth_mongodb 1',
    kind: 'geo-redis',
    command: `acl setuser ${USER} -@write`,
    word: /NOPERM|permission|ACL|rights|access/i,
  }),
  accessFault({
    name: 'store-keys-revoked',
    summary: "a store's user may no longer touch any key",
    likeness: 'AIOpsLab revoke_auth_mongodb 2',
    kind: 'rate-redis',
    command: `acl setuser ${USER} resetkeys`,
    word: /NOPERM|permission|ACL|rights|access/i,
  }),
  accessFault({
    name: 'store-user-removed',
    summary: "a store's user is not registered any more",
    likeness: 'AIOpsLab user_unregistered_mongodb 1',
    kind: 'geo-redis',
    command: `acl deluser ${USER}`,
    word: /WRONGPASS|user|ACL|password|auth/i,
  }),
  accessFault({
    name: 'store-user-disabled',
    summary: "a store's user was switched off",
    likeness: 'AIOpsLab user_unregistered_mongodb 2',
    kind: 'rate-redis',
    command: `acl setuser ${USER} off`,
    word: /WRONGPASS|user|ACL|password|auth|disabled/i,
  }),
  {
    name: 'store-requires-tls',
    family: 'stores',
    summary: 'a store was told to require TLS with certificates that do not exist',
    likeness: 'AIOpsLab auth_miss_mongodb',
    needs: 'real',
    scope: 'namespace',
    wish: { kinds: ['Deployment'], replicas: 1, interrupted: true },
    plan(scene) {
      const { target, application } = scene;
      const store = withStore(scene, 'url-redis');
      const options = [
        'port 0',
        `tls-port ${PORT}`,
        'tls-cert-file /etc/tls/tls.crt',
        'tls-key-file /etc/tls/tls.key',
        'tls-ca-cert-file /etc/tls/ca.crt',
      ];
      const common = {
        what: `${store.name} requires TLS`,
        causes: [{ names: [store.name], word: /tls|certificate/i }],
        mayChange: [keyOf(refOf(store.workload)), keyOf(refOf(store.configuration)), keyOf(target.ref)],
      };
      const retry = (cluster: Cluster) => cluster.removePods(target.labels);
      if (inTemplate(application)) {
        const edit = edited(scene, store.workload, ({ spec }) => {
          spec.template.spec.containers[0].args = [
            '/etc/config/redis.conf',
            ...options.flatMap((one) => `--${one}`.split(' ')),
          ];
        });
        return {
          ...common,
          async inject(cluster) {
            await edit.inject(cluster);
            await retry(cluster);
          },
          async heal(cluster) {
            await edit.heal(cluster);
            await retry(cluster);
          },
        };
      }
      const edit = edited(
        scene,
        store.configuration,
        ({ data }) => {
          data['redis.conf'] = data['redis.conf'].replace(`port ${PORT}`, options.join('\n'));
        },
        'edit',
      );
      const restart = (cluster: Cluster) => cluster.restart({ kind: 'deployment', name: store.name });
      return {
        ...common,
        async inject(cluster) {
          await edit.inject(cluster);
          await restart(cluster);
          await retry(cluster);
        },
        async heal(cluster) {
          await edit.heal(cluster);
          await restart(cluster);
          await retry(cluster);
        },
      };
    },
  },
  {
    name: 'store-password-of-tomorrow',
    family: 'stores',
    summary: 'a new revision signs in with a password that the store does not know yet',
    likeness: 'ITBench 34',
    needs: 'real',
    scope: 'namespace',
    wish: { kinds: ['Deployment'], replicas: 1, interrupted: true },
    plan(scene) {
      const store = withStore(scene, 'cart-redis');
      const edit = revision(scene, (main) => {
        const variable = (main.env as { name: string; valueFrom?: { secretKeyRef: { key: string } } }[]).find(
          ({ name }) => name === 'STORE_PASSWORD',
        )!;
        variable.valueFrom!.secretKeyRef.key = 'password-next';
      });
      return {
        ...edit,
        what: `${keyOf(scene.target.ref)}: STORE_PASSWORD from password-next`,
        causes: [
          { names: [scene.target.name], word: /STORE_PASSWORD|password-next|WRONGPASS/i },
          { names: [store.name], word: /WRONGPASS/ },
        ],
      };
    },
  },
];

/** Without a manifest that was applied nothing remembers a former ConfigMap; a former template is remembered always. */
const inTemplate = ({ applied }: Application) => !applied;
