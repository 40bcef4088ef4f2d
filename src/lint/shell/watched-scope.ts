import type { Scope } from './scope.ts';

/** Names that were looked up and what the scope answered, or `all` when the scope was read as a whole. */
export type Lookups = ReadonlyMap<string, string> | 'all';

type Kind = 'variables' | 'aliases' | 'forwarders' | 'assigned';

function answer(scope: Scope, kind: Kind, name: string): string {
  if (kind === 'assigned') return String(scope.assigned.has(name));
  return JSON.stringify(scope[kind].get(name)) ?? '';
}

/** Everything a scope can answer, as text: equal texts mean equal scopes. */
export function scopeText(scope: Scope): string {
  const { variables, aliases, forwarders, assigned } = scope;
  return JSON.stringify([[...variables], [...aliases], [...forwarders], [...assigned].sort()]);
}

/** True if the scope still gives every answer that was given before. */
export function answersSame(scope: Scope, lookups: ReadonlyMap<string, string>): boolean {
  for (const [key, before] of lookups) {
    const at = key.indexOf(' ');
    if (answer(scope, key.slice(0, at) as Kind, key.slice(at + 1)) !== before) return false;
  }
  return true;
}

class WatchedMap<V> extends Map<string, V> {
  readonly #inner: ReadonlyMap<string, V>;
  readonly #asked: (name: string | undefined) => void;

  constructor(inner: ReadonlyMap<string, V>, asked: (name: string | undefined) => void) {
    super();
    this.#inner = inner;
    this.#asked = asked;
  }

  override get(name: string): V | undefined {
    this.#asked(name);
    return this.#inner.get(name);
  }

  override has(name: string): boolean {
    this.#asked(name);
    return this.#inner.has(name);
  }

  override [Symbol.iterator](): MapIterator<[string, V]> {
    this.#asked(undefined);
    return this.#inner[Symbol.iterator]() as MapIterator<[string, V]>;
  }
}

class WatchedSet extends Set<string> {
  readonly #inner: ReadonlySet<string>;
  readonly #asked: (name: string | undefined) => void;

  constructor(inner: ReadonlySet<string>, asked: (name: string | undefined) => void) {
    super();
    this.#inner = inner;
    this.#asked = asked;
  }

  override has(name: string): boolean {
    this.#asked(name);
    return this.#inner.has(name);
  }

  override [Symbol.iterator](): SetIterator<string> {
    this.#asked(undefined);
    return this.#inner[Symbol.iterator]() as SetIterator<string>;
  }
}

/** A read-only view of a scope that remembers what was asked of it. */
export function watchedScope(scope: Scope): { scope: Scope; lookups: () => Lookups } {
  const lookups = new Map<string, string>();
  let whole = false;
  const asks = (kind: Kind) => (name: string | undefined) => {
    if (name === undefined) whole = true;
    else if (!lookups.has(`${kind} ${name}`)) lookups.set(`${kind} ${name}`, answer(scope, kind, name));
  };
  return {
    scope: {
      variables: new WatchedMap(scope.variables, asks('variables')),
      aliases: new WatchedMap(scope.aliases, asks('aliases')),
      forwarders: new WatchedMap(scope.forwarders, asks('forwarders')),
      assigned: new WatchedSet(scope.assigned, asks('assigned')),
      resolved: new Map(),
    },
    lookups: () => (whole ? 'all' : lookups),
  };
}
