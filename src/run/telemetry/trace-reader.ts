import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refOf } from '../../domain/kube-object.ts';
import type { Severity } from '../../domain/severity.ts';
import { spokenOf } from '../../domain/severity.ts';
import type { Localisation } from '../../domain/signals.ts';
import type { Waterfall } from '../../domain/signals-now.ts';
import type { Span, TraceSource } from '../../domain/telemetry.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { workloadsTouchedBy } from '../../kube/subjects.ts';
import { localise } from '../../signals/graph/localise.ts';
import { clusterOfSpans, spansOfCluster } from '../../signals/graph/spans-of-cluster.ts';
import { ServiceNames } from '../../signals/identity/service-names.ts';
import { waterfallOf } from './waterfall.ts';

export interface ReadTraces {
  /** Of now. */
  spans: Span[];
  suspects: Localisation;
  waterfall: Waterfall | null;
  notes: string[];
}

/** Services whose traces are read, at most, and traces of each. */
const SERVICES = 6;
const TRACES = 40;
/** Without an alert that says since when, the last minutes are compared with those before them. */
const LATELY_MS = 3 * 60_000;
const LONGEST_MS = 20 * 60_000;
/** Between what is compared: the alert began some time after its cause. */
const GAP_MS = 5 * 60_000;
const USUAL_MS = 30 * 60_000;
/** Alerts that say so speak of failures, others of time. */
const ABOUT_ERRORS = /error|fail|5xx|availab|success|reject|refus/i;

/** Traces of the services in trouble, now and when all was well, and where they say that it begins. */
export async function readTraces(
  source: TraceSource,
  view: ClusterView,
  severity: Severity,
  now: number,
  signal: AbortSignal,
): Promise<ReadTraces> {
  const names = ServiceNames.of(view);
  const items = severity.known ? severity.items : [];
  const since = Math.min(...items.flatMap((item) => (item.since === undefined ? [] : [item.since])), now - LATELY_MS);
  const from = Math.max(since - LATELY_MS, now - LONGEST_MS);
  const notes: string[] = [];
  try {
    const listed = await source.services(signal);
    if (listed.state !== 'ok') return noTraces(source, listed.reason);
    const asked = servicesOf(listed.value, view, names, items.flatMap(spokenOf));
    const read = async (begin: number, end: number) => {
      const answers = await Promise.all(
        asked.map((service) => source.search({ service, from: begin, to: end, limit: TRACES }, signal)),
      );
      const unknown = answers.find(({ state }) => state === 'unknown');
      if (unknown && 'reason' in unknown) notes.push(`${source.name}: ${unknown.reason}`);
      return distinct(answers.flatMap((answer) => (answer.state === 'ok' ? answer.value : [])));
    };
    const told = await Promise.all([read(from, now), read(from - GAP_MS - USUAL_MS, from - GAP_MS)]);
    const cluster = clusterOfSpans(told.flat(), view);
    if ('unknown' in cluster) return noTraces(source, cluster.unknown);
    const [spans, usual] = told.map((some) => spansOfCluster(some, cluster.name)) as [Span[], Span[]];
    const symptom = items.some(({ what, message }) => ABOUT_ERRORS.test(`${what} ${message}`)) ? 'errors' : 'latency';
    const suspects = localise(spans, usual, names, { symptom });
    const [shown] = suspects.suspects[0]?.traces ?? [];
    const waterfall = shown === undefined ? null : waterfallOf(shown, spans, source.link(shown));
    return { spans, suspects, waterfall, notes };
  } catch (error) {
    return noTraces(source, messageOf(error));
  }
}

/** What is known where traces could not be read, and why. */
export function noTraces({ name }: Pick<TraceSource, 'name'>, reason: string): ReadTraces {
  return { spans: [], suspects: { suspects: [], unknown: reason }, waterfall: null, notes: [`${name}: ${reason}`] };
}

/** Services of what is in trouble first, then others of the scope. */
function servicesOf(
  all: readonly string[],
  view: ClusterView,
  names: ServiceNames,
  spoken: readonly ObjectRef[],
): string[] {
  const troubled = new Set(
    spoken.flatMap((ref) => [refKey(ref), ...workloadsTouchedBy(view, ref).map((workload) => refKey(refOf(workload)))]),
  );
  const known = all.flatMap((service) => {
    const object = names.byName(service);
    return object ? [{ service, rank: troubled.has(refKey(object)) ? 0 : 1 }] : [];
  });
  return known
    .sort((a, b) => a.rank - b.rank)
    .slice(0, SERVICES)
    .map(({ service }) => service);
}

/** Each trace once, with the spans of all answers. */
function distinct(traces: readonly (readonly Span[])[]): Span[] {
  const spans = new Map<string, Span>();
  for (const trace of traces) for (const span of trace) spans.set(`${span.trace} ${span.id}`, span);
  return [...spans.values()];
}
