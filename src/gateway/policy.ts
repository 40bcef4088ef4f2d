import { own } from '../domain/json-map.ts';
import type { KubeObject } from '../domain/kube-object.ts';
import { printJson } from '../domain/lossless-json.ts';
import type { ApiRequest } from './api-request.ts';

/** Who is asking; decides what passes (design: the gateway's table of modes). */
export type GatewayMode = 'read' | 'probe' | 'control' | 'rehearse' | 'journal' | 'undo';

export type Verdict =
  | { action: 'pass' }
  /** A write that must go through forecast, journal or dry-run. */
  | { action: 'write' }
  | { action: 'refuse'; rule: string; reason: string };

const PASS: Verdict = { action: 'pass' };
const WRITE: Verdict = { action: 'write' };
const refuse = (rule: string, reason: string): Verdict => ({ action: 'refuse', rule, reason });

/** One request that a probe may send, given by the engineer: GET of exactly this path. */
export interface ProbeGrant {
  path: string;
}

/**
 * One object that the control mode may read and write: the lock Lease, an object of the fence, or (`subresource`
 * `token`) the tokens of one ServiceAccount. `namespace` is empty for cluster-wide kinds.
 */
export interface ControlGrant {
  group: string;
  resource: string;
  namespace: string;
  name: string;
  subresource: string;
}

export interface ModeGrants {
  probe?: ProbeGrant;
  control?: ControlGrant[];
  /** `METHOD path` of the inverse writes. */
  undo?: ReadonlySet<string>;
}

const READABLE_SUBRESOURCES = new Set(['', 'log', 'status', 'scale']);
const WRITABLE_SUBRESOURCES = new Set(['', 'scale', 'eviction']);

/** POSTs that only ask a question. */
const VIRTUAL = new Set([
  'authorization.k8s.io selfsubjectaccessreviews',
  'authorization.k8s.io selfsubjectrulesreviews',
  'authorization.k8s.io subjectaccessreviews',
  'authorization.k8s.io localsubjectaccessreviews',
  'authentication.k8s.io selfsubjectreviews',
]);

/** First decision, by method and path alone. */
export function judgeRequest(mode: GatewayMode, request: ApiRequest, grants: ModeGrants = {}): Verdict {
  if (mode === 'probe') return judgeProbe(request, grants.probe);
  if (mode === 'control') return judgeControl(request, grants.control ?? []);
  if (request.verb === 'connect') {
    return refuse('connect', `${request.subresource} opens a stream whose effects cannot be seen or undone`);
  }
  const reading = request.verb === 'get' || request.verb === 'list' || request.verb === 'watch';
  if (reading) return judgeRead(request);
  const virtual = request.verb === 'create' && VIRTUAL.has(`${request.group} ${request.resource}`);
  if (virtual) return PASS;
  if (mode === 'read') return refuse('read-only', `${request.method} ${request.path}: this mode cannot write`);
  if (mode === 'undo') {
    return grants.undo?.has(`${request.method} ${request.path}`)
      ? PASS
      : refuse('not-an-inverse', `${request.method} ${request.path} is not one of the inverse writes`);
  }
  return judgeWrite(request);
}

function judgeRead(request: ApiRequest): Verdict {
  if (request.kind === 'discovery') return PASS;
  if (request.kind === 'other') {
    return request.path === '/metrics' ? PASS : refuse('unknown-path', `${request.path} is not a Kubernetes API path`);
  }
  if (!READABLE_SUBRESOURCES.has(request.subresource)) {
    return refuse('subresource', `${request.resource}/${request.subresource} may have side effects even when read`);
  }
  return PASS;
}

function judgeProbe(request: ApiRequest, grant: ProbeGrant | undefined): Verdict {
  const asked = request.query.size > 0 ? `${request.path}?${request.query.toString()}` : request.path;
  if (grant && request.method === 'GET' && (asked === grant.path || request.path === grant.path)) return PASS;
  return refuse('probe', 'only the one request given for the check may be sent');
}

export const CONTROL_REASON = 'lock and fence may only touch their own objects';

function judgeControl(request: ApiRequest, grants: ControlGrant[]): Verdict {
  const named = grants.some(
    (grant) =>
      grant.group === request.group &&
      grant.resource === request.resource &&
      grant.namespace === request.namespace &&
      grant.subresource === request.subresource &&
      // A create names its object in the body; the caller compares that name with the grant.
      (request.name === grant.name || (request.verb === 'create' && !request.subresource && request.name === '')),
  );
  const verbs = ['get', 'create', 'update', 'patch', 'delete', 'watch'];
  if (named && verbs.includes(request.verb)) return PASS;
  return refuse('control', CONTROL_REASON);
}

