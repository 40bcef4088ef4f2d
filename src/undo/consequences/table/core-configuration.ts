import type { KindTable } from '../field-rule.ts';
import { fields, oneWay, reversible } from '../rows.ts';

/** Core group: configuration that pods read. */
export const CORE_CONFIGURATION: KindTable = {
  // Mounted copies follow within the kubelet's sync period and follow back; environment variables are read at start.
  '/ConfigMap': fields(
    reversible('data.**', 'binaryData.**'),
    oneWay('immutable: true can never be taken back (ValidateConfigMapUpdate)', 'immutable'),
  ),
};
