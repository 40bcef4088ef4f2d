import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { Severity } from '../../../../domain/severity.ts';
import { spokenOf } from '../../../../domain/severity.ts';
import { pointerKeys } from '../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { LAST_APPLIED_FIELD } from '../../../../kube/pod-template.ts';
import { usersOf } from '../../../../kube/references-to-service.ts';
import { workloadsTouchedBy } from '../../../../kube/subjects.ts';
import { durationText } from '../../../../text/amount.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { driftOf, guardedOps, placesOf } from '../../clues/former/applied-drift.ts';
import type { Difference } from '../../clues/patches/field-difference.ts';
import { SUSPECT_MS } from '../../clues/pods/suspect-time.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

const DRIFTED_ROUTE = 'drifted-route';

/** What stands on the way of requests. */
const ROUTES = ['Service', 'Ingress'] as const;
const [ON_THE_WAY, ELSEWHERE] = [0.65, 0.35];
const MOST_SHOWN = 3;
const SHOWN_CHARS = 80;

/**
 * While users fail: Services and Ingresses that somebody changed since they were last applied, not long ago. Whoever knows
 * what is wrong with the present value comes first; policies are not put back, which would widen what somebody closed.
 */
export function analyzeDriftedRoutes({ view, severity }: AnalyzerContext): Finding[] {
  if (severity.known && severity.items.length === 0) return [];
  const troubled = troubledWorkloads(view, severity);
  return ROUTES.flatMap((kind) => view.all(kind)).flatMap((object): Finding[] => {
    if (object.metadata.deletionTimestamp || !view.inScope(object.metadata.namespace)) return [];
    const differences = driftOf(object, 'spec');
    const change = latestOf(object, differences);
    if (!change || view.now - change.at > SUSPECT_MS) return [];
    const isOnTheWay =
      isAsked(severity, object) ||
      neighboursOf(view, object).some((workload) => (troubled.get(refKey(refOf(workload))) ?? 'maybe') !== 'maybe');
    return [findingFor(object, differences, change, view.now, isOnTheWay)];
  });
}

function latestOf(object: KubeObject, differences: readonly Difference[]): { at: number; by: string } | null {
  const changes = differences.flatMap(({ pointer, now }) => {
    // A field that is gone has no manager: whoever wrote the map that held it took it out.
    const path = pointerKeys(pointer);
    return changedAt(object, now === undefined ? path.slice(0, -1) : path) ?? [];
  });
  return changes.sort((a, b) => b.at - a.at)[0] ?? null;
}

/** A failing item speaks of it, or a failing check asks it. */
function isAsked(severity: Severity, object: KubeObject): boolean {
  const key = refKey(refOf(object));
  const items = severity.known ? severity.items : [];
  return items.some((item) =>
    [...spokenOf(item), ...(item.asks ? [item.asks] : [])].some((ref) => refKey(ref) === key),
  );
}

/** Who serves what comes this way, and who sends it. */
function neighboursOf(view: ClusterView, object: KubeObject): KubeObject[] {
  const behind = workloadsTouchedBy(view, refOf(object));
  return object.kind === 'Service' ? [...behind, ...usersOf(view, object).map(({ from }) => from)] : behind;
}

function findingFor(
  object: KubeObject,
  differences: readonly Difference[],
  { at, by }: { at: number; by: string },
  now: number,
  isOnTheWay: boolean,
): Finding {
  const { kind, metadata } = object;
  const places = placesOf(differences);
  const who = by ? ` by ${by}` : '';
  return makeFinding({
    rule: DRIFTED_ROUTE,
    severity: isOnTheWay ? 'critical' : 'warning',
    object,
    what: places,
    message: untrustedLine(
      `${kind} ${metadata.name} is not as it was last applied: ${places} changed${who} ${durationText(Math.max(0, now - at))} ago`,
    ),
    evidence: differences.slice(0, MOST_SHOWN).flatMap(({ pointer, now: present, before }) => {
      const field = pointer.slice(1).replaceAll('/', '.');
      return [
        evidence('spec', object, field, untrustedLine(`${field} is ${wordsFor(present)}`)),
        evidence('revision', object, LAST_APPLIED_FIELD, untrustedLine(`last applied: ${wordsFor(before)}`)),
      ];
    }),
    fixes: [
      {
        changes: [jsonPatch(object, guardedOps(object, differences))],
        expects: `${kind} ${metadata.name} is again as it was last applied, and those who fail since then recover`,
        confidence: isOnTheWay ? ON_THE_WAY : ELSEWHERE,
      },
    ],
  });
}

function wordsFor(value: unknown): string {
  return value === undefined ? 'not there' : (JSON.stringify(value) ?? '').slice(0, SHOWN_CHARS);
}

export const driftedRouteRule: Analyzer = {
  rule: DRIFTED_ROUTE,
  // Whoever knows what is wrong with the present value comes first.
  layer: 'symptom',
  yields: true,
  kinds: [...PODS, ...ROUTES, 'ConfigMap', 'Namespace'],
  explains: 'Services and Ingresses that were changed by hand since they were last applied, while users fail.',
  unfixed: 'nothing in the cluster keeps what was applied',
  analyze: analyzeDriftedRoutes,
};
