import type { KubeObject } from '../../judge/api.ts';
import { untilAsked } from '../../judge/wait.ts';
import type { Member } from '../application.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Fault, Scene } from '../fault.ts';
import { again } from './again.ts';

const KEY = 'token';

interface Guarded {
  callee: Member;
  /** From which the callee takes the token. */
  secret: KubeObject;
  /** From which the target does. */
  own: KubeObject;
  /** Another token. */
  renewed: string;
}

/** A peer answers the target only if it is given the token that both take: from one Secret, or from one each. */
function guarded({ application, target, random }: Scene, how: 'shared' | 'apart'): Guarded {
  const callee = target.calls[0]!;
  const data = { [KEY]: Buffer.from(random.token(16)).toString('base64') };
  const secretOf = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, data });
  const secret = secretOf(`${callee.name}-access`);
  const own = how === 'shared' ? secret : secretOf(`${target.name}-to-${callee.name}`);
  application.extras.push(...new Set([secret, own]));
  const take = ({ main }: Member, { metadata: { name } }: KubeObject) =>
    main.env.push({ name: 'ACCESS_TOKEN', valueFrom: { secretKeyRef: { name, key: KEY } } });
  take(callee, secret);
  take(target, own);
  const replace = ({ main }: Member, from: string, to: string) => {
    main.args[0] = (main.args[0] as string).replace(from, () => to);
  };
  replace(target, '/cgi-bin/ask" 2>/dev/null`', '/cgi-bin/ask?$ACCESS_TOKEN" 2>/tmp/said`');
  replace(
    target,
    `echo "${target.name}: no answer from $peer" >&2`,
    `echo "${target.name}: $peer: \`cat /tmp/said\`" >&2`,
  );
  replace(
    callee,
    'answer=',
    `if [ "$QUERY_STRING" != "$ACCESS_TOKEN" ]; then
  printf 'Status: 401 Unauthorized\\r\\n\\r\\nwrong token\\n'
  exit 0
fi
answer=`,
  );
  return { callee, secret, own, renewed: Buffer.from(random.token(16)).toString('base64') };
}

const SETTLED_MS = 20_000;
/** The server notes times in whole seconds: what happens in the same ones cannot be told apart. */
const AGE_MS = 3_000;

async function lackOfAge(cluster: Cluster, { labels }: Member): Promise<string> {
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const pods = await cluster.list('pods', '--selector', selector.join(','));
  const starts = pods.flatMap(({ status }) =>
    ((status?.containerStatuses ?? []) as { state?: { running?: { startedAt: string } } }[]).map(({ state }) =>
      Date.parse(state?.running?.startedAt ?? ''),
    ),
  );
  return starts.every((at) => at + AGE_MS < Date.now()) ? '' : 'one was started just now';
}

const give = (cluster: Cluster, secret: KubeObject, token: string) =>
  cluster.patch(refOf(secret), [{ op: 'replace', path: `/data/${KEY}`, value: token }]);

export const CREDENTIAL_FAULTS: Fault[] = [
  {
    name: 'token-renewed-on-one-side',
    family: 'references',
    summary: 'a Secret was renewed and only one of the two was restarted that take a token from it',
    needs: 'real',
    scope: 'namespace',
    wish: { calls: true },
    plan(scene) {
      const { target } = scene;
      const { callee, secret, renewed } = guarded(scene, 'shared');
      const ref = refOf(secret);
      return {
        what: `${keyOf(ref)} renewed, ${target.name} restarted, ${callee.name} not`,
        async inject(cluster) {
          await untilAsked(SETTLED_MS, 'programs older than a change', () => lackOfAge(cluster, callee));
          await give(cluster, secret, renewed);
          await again(cluster, target);
        },
        heal: (cluster) => again(cluster, callee),
        causes: [{ names: [callee.name, ref.name], word: /changed|credential/i }],
        mayChange: [keyOf(callee.ref)],
      };
    },
  },
];

/** What Secrets hold is for people to write. */
export const UNFIXABLE_CREDENTIAL_FAULTS: Fault[] = [
  {
    name: 'token-renewed-in-one-secret',
    family: 'references',
    summary: 'a peer got another token, and the Secret from which its caller takes it still has the old one',
    needs: 'real',
    scope: 'namespace',
    wish: { calls: true },
    plan(scene) {
      const { target } = scene;
      const { callee, secret, own, renewed } = guarded(scene, 'apart');
      return {
        what: `${keyOf(refOf(secret))} renewed, ${keyOf(refOf(own))} not`,
        async inject(cluster) {
          await untilAsked(SETTLED_MS, 'programs older than a change', () => lackOfAge(cluster, callee));
          await give(cluster, secret, renewed);
          await again(cluster, callee);
        },
        async heal(cluster) {
          await give(cluster, own, renewed);
          await again(cluster, target);
        },
        causes: [{ names: [callee.name, secret.metadata.name], word: /credential/i }],
        mayChange: [],
      };
    },
  },
];
