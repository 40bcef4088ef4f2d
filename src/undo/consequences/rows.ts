import type { FieldRule, LookName, Rows } from './field-rule.ts';

const all = (rule: FieldRule, paths: string[]): Rows => Object.fromEntries(paths.map((path) => [path, rule]));

/** Fields whose former value puts everything back. */
export const reversible = (...paths: string[]): Rows => all({ act: 'reversible' }, paths);

/** Fields that the API server refuses to change. */
export const immutable = (...paths: string[]): Rows => all({ act: 'immutable' }, paths);

/** Fields on which controllers act, all of which the undo makes equal again. */
export const itself = (what: string, ...paths: string[]): Rows =>
  all({ act: 'controllers', what, back: 'itself' }, paths);

/** Fields on which controllers act, after which something is gone for good. */
export const lost = (what: string, ...paths: string[]): Rows => all({ act: 'controllers', what, back: 'lost' }, paths);

/** Fields on which controllers act, judged with the objects around them. */
export const look = (name: LookName, what: string, ...paths: string[]): Rows =>
  all({ act: 'controllers', what, back: 'look', look: name }, paths);

/** Fields that cannot be put back. */
export const oneWay = (why: string, ...paths: string[]): Rows => all({ act: 'one-way', why }, paths);

/** The paths below `base`. */
export const under = (base: string, ...paths: string[]): string[] => paths.map((path) => `${base}.${path}`);

/** What holds for everything that admission writes into pods when they are made. */
export const MADE_MEANWHILE = 'pods made meanwhile keep what it gave them until they are replaced';

/** Rows of one kind; a path must not be there twice. */
export function fields(...groups: Rows[]): Rows {
  const rows: Record<string, FieldRule> = {};
  for (const group of groups) {
    for (const [path, rule] of Object.entries(group)) {
      if (Object.hasOwn(rows, path)) throw new Error(`two rules for ${path}`);
      rows[path] = rule;
    }
  }
  return rows;
}