/** Groups in which a write changes who may do what to the cluster, not what runs in it. */
const CLOSED_GROUPS: Record<string, string> = {
  'apiregistration.k8s.io': 'it could put another server behind an API',
  'certificates.k8s.io': 'an issued certificate cannot be taken back',
  'authentication.k8s.io': 'credentials cannot be taken back',
  'authorization.k8s.io': 'only questions about the own rights are allowed',
  'flowcontrol.apiserver.k8s.io': 'it could shut the gateway itself out',
};
const CLOSED_RESOURCES: Record<string, string> = {
  'admissionregistration.k8s.io validatingadmissionpolicies': 'it could switch off a rule that guards the cluster',
  'admissionregistration.k8s.io validatingadmissionpolicybindings':
    'it could switch off a rule that guards the cluster',
  'admissionregistration.k8s.io mutatingadmissionpolicies': 'it could rewrite what others write',
  'admissionregistration.k8s.io mutatingadmissionpolicybindings': 'it could rewrite what others write',
  ' bindings': 'a pod once bound to a node cannot be unbound',
  ' componentstatuses': 'it is read-only',
};
const CLOSED_SUBRESOURCES: Record<string, string> = {
  token: 'a token once issued cannot be taken back',
  ephemeralcontainers: 'an ephemeral container can never be removed again',
  approval: 'an approved certificate cannot be taken back',
  binding: 'a pod once bound to a node cannot be unbound',
  finalize: 'finalizing cannot be undone',
  status: 'status belongs to controllers; change the specification',
};
/** Names of our own lock and fence objects, by kind: no agent touches them. */
const OWN_OBJECTS: Record<string, RegExp> = {
  leases: /^stratus-/,
  secrets: /^stratus-journal-/,
  serviceaccounts: /^stratus-writer$/,
  clusterroles: /^stratus-(writer|reader)$/,
  clusterrolebindings: /^stratus-writer$/,
  roles: /^stratus-lock$/,
};

function judgeWrite(request: ApiRequest): Verdict {
  if (request.kind !== 'resource' || request.verb === 'unknown') {
    return refuse('unknown-request', `${request.method} ${request.path} is not a known Kubernetes write`);
  }
  if (request.verb === 'deletecollection') {
    return refuse('collection', 'deleting a whole collection in one request: name the objects instead');
  }
  const group = own(CLOSED_GROUPS, request.group);
  if (group) return refuse('closed-group', `writing ${request.group} is refused: ${group}`);
  const resource = own(CLOSED_RESOURCES, `${request.group} ${request.resource}`);
  if (resource) return refuse('closed-resource', `writing ${request.resource} is refused: ${resource}`);
  if (!WRITABLE_SUBRESOURCES.has(request.subresource)) {
    const why = own(CLOSED_SUBRESOURCES, request.subresource) ?? 'its effect and its inverse are not known';
    return refuse('subresource', `writing ${request.resource}/${request.subresource} is refused: ${why}`);
  }
  if (own(OWN_OBJECTS, request.resource)?.test(request.name)) {
    return refuse('own-object', `${request.name} belongs to the lock itself`);
  }
  if (request.subresource === 'eviction' && request.verb !== 'create') {
    return refuse('subresource', 'evictions can only be created');
  }
  if (request.subresource === 'scale' && request.verb === 'create') {
    return refuse('subresource', 'a scale can only be changed');
  }
  if (request.verb !== 'create' && !request.name) {
    return refuse('unknown-request', `${request.method} on a collection`);
  }
  return WRITE;
}

/** What a write would change, known from the server's dry-run or computed locally. */
export interface ContentInput {
  before: KubeObject | null;
  after: KubeObject;
  /** Rules of the role that a binding points to; null when they could not be read. */
  roleRules?: PolicyRule[] | null;
}

export interface PolicyRule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  nonResourceURLs?: string[];
}

/** Second decision, by content: what may never be changed in an object whatever the verb. */
export function judgeContent(input: ContentInput): Verdict {
  const { before, after } = input;
  if (after.kind === 'Role' || after.kind === 'ClusterRole') return judgeRole(before, after);
  if (after.kind === 'RoleBinding' || after.kind === 'ClusterRoleBinding') return judgeBinding(input);
  const lost = (before?.metadata.finalizers ?? []).filter((name) => !after.metadata.finalizers?.includes(name));
  if (lost.length > 0)
    return refuse('finalizer', `removing finalizer ${lost.join(', ')} skips the clean-up that waits for it`);
  const privilege = privileges(after).find((item) => !(before ? privileges(before) : []).includes(item));
  if (privilege) return refuse('privilege', `${after.kind}/${after.metadata.name} would gain ${privilege}`);
  return PASS;
}

