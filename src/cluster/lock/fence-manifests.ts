import type { KubeObject } from '../../domain/kube-object.ts';
import { GUARD_POLICY_SPEC } from './fence-guard.ts';
import { sharedJournalGrants } from '../../gateway/journal/shared-journal.ts';
import { CREDENTIAL_NOTE, LEASE_NAME } from './lease-record.ts';

/** One object of the bundle, with what an administrator reviewing it needs to know. */
export interface FenceObject {
  /** File of docs/rbac that shows it. */
  file: 'writer.yaml' | 'people.yaml' | 'fence.yaml' | 'guard.yaml';
  /** Plural resource name in API paths. */
  resource: string;
  why: string;
  object: KubeObject;
}

export const WRITER_NAME = 'stratus-writer';
export const FENCE_NAME = 'stratus-fence';
export const GUARD_NAME = 'stratus-guard';
const LEASE_KEPT_NAME = 'stratus-lease';
/** Stays behind when the fence is uninstalled. */
export const KEEPER_NAME = 'stratus-lease-watch';
/** What the API server calls the id of a token in a request's user info (Kubernetes 1.30 and later). */
export const CREDENTIAL_EXTRA = 'authentication.kubernetes.io/credential-id';

const RBAC = 'rbac.authorization.k8s.io/v1';
const ADMISSION = 'admissionregistration.k8s.io/v1';
const LABELS = { 'app.kubernetes.io/part-of': 'stratus' };

const CHANGE = ['create', 'update', 'patch', 'delete'];
const rule = (group: string, resources: string[], verbs: string[] = CHANGE) => ({
  apiGroups: [group],
  resources,
  verbs,
});

/** Everything that the fence consists of, in the order in which it is created: what enforces comes last. */
export function fenceObjects(lockNamespace: string): FenceObject[] {
  return [...writerObjects(lockNamespace), ...peopleObjects(lockNamespace), ...policyObjects(lockNamespace)];
}

/** Name of the writer as requests carry it. */
export function writerUser(lockNamespace: string): string {
  return `system:serviceaccount:${lockNamespace}:${WRITER_NAME}`;
}

/**
 * The objects that enforce the lock: the fence holds only while all of them are exactly as here.
 *
 * A missing Lease lets the writer pass (`parameterNotFoundAction: Allow`): with `Deny` the API server refuses every
 * write of everybody, its own heartbeats included, because conditions on the user are looked at only after the
 * parameter was found. So the Lease is created first and its deletion is refused.
 */
export function policyObjects(lockNamespace: string): FenceObject[] {
  const byWriter = {
    paramKind: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
    matchConditions: [
      { name: 'is-the-writer', expression: `request.userInfo.username == '${writerUser(lockNamespace)}'` },
    ],
    // '*' alone leaves out sub-resources: a stale writer could still scale and evict.
    matchConstraints: matching(['*'], ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], ['*/*']),
  };
  const paramRef = { name: LEASE_NAME, namespace: lockNamespace, parameterNotFoundAction: 'Allow' };
  return [
    {
      file: 'fence.yaml',
      resource: 'validatingadmissionpolicies',
      why: 'Matches nothing. Keeps the API server watching Leases: once no policy uses them, it never watches them again until it is restarted.',
      object: policy(KEEPER_NAME, KEEPER_POLICY_SPEC),
    },
    {
      file: 'fence.yaml',
      resource: 'validatingadmissionpolicybindings',
      why: 'Belongs to the policy above. Both stay when the fence is uninstalled, so that it can be installed again.',
      object: binding(KEEPER_NAME, { paramRef }),
    },
    {
      file: 'fence.yaml',
      resource: 'validatingadmissionpolicies',
      why: 'Nobody deletes the lock Lease while the fence stands: without it the fence would be open.',
      object: policy(LEASE_KEPT_NAME, leaseKeptSpec(lockNamespace)),
    },
    {
      file: 'fence.yaml',
      resource: 'validatingadmissionpolicies',
      why: 'Refuses every write of the writer unless the id of its token is the one in the lock Lease. Nobody else is matched.',
      object: policy(FENCE_NAME, { ...byWriter, ...FENCE_POLICY_SPEC }),
    },
    {
      file: 'guard.yaml',
      resource: 'validatingadmissionpolicies',
      why: 'Refuses what can never be undone, should the gateway in Stratus ever let it through. Nobody else is matched.',
      object: policy(GUARD_NAME, { ...byWriter, ...GUARD_POLICY_SPEC }),
    },
    {
      file: 'fence.yaml',
      resource: 'validatingadmissionpolicybindings',
      why: 'Puts the protection of the Lease in force.',
      object: binding(LEASE_KEPT_NAME),
    },
    {
      file: 'guard.yaml',
      resource: 'validatingadmissionpolicybindings',
      why: 'Puts the guard in force, cluster-wide; it reads from the Lease which transaction is executed or undone.',
      object: binding(GUARD_NAME, { paramRef }),
    },
    {
      file: 'fence.yaml',
      resource: 'validatingadmissionpolicybindings',
      why: 'Puts the fence in force, cluster-wide.',
      object: binding(FENCE_NAME, { paramRef }),
    },
  ];
}

