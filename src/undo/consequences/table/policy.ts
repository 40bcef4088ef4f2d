import type { KindTable } from '../field-rule.ts';
import { fields, itself } from '../rows.ts';
import { labelSelector } from './selectors.ts';

/** Disruption budgets (pkg/controller/disruption). */
export const POLICY: KindTable = {
  'policy/PodDisruptionBudget': fields(
    itself(
      'evictions that others ask for meanwhile are judged by it',
      ...['spec.minAvailable', 'spec.maxUnavailable', 'spec.unhealthyPodEvictionPolicy'],
      ...labelSelector('spec.selector'),
    ),
  ),
};
