import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { isTelemetry, spokenOf } from '../../../../domain/severity.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { workloadsTouchedBy } from '../../../../kube/subjects.ts';
import { oneLine } from '../../../../text/plain-text.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';
import { withCallees } from '../../../../kube/callees.ts';
import type { ComplainedOf } from './complained-of.ts';
import { logEvidence } from './workload-logs.ts';

/** A workload that telemetry, a check or somebody's log speaks of, whether or not its pods are ready. */
export interface Degraded {
  workload: KubeObject;
  /** 0..1: how surely the trouble begins with it. */
  weight: number;
  /** When each of what is told of it began at the latest, milliseconds since the epoch; infinite where only that it is so is known. */
  begins: number[];
  reasons: Evidence[];
  /** Somebody who needs it has no ready pod. */
  stops?: true;
}

const BY_TRACES = 1;
const NAMED = 0.8;
/** Somebody in trouble complains of it. */
const COMPLAINED_OF = 0.75;
/** Something that it is asked by suffers. */
const CALLED = 0.5;
/** Alerts, and the incident type, about what will be some day say nothing of how a workload serves. */
const NOT_SERVING = /^certificate$|cert.*(?:expir|renew)|(?:tls|ssl).*expir/i;
/** What only one request check tells has no beginning. */
const NOW = Number.POSITIVE_INFINITY;

/**
 * Workloads in which alerts, objectives, signals and traces see something wrong, or of which others complain, then those that
 * they ask, most likely first. Empty without telemetry, checks and complaints.
 */
export function degradedWorkloads(
  { view, severity, signals }: AnalyzerContext,
  complaints: readonly ComplainedOf[] = [],
): Degraded[] {
  const found = new Map<string, Degraded>();
  const add = (workload: KubeObject, weight: number, begins: readonly number[], reason: Evidence): void => {
    const key = refKey(refOf(workload));
    const known = found.get(key);
    const isKnown = known?.reasons.some(({ text }) => text === reason.text) ?? false;
    found.set(key, {
      ...known,
      workload,
      weight: Math.max(weight, known?.weight ?? 0),
      begins: [...new Set([...(known?.begins ?? []), ...begins])],
      reasons: [...(known?.reasons ?? []), ...(isKnown ? [] : [reason])],
    });
  };
  const items = severity.known ? severity.items.filter((item) => isTelemetry(item) || item.source === 'check') : [];
  for (const item of items) {
    if (NOT_SERVING.test(item.what)) continue;
    const source = item.source === 'signal' ? 'metric' : 'alert';
    for (const ref of [...spokenOf(item), ...(item.asks ? [item.asks] : [])])
      for (const workload of workloadsOf(view, ref))
        add(workload, NAMED, [item.since ?? NOW], evidence(source, workload, null, item.message));
  }
  for (const { kind, level, object, others, message, since } of signals?.reading.signals ?? []) {
    if (level === 'forecast' || kind === 'certificate') continue;
    for (const ref of object ? [object] : others)
      for (const workload of workloadsOf(view, ref))
        add(workload, level === 'incident' ? NAMED : CALLED, [since], evidence('metric', workload, null, message));
  }
  for (const { callee, caller, line, since } of complaints) {
    add(callee, COMPLAINED_OF, [since], logEvidence(line));
    if (readyPods(view, caller).length === 0) found.get(refKey(refOf(callee)))!.stops = true;
  }
  const told = [...new Set([...found.values()].flatMap(({ begins }) => begins))];
  const began = told.length > 0 ? told : [NOW];
  for (const { node, score, confidence, message } of signals?.suspects.suspects ?? []) {
    for (const workload of node.object ? workloadsOf(view, node.object) : [])
      add(workload, BY_TRACES * score * confidence, began, evidence('trace', workload, null, message));
  }
  if (found.size === 0) return [];
  const named = [...found.values()];
  for (const callee of withCallees(
    view,
    named.map(({ workload }) => workload),
  )) {
    const text = oneLine(`asked by ${named.map(({ workload }) => workload.metadata.name).join(', ')}`);
    if (found.has(refKey(refOf(callee)))) continue;
    const [first] = named[0]!.reasons;
    if (first) add(callee, CALLED, began, first);
    add(callee, CALLED, began, evidence('sibling', callee, null, text));
  }
  return [...found.values()].sort((a, b) => b.weight - a.weight);
}

function workloadsOf(view: ClusterView, ref: ObjectRef): KubeObject[] {
  const own = view.workloads().filter((workload) => refKey(refOf(workload)) === refKey(ref));
  return own.length > 0 ? own : workloadsTouchedBy(view, ref);
}