function policy(name: string, spec: object): KubeObject {
  const metadata = { name, labels: LABELS };
  return {
    apiVersion: ADMISSION,
    kind: 'ValidatingAdmissionPolicy',
    metadata,
    spec: { failurePolicy: 'Fail', ...spec },
  };
}

function binding(name: string, more: object = {}): KubeObject {
  const metadata = { name, labels: LABELS };
  const spec = { policyName: name, ...more, validationActions: ['Deny'] };
  return { apiVersion: ADMISSION, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec };
}

/** With every default written out, so that the server's copy can be compared field by field. */
function matching(apiGroups: string[], operations: string[], resources: string[], resourceNames?: string[]) {
  const rule = { apiGroups, apiVersions: ['*'], operations, resources, scope: '*' };
  return {
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    resourceRules: [resourceNames ? { ...rule, resourceNames } : rule],
  };
}

const KEEPER_POLICY_SPEC = {
  failurePolicy: 'Ignore',
  paramKind: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  matchConstraints: matching(['coordination.k8s.io'], ['CONNECT'], ['leases'], ['stratus-matches-nothing']),
  validations: [{ expression: 'true' }],
};

/** The controller that empties a deleted namespace may: the writer's account goes with it. */
function leaseKeptSpec(lockNamespace: string): object {
  return {
    matchConstraints: matching(['coordination.k8s.io'], ['DELETE'], ['leases'], [LEASE_NAME]),
    matchConditions: [
      {
        name: 'is-the-lock',
        expression:
          `request.namespace == '${lockNamespace}'` +
          " && request.userInfo.username != 'system:serviceaccount:kube-system:namespace-controller'",
      },
    ],
    validations: [
      {
        expression: 'false',
        message: "the fence of Stratus reads this Lease: 'stratus lock uninstall-fence' first, or 'stratus lock break'",
        reason: 'Forbidden',
      },
    ],
  };
}

const FENCE_POLICY_SPEC = {
  variables: [
    {
      name: 'listed',
      expression:
        `has(params.metadata.annotations) && '${CREDENTIAL_NOTE}' in params.metadata.annotations` +
        ` ? params.metadata.annotations['${CREDENTIAL_NOTE}'] : ''`,
    },
  ],
  validations: [
    {
      expression:
        `variables.listed != '' && has(request.userInfo.extra) && '${CREDENTIAL_EXTRA}' in request.userInfo.extra` +
        ` && request.userInfo.extra['${CREDENTIAL_EXTRA}'].exists(id, id == variables.listed)`,
      message: 'this token does not hold the writer lock',
      reason: 'Forbidden',
    },
  ],
};

function writerObjects(namespace: string): FenceObject[] {
  return [
    {
      file: 'writer.yaml',
      resource: 'serviceaccounts',
      why: 'The identity that transactions write with. No pod runs as it; each transaction asks for a token of its own.',
      object: {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: WRITER_NAME, namespace, labels: LABELS },
        automountServiceAccountToken: false,
      },
    },
    {
      file: 'writer.yaml',
      resource: 'clusterroles',
      why:
        'What a transaction may change. No right to read (Stratus reads with the credential of the engineer), none in ' +
        'admissionregistration.k8s.io and coordination.k8s.io, none over roles, tokens, impersonation, exec or whole collections.',
      object: {
        apiVersion: RBAC,
        kind: 'ClusterRole',
        metadata: { name: WRITER_NAME, labels: LABELS },
        rules: WRITER_RULES,
      },
    },
    {
      file: 'writer.yaml',
      resource: 'clusterrolebindings',
      why: 'Gives the writer its rights everywhere. To confine it, replace this by RoleBindings in the namespaces you choose.',
      object: {
        apiVersion: RBAC,
        kind: 'ClusterRoleBinding',
        metadata: { name: WRITER_NAME, labels: LABELS },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: WRITER_NAME },
        subjects: [{ kind: 'ServiceAccount', name: WRITER_NAME, namespace }],
      },
    },
  ];
}

