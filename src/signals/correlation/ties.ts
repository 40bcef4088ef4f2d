import { refLabel } from '../../domain/kube-object.ts';
import type { CorrelatedIncident, IncidentMember } from '../../domain/signals.ts';
import type { Topology } from './topology.ts';

/** Why each member of an incident belongs to the others: one phrase each, in the order of the members. */
export function tiesOf(
  { members, root, isStorm }: Pick<CorrelatedIncident, 'members' | 'root' | 'isStorm'>,
  topology: Topology,
  hops: number,
): string[] {
  const units = members.map((member) => unitsOf(member, topology));
  const labels = new Map<string, string>();
  for (const { objects } of members)
    for (const object of objects)
      if (!labels.has(topology.unitOf(object))) labels.set(topology.unitOf(object), refLabel(object));
  const rootUnit = root && topology.unitOf(root.object);
  if (root && rootUnit) labels.set(rootUnit, refLabel(root.object));
  const all = [...labels.keys()];
  const tieTo = (own: readonly string[], other: string): string | null => {
    const name = labels.get(other)!;
    for (const unit of own) {
      const steps = topology.reach(unit, hops).get(other);
      if (steps !== undefined) return steps === 1 ? `depends on ${name}` : `depends on ${name} over others`;
    }
    return own.some((unit) => topology.reach(other, hops).has(unit)) ? `${name} depends on it` : null;
  };
  const sharesNeed = (own: readonly string[]): boolean => {
    const needs = new Set(own.flatMap((unit) => topology.ownDependencies(unit)));
    return all.some((other) => !own.includes(other) && topology.ownDependencies(other).some((need) => needs.has(need)));
  };
  return units.map((own, index): string => {
    if (own.length === 0) return 'its labels name the same program';
    if (rootUnit && own.includes(rootUnit)) return `about ${labels.get(rootUnit)}`;
    const others = all.filter((other) => !own.includes(other));
    const ties = [...(rootUnit ? [rootUnit] : []), ...others].map((other) => tieTo(own, other));
    const tie = ties.find((text) => text !== null);
    if (tie) return tie;
    if (sharesNeed(own)) return 'needs the same as another of them';
    if (units.some((other, at) => at !== index && other.some((unit) => own.includes(unit))))
      return `about ${labels.get(own[0]!)}`;
    return isStorm ? 'began within the same minute' : 'told of together with it';
  });
}

function unitsOf({ objects }: IncidentMember, topology: Topology): string[] {
  return [...new Set(objects.map((object) => topology.unitOf(object)))];
}
