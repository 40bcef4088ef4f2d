import { PHASE_NOTE } from './lease-record.ts';

/** Kinds whose deletion takes what they hold with it. A claim counts only while it is bound. */
const KEPT = [
  ['', 'namespaces'],
  ['', 'persistentvolumes'],
  ['', 'serviceaccounts'],
  ['apiextensions.k8s.io', 'customresourcedefinitions'],
] as const;

const isKept = KEPT.map(
  ([group, resource]) => `(request.resource.group == '${group}' && request.resource.resource == '${resource}')`,
).join(' || ');

/** Whether the pod specification `p` reaches beyond its containers. */
const REACHES_OUT = [
  ...['hostNetwork', 'hostPID', 'hostIPC'].map((field) => `(has(p.${field}) && p.${field})`),
  '(has(p.volumes) && p.volumes.exists(v, has(v.hostPath)))',
  ...['containers', 'initContainers'].map(
    (list) =>
      `(has(p.${list}) && p.${list}.exists(c, has(c.securityContext) && has(c.securityContext.privileged) && c.securityContext.privileged))`,
  ),
].join(' || ');

const TEMPLATED = "['DaemonSet', 'Deployment', 'Job', 'ReplicaSet', 'ReplicationController', 'StatefulSet']";

/** The pod specifications in `object` or `oldObject`, as a list. */
function podsOf(object: string): string {
  return (
    `variables.part != '' || ${object} == null ? []` +
    ` : request.kind.kind == 'Pod' ? [${object}.spec]` +
    ` : request.kind.kind in ${TEMPLATED} && has(${object}.spec.template) ? [${object}.spec.template.spec]` +
    ` : request.kind.kind == 'CronJob' ? [${object}.spec.jobTemplate.spec.template.spec] : []`
  );
}

/** Beginning of the transaction that `variables.tx` names, as text of a timestamp. */
const TX_TIME = [
  [0, 4, '-'],
  [4, 6, '-'],
  [6, 8, 'T'],
  [9, 11, ':'],
  [11, 13, ':'],
  [13, 15, 'Z'],
]
  .map(([from, to, after]) => `variables.tx.substring(${from}, ${to}) + '${after}'`)
  .join(' + ');

/**
 * What the writer may not do even while it holds the lock. An undo must stay possible, and the policy knows of
 * transactions through the Lease, whose phase names the one at work (`executing tx-…`, `undoing tx-…`) and so its
 * beginning, and through managed fields, where what it created carries its field manager (`stratus-…`). So:
 * - kept kinds may be deleted by the transaction that created them: made after it began (a minute is allowed for clocks
 *   that differ), by its field manager or, where the object has no field that could be managed, by nobody known;
 * - finalizers may go, and privileged pods come, only while a transaction is being undone;
 * - streams into containers and ephemeral containers never pass.
 */
export const GUARD_POLICY_SPEC = {
  variables: [
    // Absent where the request is about the object itself.
    { name: 'part', expression: "has(request.subResource) ? request.subResource : ''" },
    {
      name: 'phase',
      expression:
        `has(params.metadata.annotations) && '${PHASE_NOTE}' in params.metadata.annotations` +
        ` ? params.metadata.annotations['${PHASE_NOTE}'] : ''`,
    },
    { name: 'undoing', expression: "variables.phase.startsWith('undoing tx-')" },
    // `20310304-050607-a1b2c3` of `… tx-20310304-050607-a1b2c3`; empty when no transaction is at work.
    {
      name: 'tx',
      expression:
        "variables.phase.matches(' tx-[0-9]{8}-[0-9]{6}-[0-9a-f]+$')" +
        " ? variables.phase.substring(variables.phase.lastIndexOf(' tx-') + 4) : ''",
    },
    {
      name: 'began',
      expression: `variables.tx == '' ? timestamp('9999-01-01T00:00:00Z') : timestamp(${TX_TIME}) - duration('60s')`,
    },
    {
      name: 'ownWork',
      expression:
        "request.operation == 'DELETE' && oldObject != null" +
        ' && timestamp(oldObject.metadata.creationTimestamp) >= variables.began' +
        ' && (!has(oldObject.metadata.managedFields)' +
        " || oldObject.metadata.managedFields.exists(m, has(m.manager) && m.manager == 'stratus-' + variables.tx))",
    },
    { name: 'pods', expression: `request.operation in ['CREATE', 'UPDATE'] ? (${podsOf('object')}) : []` },
    { name: 'podsBefore', expression: `request.operation == 'UPDATE' ? (${podsOf('oldObject')}) : []` },
  ],
  validations: [
    {
      expression: `request.operation != 'DELETE' || variables.part != '' || !(${isKept}) || variables.ownWork`,
      message: 'namespaces, volumes, service accounts and custom resource definitions are not deleted',
      reason: 'Forbidden',
    },
    {
      expression:
        "request.operation != 'DELETE' || variables.part != '' || request.resource.group != ''" +
        " || request.resource.resource != 'persistentvolumeclaims' || variables.ownWork" +
        " || !has(oldObject.spec.volumeName) || oldObject.spec.volumeName == ''",
      message: 'a bound volume claim is not deleted',
      reason: 'Forbidden',
    },
    {
      expression:
        "request.operation != 'UPDATE' || variables.undoing || !has(oldObject.metadata.finalizers)" +
        ' || (has(object.metadata.finalizers) && oldObject.metadata.finalizers.all(f, f in object.metadata.finalizers))',
      message: 'finalizers are not removed',
      reason: 'Forbidden',
    },
    {
      expression: "request.operation != 'CONNECT' && variables.part != 'ephemeralcontainers'",
      message: 'exec, attach, port-forward, proxy and ephemeral containers are not used',
      reason: 'Forbidden',
    },
    {
      expression: `variables.undoing || !variables.pods.exists(p, ${REACHES_OUT}) || variables.podsBefore.exists(p, ${REACHES_OUT})`,
      message: 'pods do not gain access to their host',
      reason: 'Forbidden',
    },
    {
      expression:
        "request.operation != 'CREATE' || request.resource.group != '' || request.resource.resource != 'secrets'" +
        " || !has(object.type) || object.type != 'kubernetes.io/service-account-token'",
      message: 'no token is made for a service account',
      reason: 'Forbidden',
    },
  ],
};
