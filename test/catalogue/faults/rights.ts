import type { KubeObject } from '../../judge/api.ts';
import type { Member } from '../application.ts';
import { keyOf } from '../cluster.ts';
import { CLIENT_IMAGE } from '../images.ts';
import type { Fault, Scene } from '../fault.ts';
import { revision } from './container.ts';

export interface Rights {
  account: KubeObject;
  role: KubeObject;
  binding: KubeObject;
}

/** The target reads ConfigMaps of its namespace from the API when it starts, and refuses to start without. */
export function readsApi({ application, target }: Scene): Rights {
  const { namespace } = application;
  const name = `${target.name}-reader`;
  const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
  const role: KubeObject = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
  };
  const binding: KubeObject = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  };
  application.extras.push(account, role, binding);
  target.pod.serviceAccountName = name;
  askApi(target, namespace);
  return { account, role, binding };
}

function askApi({ main, name }: Member, namespace: string): void {
  main.image = CLIENT_IMAGE;
  main.args[0] = `n=0
until said=$(kubectl --cache-dir=/tmp/cache --namespace ${namespace} get configmaps -o name 2>&1); do
  n=$((n + 1)); [ $n -lt 3 ] || { echo "${name}: $said" >&2; exit 1; }
  sleep 1
done
${main.args[0]}`;
  main.resources = { requests: { cpu: '2m', memory: '24Mi' }, limits: { memory: '160Mi' } };
}

const WISH: Fault['wish'] = { kinds: ['Deployment'], replicas: 1 };

/** Their repair would widen rights, which nobody but a person may do: to be explained. */
export const RIGHTS_FAULTS: Fault[] = [
  {
    name: 'account-without-rights',
    family: 'rights',
    summary: 'a new revision runs as an account that may not do what the program does',
    needs: 'real',
    scope: 'namespace',
    wish: WISH,
    plan(scene) {
      readsApi(scene);
      return {
        ...revision(scene, (_, { spec }) => {
          spec.template.spec.serviceAccountName = 'default';
          spec.template.spec.serviceAccount = 'default';
        }),
        what: `${keyOf(scene.target.ref)}: account default`,
        causes: [{ names: [scene.target.name], word: /service ?account|forbidden/i }],
      };
    },
  },
  {
    name: 'token-not-mounted',
    family: 'rights',
    summary: 'a new revision gets no token although its program talks to the API',
    needs: 'real',
    scope: 'namespace',
    wish: WISH,
    plan(scene) {
      readsApi(scene);
      return {
        ...revision(scene, (_, { spec }) => (spec.template.spec.automountServiceAccountToken = false)),
        what: `${keyOf(scene.target.ref)}: automountServiceAccountToken false`,
        causes: [{ names: [scene.target.name], word: /automount|token/i }],
      };
    },
  },
];