/** Writes that the gateway lets through; pods may be evicted and workloads scaled. */
export const WRITER_RULES = [
  rule('', [
    'configmaps', 'endpoints', 'limitranges', 'namespaces', 'persistentvolumeclaims', 'persistentvolumes', 'pods',
    'podtemplates', 'replicationcontrollers', 'resourcequotas', 'secrets', 'serviceaccounts', 'services',
  ]), // prettier-ignore
  rule('', ['nodes'], ['update', 'patch']),
  rule('', ['pods/eviction'], ['create']),
  rule('', ['replicationcontrollers/scale'], ['update', 'patch']),
  rule('apps', ['controllerrevisions', 'daemonsets', 'deployments', 'replicasets', 'statefulsets']),
  rule('apps', ['deployments/scale', 'replicasets/scale', 'statefulsets/scale'], ['update', 'patch']),
  rule('batch', ['cronjobs', 'jobs']),
  rule('autoscaling', ['horizontalpodautoscalers']),
  rule('policy', ['poddisruptionbudgets']),
  rule('networking.k8s.io', ['ingressclasses', 'ingresses', 'networkpolicies']),
  rule('discovery.k8s.io', ['endpointslices']),
  rule('storage.k8s.io', ['storageclasses']),
  rule('scheduling.k8s.io', ['priorityclasses']),
  rule('apiextensions.k8s.io', ['customresourcedefinitions']),
];

function peopleObjects(namespace: string): FenceObject[] {
  const LOOK = ['get', 'list', 'watch'];
  return [
    {
      file: 'people.yaml',
      resource: 'clusterroles',
      why:
        'For engineers, on top of the built-in role view: what a diagnosis reads beyond it, and the policies, so that ' +
        'Stratus can tell whether the fence stands. Bound to nobody. Without Secrets, exec and proxy.',
      object: {
        apiVersion: RBAC,
        kind: 'ClusterRole',
        metadata: { name: 'stratus-reader', labels: LABELS },
        rules: [
          rule('', ['namespaces', 'nodes', 'persistentvolumes'], LOOK),
          rule('storage.k8s.io', ['csidrivers', 'csinodes', 'storageclasses'], LOOK),
          rule('networking.k8s.io', ['ingressclasses'], LOOK),
          rule('scheduling.k8s.io', ['priorityclasses'], LOOK),
          rule('apps', ['controllerrevisions'], LOOK),
          rule('apiextensions.k8s.io', ['customresourcedefinitions'], LOOK),
          rule('apiregistration.k8s.io', ['apiservices'], LOOK),
          rule('metrics.k8s.io', ['nodes', 'pods'], LOOK),
          rule(
            'admissionregistration.k8s.io',
            [
              'mutatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings',
              'validatingwebhookconfigurations',
            ], // prettier-ignore
            LOOK,
          ),
        ],
      },
    },
    {
      file: 'people.yaml',
      resource: 'roles',
      why:
        'For engineers who may mitigate: the lock Lease, tokens of the writer, and to read the sealed copies of a ' +
        "colleague's journal, nothing else. Bound to nobody.",
      object: {
        apiVersion: RBAC,
        kind: 'Role',
        metadata: { name: 'stratus-lock', namespace, labels: LABELS },
        rules: [
          { ...rule('coordination.k8s.io', ['leases'], ['get', 'update']), resourceNames: [LEASE_NAME] },
          // The name of what is created is not known to RBAC.
          rule('coordination.k8s.io', ['leases'], ['create']),
          { ...rule('', ['serviceaccounts/token'], ['create']), resourceNames: [WRITER_NAME] },
          { ...rule('', ['secrets'], ['get']), resourceNames: sharedJournalGrants(namespace).map(({ name }) => name) },
        ],
      },
    },
  ];
}

/** API path of the object, or of its collection. */
export function fencePath({ resource, object }: FenceObject, collection = false): string {
  const { namespace, name } = object.metadata;
  const root = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
  const inside = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${inside}/${resource}${collection ? '' : `/${name}`}`;
}
