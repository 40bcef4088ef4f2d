import { canonicalJson } from '../json/canonical-json.ts';
import { byName, isMap, own } from '../json/json-map.ts';
import { quantity } from './quantity.ts';

/** A field that two documents have otherwise; undefined where one has it not. */
export interface ChangedField {
  /** `spec.containers[geo].image`: elements with a name by it, others by their place. */
  path: string;
  before: unknown;
  after: unknown;
}

/** Fields that differ, deepest first that both documents have as maps or lists. */
export function changedFields(before: unknown, after: unknown, path = ''): ChangedField[] {
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => changedFields(own(before, key), own(after, key), join(path, key)));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const [were, are] = [byName(before), byName(after)];
    if (were && are) {
      const names = [...new Set([...were.keys(), ...are.keys()])];
      return names.flatMap((name) => changedFields(were.get(name), are.get(name), `${path}[${name}]`));
    }
    if (before.length === after.length)
      return before.flatMap((item, index) => changedFields(item, after[index], `${path}[${index}]`));
  }
  return same(before, after) ? [] : [{ path, before, after }];
}

/**
 * Fields of a document that another one has otherwise, whatever else that has: what `kubectl apply` sent against what is
 * there. Amounts that mean the same are equal.
 */
export function overriddenFields(wanted: unknown, actual: unknown): ChangedField[] {
  return changedFields(wanted, actual).filter(({ before, after }) => {
    if (before === undefined || before === null || (isEmpty(before) && after === undefined)) return false;
    const amount = quantity(before);
    return amount === null || amount !== quantity(after);
  });
}

function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function same(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a as never) === canonicalJson(b as never);
}

function join(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path ? `${path}.${key}` : key;
}
