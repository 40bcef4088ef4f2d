import { under } from '../rows.ts';

/** The fields of a LabelSelector (apimachinery, meta/v1) at `path`. */
export const labelSelector = (path: string): string[] =>
  under(path, 'matchLabels.*', 'matchExpressions.*.key', 'matchExpressions.*.operator', 'matchExpressions.*.values.*');

/** The fields of a NodeSelector (core/v1) at `path`. */
export const nodeSelector = (path: string): string[] =>
  ['matchExpressions', 'matchFields'].flatMap((list) =>
    under(`${path}.nodeSelectorTerms.*.${list}.*`, 'key', 'operator', 'values.*'),
  );

/** The fields of an ObjectReference (core/v1) at `path`. */
export const objectReference = (path: string): string[] =>
  under(path, 'apiVersion', 'kind', 'namespace', 'name', 'uid', 'resourceVersion', 'fieldPath');

/** The fields of a Toleration (core/v1) at `path`. */
export const toleration = (path: string): string[] =>
  under(path, 'key', 'operator', 'value', 'effect', 'tolerationSeconds');
