import type { Series } from '../../domain/telemetry.ts';
import { oneLine } from '../../text/plain-text.ts';
import type { ClusterSetting } from '../settings/cluster-setting.ts';
import { CLUSTER_LABELS, UNMISTAKABLE, valueOf } from './cluster-labels.ts';
import type { MarkArm } from './cluster-queries.ts';
import { ARM_LABEL, FALLBACK } from './cluster-queries.ts';

type Labels = Series['labels'];
/** Metrics whose labels come the same way: those of exporters, of traces, of programs. */
export type MetricGroup = 'scraped' | 'traces' | 'http';
/** Matchers of a group (label and value, empty: series without the label); or why nothing can be said of it. */
export type GroupScope = ReadonlyMap<string, string> | { unknown: string };

/** What of a metric server is of the target's cluster. */
export type ClusterScope =
  /** Nothing there tells several clusters apart. `isOurs`: some of it has proved to be of the target's cluster. */
  | { state: 'whole'; known: ReadonlyMap<string, string>; isOurs: boolean }
  /** `seen`: what else there is, for people. */
  | { state: 'part'; groups: Readonly<Record<MetricGroup, GroupScope>>; known: ReadonlyMap<string, string>; seen: string }
  /** Several clusters, or another one. One sentence without a full stop. */
  | { state: 'unknown'; reason: string; known: ReadonlyMap<string, string> }; // prettier-ignore

/** What was asked of a metric server about clusters; series as answered. */
export interface ClusterSeen {
  census: readonly Series[];
  marks: readonly Series[];
}

const GROUPS: readonly MetricGroup[] = ['scraped', 'traces', 'http'];
const OF_PODS: ReadonlySet<string> = new Set<MarkArm>(['own_pod', 'own_target', 'own_container']);
const NAMED = 5;
const HINT = ': give --telemetry-cluster LABEL=VALUE';
const NOTHING: ReadonlyMap<string, string> = new Map();

export function groupOf(metric: string | null): MetricGroup {
  return metric?.startsWith('traces_') ? 'traces' : metric?.startsWith('http_') ? 'http' : 'scraped';
}

/** Labels that a setting leaves to look at. */
export function labelsOf(setting: ClusterSetting | undefined): readonly string[] {
  return setting && !setting.all ? [setting.label] : CLUSTER_LABELS;
}

/**
 * Which series are of the target's cluster, by what proves it and never by names that are alike. What the settings say stands
 * unless it is disproved.
 * @param name of the server, for people
 */
export function scopeOf(name: string, seen: ClusterSeen, setting?: ClusterSetting): ClusterScope {
  const given = setting && !setting.all ? setting : null;
  const values = valuesIn(seen.census, given?.label ?? null);
  const own = ownValues(seen.marks, labelsOf(setting));
  const known = new Map(own.proved);
  if (given?.value !== undefined) {
    const proved = own.proved.get(given.label);
    const isTold = proved !== undefined && (proved !== '' || values.scraped.has(given.label));
    if (isTold && proved !== given.value) {
      const reason = `${name}: pods of this cluster have ${matcherText(given.label, proved)} there, not ${matcherText(given.label, given.value)} as the settings say`;
      return { state: 'unknown', reason, known: NOTHING };
    }
    if (given.value !== '' && GROUPS.every((group) => !values[group].has(given.label))) {
      const reason = `${name} has nothing with ${matcherText(given.label, given.value)}: no series that was looked at has the label ${given.label}`;
      return { state: 'unknown', reason, known: NOTHING };
    }
    known.set(given.label, given.value);
  }
  const told = new Map([...known].filter(([, value]) => value !== ''));
  const varying = (group: MetricGroup) => [...values[group]].filter(([, set]) => set.size > 1).map(([label]) => label);
  const said = seenText(values, GROUPS.flatMap(varying));
  if (said === '' && given?.value === undefined) {
    const problem = disproof(name, seen.marks, own.isSeen, NOTHING);
    return problem
      ? { state: 'unknown', reason: problem, known: NOTHING }
      : { state: 'whole', known: told, isOurs: own.isSeen };
  }
  const telling =
    given?.value === undefined ? varying('scraped') : [given.label].filter((one) => values.scraped.has(one));
  const scraped = telling.length === 0 ? NOTHING : scrapedScope(seen.census, known, telling);
  if (!scraped) {
    const why = own.isMixed
      ? 'series of pods of this cluster have several of these values'
      : 'none of it can be shown to be of this cluster';
    return { state: 'unknown', reason: `${name} holds several clusters (${said}), and ${why}${HINT}`, known: told };
  }
  const problem = disproof(name, seen.marks, own.isSeen, scraped);
  if (problem) return { state: 'unknown', reason: problem, known: NOTHING };
  const other = (group: MetricGroup): GroupScope =>
    otherScope(values[group], values.scraped, known, scraped, varying(group).length > 0) ?? {
      unknown: `${name} holds ${group === 'traces' ? 'metrics of traces' : 'metrics of requests'} of several clusters (${seenText(values, varying(group))}), and which is this one is not known${HINT}`,
    };
  const groups = { scraped, traces: other('traces'), http: other('http') };
  return { state: 'part', groups, known: told, seen: said || seenText(values, labelsOf(setting)) };
}

