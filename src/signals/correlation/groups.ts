import type { ObjectRef } from '../../domain/kube-object.ts';
import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { CorrelatedIncident, IncidentMember } from '../../domain/signals.ts';
import { own } from '../../json/json-map.ts';
import type { Topology } from './topology.ts';

export interface Group {
  /** Oldest first. */
  members: IncidentMember[];
  /** What they are about, in a fixed order. */
  units: string[];
  /** Open incidents that they belong to, oldest first. */
  open: CorrelatedIncident[];
}

/** Labels that tell a program apart where no object is known. */
const NAMES = ['service_name', 'app_kubernetes_io_name', 'app', 'service'];

/**
 * Members that belong together, whatever their order: those about one unit, and those of which one depends on the other within
 * the steps, or both on a third that they call, and that began within the window of each other. What is open holds together
 * by itself.
 * @param members one of each id, oldest first
 */
export function groupsOf(
  members: readonly IncidentMember[],
  open: readonly CorrelatedIncident[],
  topology: Topology,
  settings: SignalSettings['correlation'],
): Group[] {
  const sets = new Sets(members.length);
  const units = members.map((member) => unitsOf(member, topology));
  const byUnit = new Map<string, number[]>();
  for (const [index, list] of units.entries()) for (const unit of list) push(byUnit, unit, index);
  for (const indexes of byUnit.values()) for (const index of indexes) sets.join(indexes[0]!, index);
  const isNear = (a: readonly number[], b: readonly number[]): boolean => {
    for (let first = 0, second = 0; first < a.length && second < b.length;) {
      const apart = members[a[first]!]!.since - members[b[second]!]!.since;
      if (Math.abs(apart) <= settings.windowMs) return true;
      if (apart < 0) first++;
      else second++;
    }
    return false;
  };
  const byDependency = new Map<string, string[]>();
  for (const [unit, indexes] of byUnit) {
    for (const other of topology.reach(unit, settings.hops).keys()) {
      const there = byUnit.get(other);
      if (there && isNear(indexes, there)) sets.join(indexes[0]!, there[0]!);
    }
    if (settings.hops >= 2) for (const shared of topology.ownDependencies(unit)) push(byDependency, shared, unit);
  }
  for (const sharing of byDependency.values()) {
    for (const [at, unit] of sharing.entries()) {
      const here = byUnit.get(unit)!;
      for (const other of sharing.slice(at + 1)) {
        const there = byUnit.get(other)!;
        if (isNear(here, there)) sets.join(here[0]!, there[0]!);
      }
    }
  }
  const place = new Map(members.map(({ id }, index) => [id, index]));
  for (const incident of open) {
    const places = incident.members.flatMap(({ id }) => place.get(id) ?? []);
    for (const index of places) sets.join(places[0]!, index);
  }
  return sets.all().map((indexes) => {
    const ids = new Set(indexes.map((index) => members[index]!.id));
    return {
      members: indexes.map((index) => members[index]!),
      units: [...new Set(indexes.flatMap((index) => units[index]!))].sort(),
      open: open.filter((incident) => incident.members.some(({ id }) => ids.has(id))),
    };
  });
}

/**
 * Whom a member is about. A node that an alert or a signal names after something else is where that runs: what happens on one
 * node has nothing in common for it.
 */
export function subjectsOf({ source, objects }: IncidentMember): readonly ObjectRef[] {
  if (source !== 'alert' && source !== 'signal') return objects;
  return objects.filter(({ kind }, index) => index === 0 || kind !== 'Node');
}

/** Objects as units; without any, the name that labels give the program. */
function unitsOf(member: IncidentMember, topology: Topology): string[] {
  const { labels, id } = member;
  const found = [...new Set(subjectsOf(member).map((ref) => topology.unitOf(ref)))];
  if (found.length > 0) return found;
  const name = NAMES.map((label) => own(labels, label)).find(Boolean);
  const namespace = own(labels, 'namespace') ?? own(labels, 'k8s_namespace_name') ?? '';
  return [name ? `name|${namespace}|${name}` : `id|${id}`];
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** Disjoint sets of numbers (union and find). */
class Sets {
  readonly #parents: number[];

  constructor(size: number) {
    this.#parents = Array.from({ length: size }, (_, index) => index);
  }

  join(a: number, b: number): void {
    const [first, second] = [this.#find(a), this.#find(b)];
    // The smaller one stands for both, so that the result does not depend on the order.
    this.#parents[Math.max(first, second)] = Math.min(first, second);
  }

  /** Every set with its numbers in order. */
  all(): number[][] {
    const sets = new Map<number, number[]>();
    for (const index of this.#parents.keys()) {
      const root = this.#find(index);
      const list = sets.get(root);
      if (list) list.push(index);
      else sets.set(root, [index]);
    }
    return [...sets.values()];
  }

  #find(index: number): number {
    let root = index;
    while (this.#parents[root] !== root) root = this.#parents[root]!;
    for (let at = index; at !== root;) {
      const next = this.#parents[at]!;
      this.#parents[at] = root;
      at = next;
    }
    return root;
  }
}
