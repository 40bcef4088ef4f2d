import type { Json } from '../../json/json.ts';
import type { Change, Segment, Value } from '../difference.ts';
import { isMap } from '../../json/json-map.ts';
import { sameJson } from '../../json/same-json.ts';
import type { FieldRule } from './field-rule.ts';
import { RuleTrie } from './rule-trie.ts';
import { rowsOfKind } from './kind-rows.ts';

const tries = new Map<string, RuleTrie | null>();

/** `GROUP/Kind`, the key of the table: `apps/Deployment`, `/Pod`. */
export function kindKey(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/');
  return `${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}`;
}

/**
 * What a change of one field means; null when it is not known: a kind that is not built in, or a field that no known
 * release has. All versions of a kind share their rows. `path` may end at a map or list; the gravest rule below it holds.
 */
export function ruleOf(apiVersion: string, kind: string, path: readonly Segment[]): FieldRule | null {
  return trieOf(kindKey(apiVersion, kind))?.find(path) ?? null;
}

function trieOf(key: string): RuleTrie | null {
  let trie = tries.get(key);
  if (trie === undefined) {
    const rows = rowsOfKind(key);
    tries.set(key, (trie = rows && new RuleTrie(rows)));
  }
  return trie;
}

/** One field that differs, and its rule. */
export interface ChangedField {
  path: Segment[];
  rule: FieldRule | null;
}

/**
 * The rules of everything that differs in one change: a list that is compared as a whole is taken apart, so that no
 * field within it that the table does not know passes unseen. Fields with the same rule are named once.
 */
export function rulesOfChange(apiVersion: string, kind: string, change: Change): ChangedField[] {
  const seen = new Set<FieldRule>();
  const found: ChangedField[] = [];
  for (const path of differingFields(change.path, change.before, change.after)) {
    const rule = ruleOf(apiVersion, kind, path);
    if (rule && seen.has(rule)) continue;
    if (rule) seen.add(rule);
    found.push({ path, rule });
  }
  return found;
}

function differingFields(path: Segment[], before: Value, after: Value): Segment[][] {
  if (sameJson(before, after)) return [];
  const sides = [before, after].filter((side) => side !== undefined);
  const keys = sides.every((side) => isMap(side))
    ? [...new Set(sides.flatMap((side) => Object.keys(side)))]
    : sides.every((side) => Array.isArray(side))
      ? [...Array(Math.max(...sides.map((side) => side.length))).keys()].map(String)
      : [];
  // A field that changes its type, or comes or goes empty, is one field.
  if (keys.length === 0) return [path];
  return keys.flatMap((key) => differingFields([...path, key], own(before, key), own(after, key)));
}

function own(value: Value, key: string): Value {
  return value !== undefined && value !== null && Object.hasOwn(value as object, key)
    ? (value as { [key: string]: Json })[key]
    : undefined;
}