/** A matcher of PromQL, for queries. */
export function matcherOf(label: string, value: string): string {
  return `${label}=${JSON.stringify(value)}`;
}

type Values = Readonly<Record<MetricGroup, ReadonlyMap<string, ReadonlySet<string>>>>;

/**
 * By group and label, what is there. That series of a family have no such label is a value beside others of the same family only.
 * @param chosen label that a person named: whatever it is called, it tells clusters apart
 */
function valuesIn(census: readonly Series[], chosen: string | null): Values {
  const isOnly = census.every(({ labels }) => valueOf(labels, '__name__') === FALLBACK);
  const families = new Map<string, Labels[]>();
  for (const { labels } of census) {
    const family = valueOf(labels, '__name__');
    if (family === '' || (family === FALLBACK && !isOnly)) continue;
    families.set(family, [...(families.get(family) ?? []), labels]);
  }
  const found: Record<MetricGroup, Map<string, Set<string>>> = {
    scraped: new Map(),
    traces: new Map(),
    http: new Map(),
  };
  for (const [family, rows] of families) {
    const group = groupOf(family);
    for (const label of chosen === null ? CLUSTER_LABELS : [chosen]) {
      // Programs may mean anything else by it.
      if (group === 'http' && chosen === null && !UNMISTAKABLE.has(label)) continue;
      const there = rows.map((labels) => valueOf(labels, label));
      if (there.every((value) => value === '')) continue;
      const set = found[group].get(label) ?? new Set<string>();
      for (const value of there) set.add(value);
      found[group].set(label, set);
    }
  }
  return found;
}

interface Own {
  /** By label, where all that is ours has the same; empty: without the label. */
  proved: ReadonlyMap<string, string>;
  isSeen: boolean;
  isMixed: boolean;
}

/** What series of our own pods say, else of our nodes: machines that several clusters share have one uuid. */
function ownValues(marks: readonly Series[], labels: readonly string[]): Own {
  const rows = marks.map((series) => ({ arm: valueOf(series.labels, ARM_LABEL), labels: series.labels }));
  const ofPods = rows.filter(({ arm }) => OF_PODS.has(arm));
  const own = ofPods.length > 0 ? ofPods : rows.filter(({ arm }) => arm === 'own_node');
  const proved = new Map<string, string>();
  let isMixed = false;
  for (const label of own.length > 0 ? labels : []) {
    const arms = new Map<string, Set<string>>();
    for (const row of own) arms.set(row.arm, (arms.get(row.arm) ?? new Set()).add(valueOf(row.labels, label)));
    const full = new Set([...arms.values()].flatMap((set) => [...set]).filter((value) => value !== ''));
    if (full.size > 1 || [...arms.values()].some((set) => set.size > 1)) isMixed = true;
    else if (full.size === 1) proved.set(label, [...full][0]!);
    // What programs tell of themselves may lack what exporters have.
    else if ([...arms.keys()].some((arm) => arm !== 'own_target')) proved.set(label, '');
  }
  return { proved, isSeen: own.length > 0, isMixed };
}

