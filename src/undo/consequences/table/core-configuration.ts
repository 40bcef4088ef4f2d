import type { KindTable } from '../field-rule.ts';
import { MADE_MEANWHILE, fields, immutable, itself, look, lost, oneWay, reversible, under } from '../rows.ts';
import { objectReference } from './selectors.ts';

const SEALED = 'immutable: true can never be taken back (ValidateConfigMapUpdate, ValidateSecretUpdate)';
const TOKEN = 'a token may be issued, taken for invalid, or deleted';

/** Core group: what pods are given, and what limits them. */
export const CORE_CONFIGURATION: KindTable = {
  // Mounted copies follow within the kubelet's sync period and follow back; environment variables are read at the start.
  '/ConfigMap': fields(reversible('data.**', 'binaryData.**'), oneWay(SEALED, 'immutable')),

  // As a ConfigMap, but for tokens (pkg/controller/serviceaccount, pkg/controller/bootstrap).
  '/Secret': fields(
    look('token', TOKEN, 'data.**', 'stringData.**', 'metadata.annotations[kubernetes.io/service-account.name]'),
    look('token', TOKEN, 'metadata.annotations[kubernetes.io/service-account.uid]'),
    look('token', TOKEN, 'metadata.labels[kubernetes.io/legacy-token-invalid-since]'),
    itself(
      'the API server writes the day of the last use again',
      'metadata.labels[kubernetes.io/legacy-token-last-used]',
    ),
    immutable('type'),
    oneWay(SEALED, 'immutable'),
  ),

  // Admission reads it when a pod is made (plugin/pkg/admission/serviceaccount).
  '/ServiceAccount': fields(
    itself(MADE_MEANWHILE, 'automountServiceAccountToken', 'imagePullSecrets.*.name'),
    itself(MADE_MEANWHILE, 'metadata.annotations[kubernetes.io/enforce-mountable-secrets]'),
    // The cleaner of unused legacy tokens goes by this list.
    look('token', TOKEN, ...objectReference('secrets.*')),
  ),

  // plugin/pkg/admission/limitranger
  '/LimitRange': fields(
    itself(
      `${MADE_MEANWHILE}; those beyond a limit are refused until the undo`,
      ...under('spec.limits.*', 'type', 'default.*', 'defaultRequest.*', 'max.*', 'min.*', 'maxLimitRequestRatio.*'),
    ),
  ),

  // plugin/pkg/admission/resourcequota
  '/ResourceQuota': fields(
    look('quota', 'objects beyond the limit are refused until the undo', 'spec.hard.*'),
    look('quota', 'objects beyond the limit are refused until the undo', 'spec.scopeSelector.**'),
    immutable('spec.scopes.*'),
  ),

  // No controller of Kubernetes makes pods from it; operators do.
  '/PodTemplate': fields(itself(MADE_MEANWHILE, 'template.**')),

  '/Namespace': fields(
    look('namespace-labels', 'who may write what into it follows its labels', 'metadata.labels.*'),
    // plugin/pkg/admission/podnodeselector, podtolerationrestriction
    itself(MADE_MEANWHILE, 'metadata.annotations[scheduler.alpha.kubernetes.io/*]'),
    oneWay('finalizing a Namespace cannot be undone', 'spec.finalizers.*'),
  ),

  // A record that expires; a write starts its time anew.
  '/Event': fields(
    oneWay(
      'an Event is a record of what was seen, and expires',
      ...['action', 'count', 'eventTime', 'firstTimestamp', 'lastTimestamp', 'message', 'reason', 'type'],
      ...['reportingComponent', 'reportingInstance', 'series.**', 'source.**', 'involvedObject.**', 'related.**'],
    ),
  ),

  // pkg/controller/{endpoint,endpointslicemirroring}
  '/Endpoints': fields(
    itself('the endpoints controller writes its own again, unless the Service has no selector', 'subsets.**'),
    itself('the endpoints controller writes its own again', 'metadata.annotations[endpoints.kubernetes.io/*]'),
    itself(
      'its EndpointSlices are mirrored, or no longer are',
      'metadata.labels[endpointslice.kubernetes.io/skip-mirror]',
      'metadata.labels[service.kubernetes.io/headless]',
    ),
    // Leader election of old clients.
    lost('who leads is decided anew', 'metadata.annotations[control-plane.alpha.kubernetes.io/leader]'),
  ),
};
