import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { FormerPart } from '../../clues/former/former-part.ts';
import { isServed, lastEnd, podContainers, probeSeconds, ranSeconds } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { containersOf } from '../../../../kube/pod-template.ts';
import { quantity } from '../../../../kube/quantity.ts';
import { lastWords, logLines } from './logs.ts';
import { partFixes, patchFix } from '../../clues/former/part-fixes.ts';
import { containerPatch, setField, within } from '../../clues/patches/container-patch.ts';
import type { Fixes } from '../../clues/former/part-fixes.ts';
import { wrongTarget } from './probe-target.ts';
import { failingProbes, probeEvidence, timedOut } from './probes.ts';
import type { FailingProbe } from './probes.ts';

const SLOW_START = 'slow-start';
/** What a program runs with, beside its probes. */
const PROGRAM = ['command', 'args', 'image', 'env', 'envFrom', 'workingDir'];

/** Bounds of a start-up time that is made up, in seconds; a rollout is watched for about as long as the longer. */
const LEAST_BUDGET = 120;
const MOST_BUDGET = 300;
/** A start-up takes at least as long as the kubelet let it run; how much longer nobody has seen. */
const TIMES_OBSERVED = 6;

/**
 * Programs that the kubelet kills before they have started: each run lasts as long as the probe lets it, and none was
 * ever ready (kubernetes.io: "Protect slow starting containers with startup probes").
 */
export async function analyzeSlowStarts({ view, readLog }: AnalyzerContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const all = failingProbes(view, workload);
    for (const failing of all) {
      if (failing.kind === 'readiness' || !failing.kill) continue;
      if (timedOut(failing) || wrongTarget(view, workload, failing, all)) continue;
      const longest = longestRun(view, workload, failing);
      const { fixes, reasons } = fixesFor(view, workload, failing, longest);
      if (fixes.length === 0) continue;
      const { own, kind, field, probe, status, pod } = failing;
      const lines = await logLines(readLog, failing, true);
      const ran = longest === null ? '' : ` after about ${Math.round(longest)} s`;
      findings.push(
        makeFinding({
          rule: SLOW_START,
          severity: isServed(view, workload) ? 'warning' : 'critical',
          object: workload,
          what: `${own.name}/${field}`,
          message:
            `The ${kind} probe of container ${own.name} of ${workload.kind} ${workload.metadata.name} kills the program${ran}, ` +
            `before it has started (${field} gives it ${probeSeconds(probe)} s${own.spec?.startupProbe ? '' : ', there is no startupProbe'})`,
          evidence: [
            ...probeEvidence(workload, failing),
            evidence(
              'status',
              pod,
              `status.containerStatuses[${own.name}]`,
              `${status.restartCount ?? 0} restarts; exit code ${lastEnd(status)?.exitCode ?? '?'} is the kubelet's kill, not the program's own end`,
            ),
            ...reasons,
            ...lastWords(lines, failing),
          ],
          fixes,
        }),
      );
    }
  }
  return findings;
}

function longestRun(view: ClusterView, workload: KubeObject, { own }: FailingProbe): number | null {
  const runs = podContainers(view, workload)
    .filter((each) => each.own?.name === own.name)
    .flatMap(({ status }) => ranSeconds(lastEnd(status)) ?? []);
  return runs.length > 0 ? Math.max(...runs) : null;
}

function fixesFor(view: ClusterView, workload: KubeObject, failing: FailingProbe, longest: number | null): Fixes {
  const { own } = failing;
  const former = partFixes(view, workload, within(own, 'startupProbe', 'livenessProbe'), 0.95, (part) =>
    isMorePatient(part, failing),
  );
  // What else the program was told before, with which it started in its time: before a time is made up.
  const program = partFixes(view, workload, within(own, ...PROGRAM), 0.8);
  const cpu = partFixes(view, workload, within(own, 'resources/limits/cpu'), 0.75, (part) => hasMoreCpu(part, failing));
  return {
    fixes: [...former.fixes, ...program.fixes, ...cpu.fixes, ...longerFixes(view, workload, failing, longest)],
    reasons: [...former.reasons, ...program.reasons, ...cpu.reasons],
  };
}

/** Gives the program longer, with the same probes or more. */
function isMorePatient({ podSpec }: FormerPart, { own }: FailingProbe): boolean {
  const before = containersOf(podSpec).find(({ name }) => name === own.name)?.spec;
  const keepsProbes = ['startupProbe', 'livenessProbe'].every((field) => !own.spec?.[field] || before?.[field]);
  const patience = (spec: KubeObject['spec']) =>
    [spec?.startupProbe, spec?.livenessProbe].reduce((sum, probe) => sum + (probe ? probeSeconds(probe) : 0), 0);
  return keepsProbes && patience(before) > patience(own.spec);
}

function hasMoreCpu({ podSpec }: FormerPart, { own }: FailingProbe): boolean {
  const before = containersOf(podSpec).find(({ name }) => name === own.name)?.spec;
  const [now, then] = [own.spec, before].map((spec) => quantity(spec?.resources?.limits?.cpu));
  return typeof now === 'number' && typeof then === 'number' && then > now;
}

/** A start-up probe that asks what the liveness probe asks, or the one that is there with more time. */
function longerFixes(
  view: ClusterView,
  workload: KubeObject,
  { own, kind, probe, field }: FailingProbe,
  longest: number | null,
): FixDraft[] {
  const given = probeSeconds(probe);
  // A program that ran much longer than the probe's time had started, and hung later.
  const grace = Number(probe.terminationGracePeriodSeconds ?? 30);
  if (longest !== null && longest > 2 * given + grace + 10) return [];
  if (kind === 'liveness' && own.spec?.startupProbe) return [];
  const seconds = Math.min(Math.max(Math.max(longest ?? 0, given) * TIMES_OBSERVED, LEAST_BUDGET), MOST_BUDGET);
  if (seconds <= given) return [];
  const period = Math.min(Math.max(Number(probe.periodSeconds ?? 10), 1), 10);
  const failureThreshold = Math.ceil(seconds / period);
  const { root, guard } = containerPatch(workload, own);
  const ops =
    kind === 'startup'
      ? [
          guard,
          ...setField(
            `${root}/${field}`,
            probe,
            'failureThreshold',
            Math.ceil(seconds / Number(probe.periodSeconds ?? 10)),
          ),
        ]
      : [
          guard,
          { op: 'test' as const, path: `${root}/livenessProbe`, value: probe },
          {
            op: 'add' as const,
            path: `${root}/startupProbe`,
            value: { ...probe, periodSeconds: period, failureThreshold },
          },
        ];
  const expects = `container ${own.name} gets ${seconds} s to start before its liveness counts, and its pods become ready`;
  return patchFix(view, workload, ops, expects, 0.65);
}

export const slowStartRule: Analyzer = {
  rule: SLOW_START,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS, 'Event', 'Service'],
  explains: 'Programs that their liveness or startup probe kills before they have started.',
  unfixed: 'the probe already gives much time: whoever knows the program must say why it does not start',
  analyze: analyzeSlowStarts,
};