/** As few matchers as tell what is ours of what exporters tell; null where that cannot be said. */
function scrapedScope(
  census: readonly Series[],
  known: ReadonlyMap<string, string>,
  telling: readonly string[],
): ReadonlyMap<string, string> | null {
  const ours = telling.filter((label) => known.has(label));
  const [first, ...others] = ours.filter((label) => known.get(label) !== '');
  if (ours.length === 0) return null;
  if (first === undefined) return new Map(ours.map((label) => [label, '']));
  const alike = census.filter(({ labels }) => valueOf(labels, first) === known.get(first));
  // The first tells enough unless others' series have the same.
  const more = others.filter((label) =>
    alike.some(({ labels }) => !['', known.get(label)].includes(valueOf(labels, label))),
  );
  return new Map([first, ...more].map((label) => [label, known.get(label)!]));
}

/** The same for metrics of requests, which may have other labels; null where that cannot be said. */
function otherScope(
  values: ReadonlyMap<string, ReadonlySet<string>>,
  ofScraped: ReadonlyMap<string, ReadonlySet<string>>,
  known: ReadonlyMap<string, string>,
  scraped: ReadonlyMap<string, string>,
  isVarying: boolean,
): ReadonlyMap<string, string> | null {
  const carried = [...values.keys()];
  const full = carried.filter((label) => known.get(label));
  if (full.length > 0) return new Map(full.map((label) => [label, known.get(label)!]));
  const without = carried.filter((label) => known.get(label) === '' && ofScraped.has(label));
  if (without.length > 0) return new Map(without.map((label) => [label, '']));
  // What has no label at all where clusters are told apart by one is nobody's.
  return isVarying ? null : scraped;
}

/** Why what these matchers leave cannot be of our cluster, or not of it alone; null where nothing says so. */
function disproof(
  name: string,
  marks: readonly Series[],
  isSeen: boolean,
  matchers: ReadonlyMap<string, string>,
): string | null {
  const left = marks.filter(({ labels }) => [...matchers].every(([label, value]) => valueOf(labels, label) === value));
  const has = (arm: MarkArm) => left.some(({ labels }) => valueOf(labels, ARM_LABEL) === arm);
  const within = matchers.size > 0 ? ` under ${textOf(matchers)}` : '';
  for (const [arm, what] of [['twin_pod', 'pods'], ['twin_node', 'nodes']] as const)
    if (has(arm))
      return isSeen
        ? `${name} holds several clusters${within}: it has ${what} of the same names as this cluster's with other uids, and no known label tells them apart${HINT}`
        : `${name} has ${what} of the same names as this cluster's${within}, and their uids say that they are another cluster's${HINT}, or * if that is wrong`; // prettier-ignore
  if (!isSeen && has('stranger_node'))
    return `${name} tells of nodes${within} none of which is of this cluster${HINT}, or * if that is wrong`;
  return null;
}

/** `cluster: eu, us` of the labels that tell clusters apart. */
function seenText(values: Values, labels: readonly string[]): string {
  return [...new Set(labels)]
    .flatMap((label) => {
      const all = [...new Set(GROUPS.flatMap((group) => [...(values[group].get(label) ?? [])]))].sort();
      if (all.length === 0) return [];
      const named = all.slice(0, NAMED).map((value) => (value === '' ? 'without' : oneLine(value, 60)));
      return `${label}: ${named.join(', ')}${all.length > NAMED ? ' and more' : ''}`;
    })
    .join('; ');
}

/** For people. */
export function textOf(matchers: ReadonlyMap<string, string>): string {
  return [...matchers].map(([label, value]) => matcherText(label, value)).join(', ');
}

function matcherText(label: string, value: string): string {
  return `${label}=${JSON.stringify(oneLine(value, 60))}`;
}