const RISKY_RESOURCES = new Set([
  '*', '*/*', 'secrets', 'pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy', 'services/proxy', 'nodes/proxy',
  'pods/ephemeralcontainers', 'serviceaccounts/token', 'certificatesigningrequests/approval', 'signers', 'users', 'groups',
  'roles', 'clusterroles', 'rolebindings', 'clusterrolebindings',
]); // prettier-ignore

function isRisky(rule: PolicyRule): boolean {
  const verbs = rule.verbs ?? [];
  if (verbs.some((verb) => ['*', 'escalate', 'bind', 'impersonate', 'approve', 'sign'].includes(verb))) return true;
  const writes = verbs.some((verb) => !['get', 'list', 'watch'].includes(verb));
  const reading = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings']);
  return (rule.resources ?? []).some((name) => RISKY_RESOURCES.has(name) && (writes || !reading.has(name)));
}

function judgeRole(before: KubeObject | null, after: KubeObject): Verdict {
  const old = new Set(((before?.rules ?? []) as PolicyRule[]).map((rule) => printJson(rule)));
  const risky = ((after.rules ?? []) as PolicyRule[]).find((rule) => !old.has(printJson(rule)) && isRisky(rule));
  if (risky) return refuse('escalation', `the role would gain far-reaching rights: ${printJson(risky).slice(0, 160)}`);
  if (after.aggregationRule && !before?.aggregationRule)
    return refuse('escalation', 'an aggregated role gains rights by itself');
  const aggregates = (object: KubeObject | null) =>
    Object.keys(object?.metadata.labels ?? {}).filter((label) =>
      label.startsWith('rbac.authorization.k8s.io/aggregate-to-'),
    );
  if (aggregates(after).some((label) => !aggregates(before).includes(label))) {
    return refuse('escalation', 'its rules would be added to a built-in role');
  }
  return PASS;
}

const WIDE_SUBJECTS = new Set([
  'system:anonymous',
  'system:unauthenticated',
  'system:authenticated',
  'system:masters',
  'system:serviceaccounts',
]);

function judgeBinding({ before, after, roleRules }: ContentInput): Verdict {
  type Subject = { kind: string; name: string; namespace?: string };
  const id = (subject: Subject) => `${subject.kind}/${subject.namespace ?? ''}/${subject.name}`;
  const old = new Set(((before?.subjects ?? []) as Subject[]).map(id));
  const added = ((after.subjects ?? []) as Subject[]).filter((subject) => !old.has(id(subject)));
  if (added.length === 0) return PASS;
  const wide = added.find((subject) => WIDE_SUBJECTS.has(subject.name));
  if (wide) return refuse('escalation', `the binding would give rights to ${wide.name}`);
  const role = `${after.roleRef?.kind ?? 'Role'} ${after.roleRef?.name ?? ''}`;
  if (!roleRules) return refuse('escalation', `the rights of ${role} could not be read`);
  if (roleRules.some(isRisky)) return refuse('escalation', `${role} carries far-reaching rights; bind it by hand`);
  return PASS;
}

/** Ways in which a pod template reaches beyond its container. */
function privileges(object: KubeObject): string[] {
  const spec = podSpec(object);
  if (!spec) return [];
  const found: string[] = [];
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) if (spec[field] === true) found.push(field);
  for (const volume of spec.volumes ?? []) if (volume.hostPath) found.push(`hostPath ${String(volume.hostPath.path)}`);
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    const context = container.securityContext ?? {};
    if (context.privileged === true) found.push(`a privileged container (${container.name})`);
    if (context.allowPrivilegeEscalation === true) found.push(`privilege escalation (${container.name})`);
    for (const capability of context.capabilities?.add ?? []) found.push(`capability ${String(capability)}`);
  }
  return found;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function podSpec(object: KubeObject): any {
  if (object.kind === 'Pod') return object.spec;
  if (object.kind === 'CronJob') return object.spec?.jobTemplate?.spec?.template?.spec;
  if (object.kind === 'PodTemplate') return object.template?.spec;
  return object.spec?.template?.spec;
}
