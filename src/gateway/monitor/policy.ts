import { own } from '../../json/json-map.ts';
import type { ApiRequest } from '../wire/api-request.ts';
import type { ControlGrant } from '../wire/control-grant.ts';
import { isOwnObject, ownObjectReason } from '../content/own-objects.ts';
import type { Verdict } from '../content/verdict.ts';
import { PASS, refuse } from '../content/verdict.ts';
import { judgeQuery } from '../write/write-query.ts';

/** Who is asking; decides what passes (design: the gateway's table of modes). */
export type GatewayMode = 'read' | 'probe' | 'control' | 'rehearse' | 'journal' | 'undo';

/** One request that a probe may send, given by the engineer: GET of exactly this path. */
export interface ProbeGrant {
  path: string;
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
  if (isOwnObject(request.group, request.resource, request.name)) {
    return refuse('own-object', ownObjectReason(request.name));
  }
  if (request.subresource === 'eviction' && request.verb !== 'create') {
    return refuse('subresource', 'evictions can only be created');
  }
  if (request.subresource === 'scale' && request.verb === 'create') {
    return refuse('subresource', 'a scale can only be changed');
  }
  // Only sub-resources are created below a name; an object names itself in its body.
  const misplaced = request.verb === 'create' ? request.name !== '' && !request.subresource : request.name === '';
  if (misplaced) {
    return refuse('unknown-request', `${request.method} ${request.path} is not a known Kubernetes write`);
  }
  return judgeQuery(request);
}
