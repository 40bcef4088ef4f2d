import type { KindTable } from '../field-rule.ts';
import { fields, immutable, itself, look, oneWay, reversible, under } from '../rows.ts';

const ASKED = 'it is asked about, and may refuse or alter, what anybody writes from now on';
const STORED = 'stored objects may be pruned, dropped or out of reach';

/** What extends the API server: webhooks, custom resources, storage versions. */
export const EXTENSION: KindTable = {
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': fields(look('webhooks', ASKED, 'webhooks.**')),
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': fields(look('webhooks', ASKED, 'webhooks.**')),

  // apiextensions-apiserver, ValidateCustomResourceDefinitionUpdate: names are fixed once it is established.
  'apiextensions.k8s.io/CustomResourceDefinition': fields(
    immutable(...under('spec', 'group', 'scope', 'names.kind', 'names.plural')),
    itself(
      'the names it is found by change; another definition may take them meanwhile',
      ...under('spec.names', 'singular', 'listKind', 'shortNames.*'),
    ),
    look('crd-versions', STORED, ...under('spec', 'versions.**', 'conversion.**', 'preserveUnknownFields')),
    // What clients are shown.
    reversible(
      'spec.names.categories.*',
      ...under('spec.versions.*.additionalPrinterColumns.*', 'name', 'type', 'format', 'description'),
      ...under('spec.versions.*.additionalPrinterColumns.*', 'jsonPath', 'priority'),
      ...under('spec.versions.*', 'deprecated', 'deprecationWarning', 'selectableFields.*.jsonPath'),
    ),
  ),

  'internal.apiserver.k8s.io/StorageVersion': fields(oneWay('API servers write it for themselves', 'spec.**')),

  // ValidateStorageVersionMigrationUpdate
  'storagemigration.k8s.io/StorageVersionMigration': fields(immutable('spec.**')),
};
