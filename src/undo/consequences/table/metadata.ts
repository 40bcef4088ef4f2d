import type { Rows } from '../field-rule.ts';
import { fields, immutable, look, oneWay, reversible, under } from '../rows.ts';

/** Annotations of that sort; see {@link READ_BY_PEOPLE}. */
export const ANNOTATIONS_READ_BY_PEOPLE = [
  'annotations[helm.sh/resource-policy]',
  'annotations[meta.helm.sh/*]',
  'annotations[kubernetes.io/change-cause]',
  'annotations[kubernetes.io/description]',
  // The configuration last applied, the default container: kubectl alone.
  'annotations[kubectl.kubernetes.io/*]',
  // Our own, which makes a controller look again: nobody reads what it says.
  'annotations[stratus-oncall/retry]',
] as const;

/**
 * Label and annotation keys whose prefix is known to be read by people and clients only. By convention a key without a
 * prefix is private to users, and one with a prefix belongs to whoever owns the domain (kubernetes.io/docs, "Labels and
 * Selectors: Syntax"): a prefix that is not listed, here or at the kind, may have an operator behind it and is unknown.
 */
export const READ_BY_PEOPLE = [
  // Recommended labels, but for `instance`: Argo CD deletes what carries its application's and is not in its source.
  'labels[app.kubernetes.io/name]',
  'labels[app.kubernetes.io/version]',
  'labels[app.kubernetes.io/component]',
  'labels[app.kubernetes.io/part-of]',
  'labels[app.kubernetes.io/managed-by]',
  // Read by the Helm client when a person upgrades or uninstalls.
  'labels[helm.sh/chart]',
  ...ANNOTATIONS_READ_BY_PEOPLE,
] as const;

/** What holds for the metadata of every kind that says nothing else (apimachinery, ValidateObjectMetaAccessorUpdate). */
export const METADATA: Rows = fields(
  reversible(
    'apiVersion',
    ...under('metadata', 'labels[*]', 'annotations[*]', ...READ_BY_PEOPLE),
    // Ownership of fields is put back with a write of its own.
    ...under('metadata.managedFields.*', 'apiVersion', 'fieldsType', 'fieldsV1.**', 'manager', 'operation'),
    ...under('metadata.managedFields.*', 'subresource', 'time'),
    // Read once, at the creation.
    'metadata.generateName',
  ),
  immutable(
    'kind',
    ...under('metadata', 'name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp'),
    ...under('metadata', 'deletionGracePeriodSeconds', 'resourceVersion', 'generation', 'selfLink'),
  ),
  look(
    'owners',
    'the garbage collector deletes an object whose owners are gone',
    ...under('metadata.ownerReferences.*', 'apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'),
  ),
  look('finalizers', 'its deletion waits for each finalizer, or no longer does', 'metadata.finalizers.*'),
  oneWay('status belongs to controllers', 'status.**'),
);
