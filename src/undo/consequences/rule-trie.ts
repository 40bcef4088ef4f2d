import type { Segment } from '../difference.ts';
import type { FieldRule, Rows } from './field-rule.ts';

interface Node {
  rule?: FieldRule;
  /** Rule for everything below that has none of its own. */
  rest?: FieldRule;
  children: Map<string, Node>;
  /** Map keys `domain/…` by domain. */
  domains: Map<string, Node>;
  /** Map keys without a domain. */
  plain?: Node;
  star?: Node;
  /** What holds when the whole of an inner node comes or goes; computed once. */
  gravest?: FieldRule | null;
}

const node = (): Node => ({ children: new Map(), domains: new Map() });

/** The steps of a row's path: `metadata.annotations[a.b/c]` has three. */
export function pathSteps(path: string): string[] {
  return [...path.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map((match) => (match[1] === undefined ? match[2]! : match[0]));
}

/** Rows of one kind compiled for look-up: exact keys win over `[domain/*]`, `[*]`, `*` and `.**`, in this order. */
export class RuleTrie {
  readonly #root = node();

  constructor(rows: Rows) {
    for (const [path, rule] of Object.entries(rows)) this.#add(pathSteps(path), rule);
  }

  #add(steps: string[], rule: FieldRule): void {
    let at = this.#root;
    for (const step of steps) {
      if (step === '**') {
        at.rest = rule;
        return;
      }
      at = childFor(at, step);
    }
    at.rule = rule;
  }

  /** Null: not in the table. An inner path has the gravest of the rules below it. */
  find(path: readonly Segment[]): FieldRule | null {
    return find(this.#root, path, 0);
  }
}

function childFor(at: Node, step: string): Node {
  if (step === '*') return (at.star ??= node());
  if (step === '[*]') return (at.plain ??= node());
  const key = step.startsWith('[') ? step.slice(1, -1) : step;
  const domain = step.startsWith('[') && key.endsWith('/*');
  return entry(domain ? at.domains : at.children, domain ? key.slice(0, -2) : key);
}

function entry(map: Map<string, Node>, key: string): Node {
  let found = map.get(key);
  if (!found) map.set(key, (found = node()));
  return found;
}

function find(at: Node, path: readonly Segment[], depth: number): FieldRule | null {
  if (depth === path.length) return at.rule ?? at.rest ?? gravestOf(at);
  const step = path[depth]!;
  for (const next of nextOf(at, step)) {
    const found = next && find(next, path, depth + 1);
    if (found) return found;
  }
  return at.rest ?? null;
}

function nextOf(at: Node, step: Segment): Array<Node | undefined> {
  if (typeof step !== 'string') return [at.star];
  const slash = step.indexOf('/');
  return [at.children.get(step), slash > 0 ? at.domains.get(step.slice(0, slash)) : at.plain, at.star];
}

function gravestOf(at: Node): FieldRule | null {
  if (at.gravest !== undefined) return at.gravest;
  const below = [...at.children.values(), ...at.domains.values(), at.plain, at.star].filter(
    (child) => child !== undefined,
  );
  const rules = below.map((child) => child.rule ?? child.rest ?? gravestOf(child));
  const gravest = rules.reduce(
    (worst, rule) => (rule && (!worst || gravity(rule) > gravity(worst)) ? rule : worst),
    null,
  );
  return (at.gravest = gravest);
}

function gravity(rule: FieldRule): number {
  if (rule.act === 'one-way') return 5;
  if (rule.act === 'immutable') return 4;
  if (rule.act === 'reversible') return 0;
  return { lost: 3, look: 2, stays: 1, itself: 1 }[rule.back];
}
