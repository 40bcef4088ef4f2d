import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { CorrelatedIncident, IncidentMember, Suspect } from '../../domain/signals.ts';
import { oneLine } from '../../text/plain-text.ts';
import { sha256 } from '../../text/sha256.ts';
import type { Group } from './groups.ts';
import { groupsOf } from './groups.ts';
import type { ChangesOf } from './root.ts';
import { rootOf } from './root.ts';
import type { Topology } from './topology.ts';

const MINUTE = 60_000;

export interface CorrelationInput {
  /** In any order; of one id the earliest counts. */
  members: readonly IncidentMember[];
  /** Incidents that are open, as they were told last. */
  open: readonly CorrelatedIncident[];
  topology: Topology;
  settings: SignalSettings['correlation'];
  /** From traces: a sure one is the root of the incident that it belongs to. */
  suspects?: readonly Suspect[];
  /** What the cluster remembers of changes; default: nothing. */
  changesOf?: ChangesOf;
}

/** Where incidents are looked for. */
type Place = Required<Pick<CorrelationInput, 'topology' | 'settings' | 'suspects' | 'changesOf'>>;

/**
 * What belongs together as one incident: things about one object, and things about objects within a few steps of each other
 * that began at about the same time. What belongs to an open incident joins it under its fingerprint, so that none is opened
 * twice. More than a person can read that begins within a minute, and that topology does not hold together, is one storm.
 * Oldest incident first; the same whatever the order of what is given.
 */
export function correlate({ members, open, ...rest }: CorrelationInput): CorrelatedIncident[] {
  const place: Place = { suspects: [], changesOf: () => [], ...rest };
  const { topology, settings } = place;
  const known = [...open].sort(inOrder);
  const all = renewed(distinct(known.flatMap((incident) => incident.members)), distinct(members));
  const groups = groupsOf(all, known, topology, settings);
  const stormy = stormOf(groups, settings.stormPerMinute);
  const calm = groups.filter((group) => !stormy.includes(group));
  const incidents = calm.map((group) => incidentOf(group, place));
  if (stormy.length > 0) incidents.push(stormIncident(stormy, place));
  return incidents.sort(inOrder);
}

/**
 * Groups that are a storm together: those that a storm is open for, and those that are not known and have members of a minute
 * with too many of these. None where all of it is one group: then topology has said what it is.
 */
function stormOf(groups: readonly Group[], perMinute: number): Group[] {
  const running = groups.filter((group) => group.open.some(({ isStorm }) => isStorm));
  const fresh = groups.filter((group) => group.open.length === 0);
  const times = fresh.flatMap(({ members }) => members.map(({ since }) => since)).sort((a, b) => a - b);
  const spans: [number, number][] = [];
  for (let first = 0, last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! >= MINUTE) first++;
    if (last - first + 1 > perMinute) spans.push([times[first]!, times[last]!]);
  }
  const within = ({ since }: IncidentMember): boolean => spans.some(([from, to]) => since >= from && since <= to);
  const hit = spans.length === 0 ? [] : fresh.filter(({ members }) => members.some(within));
  return running.length + hit.length > 1 || running.length > 0 ? [...running, ...hit] : [];
}

function stormIncident(groups: readonly Group[], place: Place): CorrelatedIncident {
  const members = distinct(groups.flatMap((group) => group.members));
  const units = [...new Set(groups.flatMap((group) => group.units))].sort();
  const open = groups.flatMap((group) => group.open).sort(inOrder);
  const first = open.find(({ isStorm }) => isStorm);
  return {
    ...incidentOf({ members, units, open: [] }, place),
    fingerprint: first?.fingerprint ?? fingerprintOf('storm'),
    title: `a storm of ${members.length} alerts and signals`,
    isStorm: true,
    isKnown: first !== undefined,
    absorbed: open.filter((incident) => incident !== first).map(({ fingerprint }) => fingerprint),
  };
}

function incidentOf(group: Group, { topology, settings, suspects, changesOf }: Place): CorrelatedIncident {
  const [first, ...others] = group.open;
  const root = rootOf(group, topology, settings.hops, suspects, changesOf);
  const earliest = group.members[0]!;
  const isAtRoot = ({ objects }: IncidentMember): boolean => objects.some((ref) => topology.unitOf(ref) === root?.unit);
  const { message } = group.members.find(isAtRoot) ?? earliest;
  const { length } = group.members;
  return {
    fingerprint: first?.fingerprint ?? fingerprintOf(root?.unit ?? group.units[0] ?? earliest.id),
    title: oneLine(length === 1 ? message : `${message}, and ${length - 1} more`, 200),
    since: earliest.since,
    root: root && { object: root.object, reason: root.reason },
    members: group.members,
    count: length,
    isStorm: false,
    isKnown: first !== undefined,
    absorbed: others.map(({ fingerprint }) => fingerprint),
  };
}

function fingerprintOf(what: string): string {
  return sha256(what).slice(0, 16);
}

/** One of each id, the earliest told of; oldest first. */
function distinct(members: readonly IncidentMember[]): IncidentMember[] {
  const byId = new Map<string, IncidentMember>();
  for (const member of [...members].sort(older)) if (!byId.has(member.id)) byId.set(member.id, member);
  return [...byId.values()];
}

/** What is told of again is told of as it is now, but began when it began. */
function renewed(before: readonly IncidentMember[], now: readonly IncidentMember[]): IncidentMember[] {
  const began = new Map(before.map(({ id, since }) => [id, since]));
  const told = new Set(now.map(({ id }) => id));
  const again = now.map((member) => ({
    ...member,
    since: Math.min(member.since, began.get(member.id) ?? member.since),
  }));
  return [...before.filter(({ id }) => !told.has(id)), ...again].sort(older);
}

function older(a: IncidentMember, b: IncidentMember): number {
  return a.since - b.since || compared(a.id, b.id) || compared(JSON.stringify(a), JSON.stringify(b));
}

function inOrder(a: CorrelatedIncident, b: CorrelatedIncident): number {
  return a.since - b.since || compared(a.fingerprint, b.fingerprint);
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
