import type { ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { ChartMark, IncidentMember, SignalKind, Suspect } from '../../domain/signals.ts';
import { WORKLOAD_KINDS } from '../../kube/ownership.ts';
import { durationText } from '../../text/amount.ts';
import { INCIDENT_TYPES } from '../incident-types/incident-types.ts';
import type { Group } from './groups.ts';
import { subjectsOf } from './groups.ts';
import type { Topology } from './topology.ts';

export interface Root {
  /** The unit of a member that is next to it. */
  unit: string;
  /** May be one of which no member speaks. */
  object: ObjectRef;
  /** One sentence without a full stop. */
  reason: string;
}

/** A change at a moment, milliseconds since the epoch. */
export type ChangesOf = (object: ObjectRef) => readonly Pick<ChartMark, 'at' | 'label'>[];

/** A suspect that comes first in as many samples is taken at its word. */
const SURE = 0.5;
/** So long before something began a change may have brought it: rules look back, and wait. */
const CHANGED_MS = 15 * 60_000;
/** What began is told by samples: it may stand a little before its cause. */
const SAMPLE_MS = 90_000;

/**
 * Where an incident probably begins: whom traces name, else the unit on which most of the others depend, of those the one that
 * depends on fewest itself, then the one that began first; where that one only serves badly, what it depends on and what was
 * changed just before. Null where nothing in the group is an object.
 */
export function rootOf(
  group: Group,
  topology: Topology,
  hops: number,
  suspects: readonly Suspect[],
  changesOf: ChangesOf = () => [],
): Root | null {
  const objects = new Map<string, ObjectRef>();
  const began = new Map<string, number>();
  for (const member of group.members) {
    const { since } = member;
    for (const ref of subjectsOf(member)) {
      const unit = topology.unitOf(ref);
      const before = objects.get(unit);
      if (!before || isTelling(ref, before)) objects.set(unit, ref);
      began.set(unit, Math.min(began.get(unit) ?? since, since));
    }
  }
  const units = [...objects.keys()];
  const sure = suspects.filter(({ confidence }) => confidence >= SURE).sort((a, b) => b.confidence - a.confidence);
  for (const { node, message } of sure) {
    if (!node.object) continue;
    const named = topology.unitOf(node.object);
    const unit = objects.has(named) ? named : units.find((each) => topology.reach(each, hops).has(named));
    if (unit !== undefined) return { unit, object: node.object, reason: message };
  }
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
  const unit = best!;
  const object = objects.get(unit)!;
  const changed = changedBelow({ unit, object }, group.members, topology, hops, changesOf);
  return changed ?? { unit, object, reason: reasonOf(object, above.get(unit)!, units.length) };
}

/** What was changed last before it began, of what one depends on; null where that is the one itself, or its own state is what is wrong. */
function changedBelow(
  best: Pick<Root, 'unit' | 'object'>,
  members: readonly IncidentMember[],
  topology: Topology,
  hops: number,
  changesOf: ChangesOf,
): Root | null {
  const own = members.filter(({ objects }) => objects.some((ref) => topology.unitOf(ref) === best.unit));
  if (own.some(isOwnState)) return null;
  const began = Math.min(...members.map(({ since }) => since));
  const candidates = [best.unit, ...topology.reach(best.unit, hops).keys()].flatMap((unit) => {
    const object = unit === best.unit ? best.object : topology.objectOf(unit);
    const changes = object && SERVES.has(object.kind) ? changesOf(object) : [];
    const times = changes.map(({ at }) => at).filter((at) => at >= began - CHANGED_MS && at <= began + SAMPLE_MS);
    return object && times.length > 0 ? [{ unit, object, at: Math.max(...times) }] : [];
  });
  const [last] = candidates.sort((a, b) => b.at - a.at || Number(b.unit === best.unit) - Number(a.unit === best.unit));
  if (!last || last.unit === best.unit) return null;
  const before = last.at < began ? `${durationText(began - last.at)} before it began` : 'when it began';
  const reason = `${refLabel(last.object)} was changed ${before}, and ${refLabel(best.object)} depends on it`;
  return { unit: best.unit, object: last.object, reason };
}

/** It tells of what an object is, not of how it serves: nobody whom it calls brings that about. */
function isOwnState({ source, id }: IncidentMember): boolean {
  if (source === 'object') return true;
  if (source === 'signal') return /[|:](?:oom|memory|disk|certificate|quota|autoscaler)\b/.test(id);
  const name = id.split(':')[2] ?? '';
  return INCIDENT_TYPES.some(({ kind, sameMeaning }) => OWN_STATE.has(kind) && sameMeaning.test(name));
}

/** What others can be served badly by. */
const SERVES: ReadonlySet<string> = new Set([...WORKLOAD_KINDS, 'Service', 'Ingress']);
const OWN_STATE: ReadonlySet<SignalKind> = new Set(['oom', 'disk', 'certificate']);

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
