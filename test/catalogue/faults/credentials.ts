import type { KubeObject } from '../../judge/api.ts';
import type { Member } from '../application.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Fault, Scene } from '../fault.ts';
import { again } from './again.ts';

const KEY = 'token';

/** A peer answers the target only if it is given the token that both take from a Secret. */
function guarded({ application, target, random }: Scene): { callee: Member; secret: KubeObject } {
  const callee = target.calls[0]!;
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${callee.name}-access` },
    data: { [KEY]: Buffer.from(random.token(16)).toString('base64') },
  };
  application.extras.push(secret);
  for (const { main } of [target, callee])
    main.env.push({ name: 'ACCESS_TOKEN', valueFrom: { secretKeyRef: { name: secret.metadata.name, key: KEY } } });
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
  return { callee, secret };
}

export const CREDENTIAL_FAULTS: Fault[] = [
  {
    name: 'token-renewed-on-one-side',
    family: 'references',
    summary: 'a Secret was renewed and only one of the two was restarted that take a token from it',
    needs: 'real',
    scope: 'namespace',
    wish: { calls: true },
    plan(scene) {
      const { target, random } = scene;
      const { callee, secret } = guarded(scene);
      const ref = refOf(secret);
      const renewed = Buffer.from(random.token(16)).toString('base64');
      return {
        what: `${keyOf(ref)} renewed, ${target.name} restarted, ${callee.name} not`,
        async inject(cluster) {
          await cluster.patch(ref, [{ op: 'replace', path: `/data/${KEY}`, value: renewed }]);
          await again(cluster, target);
        },
        heal: (cluster) => again(cluster, callee),
        causes: [{ names: [callee.name, ref.name], word: /changed|credential/i }],
        mayChange: [keyOf(callee.ref)],
      };
    },
  },
];
