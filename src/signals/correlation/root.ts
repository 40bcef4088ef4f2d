import type { ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { Suspect } from '../../domain/signals.ts';
import type { Group } from './groups.ts';
import type { Topology } from './topology.ts';

export interface Root {
  unit: string;
  object: ObjectRef;
  /** One sentence without a full stop. */
  reason: string;
}

/** A suspect that comes first in as many samples is taken at its word. */
const SURE = 0.5;

/**
 * Where an incident probably begins: whom traces name, else the unit on which most of the others depend, of those the one that
 * depends on fewest itself, then the one that began first. Null where nothing in the group is an object.
 */
export function rootOf(group: Group, topology: Topology, hops: number, suspects: readonly Suspect[]): Root | null {
  const objects = new Map<string, ObjectRef>();
  const began = new Map<string, number>();
  for (const { objects: about, since } of group.members) {
    for (const ref of about) {
      const unit = topology.unitOf(ref);
      const before = objects.get(unit);
      if (!before || isTelling(ref, before)) objects.set(unit, ref);
      began.set(unit, Math.min(began.get(unit) ?? since, since));
    }
  }
  const sure = suspects.filter(({ confidence }) => confidence >= SURE).sort((a, b) => b.confidence - a.confidence);
  for (const { node, message } of sure) {
    const unit = node.object && topology.unitOf(node.object);
    if (unit && objects.has(unit)) return { unit, object: node.object!, reason: message };
  }
  const units = [...objects.keys()];
  if (units.length === 0) return null;
  const below = new Map(units.map((unit) => [unit, reached(unit, objects, topology, hops)]));
  const above = new Map(units.map((unit) => [unit, 0]));
  for (const [unit, list] of below)
    for (const other of list) if (other !== unit) above.set(other, above.get(other)! + 1);
  const [best] = units.sort(
    (a, b) =>
      above.get(b)! - above.get(a)! ||
      below.get(a)!.size - below.get(b)!.size ||
      began.get(a)! - began.get(b)! ||
      (a < b ? -1 : 1),
  );
  const object = objects.get(best!)!;
  return { unit: best!, object, reason: reasonOf(object, above.get(best!)!, units.length) };
}

/** A workload says more than its Service, that more than a pod; of two of a kind always the same. */
function isTelling(ref: ObjectRef, before: ObjectRef): boolean {
  const rank = ({ kind }: ObjectRef): number =>
    kind === 'Pod' || kind === 'EndpointSlice' ? 2 : kind === 'Service' ? 1 : 0;
  return rank(ref) < rank(before) || (rank(ref) === rank(before) && refLabel(ref) < refLabel(before));
}

/** Units of the group that one depends on, step by step over others of the group. */
function reached(unit: string, group: ReadonlyMap<string, ObjectRef>, topology: Topology, hops: number): Set<string> {
  const found = new Set<string>();
  const queue = [unit];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const other of topology.reach(at, hops).keys()) {
      if (other === unit || found.has(other) || !group.has(other)) continue;
      found.add(other);
      queue.push(other);
    }
  }
  return found;
}

function reasonOf(object: ObjectRef, above: number, all: number): string {
  if (all === 1) return `everything is about ${refLabel(object)}`;
  if (above === 0) return `it began at ${refLabel(object)}, on which none of the others is known to depend`;
  const others = all === 2 ? 'the other one depends' : `${above} of the ${all - 1} others depend`;
  return `${others} on ${refLabel(object)}`;
}
