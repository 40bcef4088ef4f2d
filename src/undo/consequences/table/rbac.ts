import type { KindTable } from '../field-rule.ts';
import { fields, immutable, look } from '../rows.ts';

const RIGHTS = 'rights are given or taken at once, also for the time until the undo';
const RECONCILED = 'metadata.annotations[rbac.authorization.kubernetes.io/autoupdate]';

/** Rights (pkg/controller/clusterroleaggregation, pkg/apis/rbac/validation). */
export const RBAC: KindTable = {
  'rbac.authorization.k8s.io/Role': fields(look('rights', RIGHTS, 'rules.**', RECONCILED)),
  'rbac.authorization.k8s.io/ClusterRole': fields(
    // Aggregated roles select others by their labels.
    look('rights', RIGHTS, 'rules.**', 'aggregationRule.**', 'metadata.labels.*', RECONCILED),
  ),
  'rbac.authorization.k8s.io/RoleBinding': fields(
    look('rights', RIGHTS, 'subjects.**', RECONCILED),
    immutable('roleRef.**'),
  ),
  'rbac.authorization.k8s.io/ClusterRoleBinding': fields(
    look('rights', RIGHTS, 'subjects.**', RECONCILED),
    immutable('roleRef.**'),
  ),
};
