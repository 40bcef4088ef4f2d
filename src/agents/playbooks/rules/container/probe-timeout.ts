import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { containersOf } from '../../../../kube/pod-template.ts';
import { quantity } from '../../../../kube/quantity.ts';
import { isServed } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { FormerPart } from '../../clues/former/former-part.ts';
import { partFixes, patchFix } from '../../clues/former/part-fixes.ts';
import { containerPatch, setField, within } from '../../clues/patches/container-patch.ts';
import { failingProbes, probeEvidence, timedOut } from './probes.ts';
import type { FailingProbe } from './probes.ts';

const PROBE_TIMEOUT = 'probe-timeout';

/** Longest time to answer that is made up, in seconds. */
const MOST_SECONDS = 30;

/** Probes whose answer comes later than they wait for it. */
export function analyzeProbeTimeouts({ view }: AnalyzerContext): Finding[] {
  return view.workloads().flatMap((workload) =>
    failingProbes(view, workload).flatMap((failing): Finding[] => {
      const said = timedOut(failing);
      if (!said) return [];
      const { own, kind, field, probe } = failing;
      const seconds = Number(probe.timeoutSeconds ?? 1);
      const former = partFixes(view, workload, within(own, field), 0.95, (part) => waitsLonger(part, failing));
      const cpu = partFixes(view, workload, within(own, 'resources/limits/cpu'), 0.8, (part) =>
        hasMoreCpu(part, failing),
      );
      return [
        makeFinding({
          rule: PROBE_TIMEOUT,
          severity: isServed(view, workload) ? 'warning' : 'critical',
          object: workload,
          what: `${own.name}/${field}`,
          message:
            `The ${kind} probe of container ${own.name} of ${workload.kind} ${workload.metadata.name} gives up after ` +
            `${seconds} s (${field}.timeoutSeconds), before the answer comes`,
          evidence: [...probeEvidence(workload, failing, said), ...former.reasons, ...cpu.reasons],
          fixes: [...former.fixes, ...cpu.fixes, ...longerFixes(view, workload, failing, seconds)],
        }),
      ];
    }),
  );
}

function waitsLonger({ podSpec }: FormerPart, { own, field, probe }: FailingProbe): boolean {
  const before = containerNamed(podSpec, own.name)?.[field];
  if (!before) return false;
  const sameCommand = JSON.stringify(before.exec ?? null) === JSON.stringify(probe.exec ?? null);
  return Number(before.timeoutSeconds ?? 1) > Number(probe.timeoutSeconds ?? 1) || !sameCommand;
}

function hasMoreCpu({ podSpec }: FormerPart, { own }: FailingProbe): boolean {
  const [now, before] = [own.spec, containerNamed(podSpec, own.name)].map((spec) =>
    quantity(spec?.resources?.limits?.cpu),
  );
  return typeof now === 'number' && typeof before === 'number' && before > now;
}

function containerNamed(podSpec: KubeObject['spec'], name: string) {
  return containersOf(podSpec).find((container) => container.name === name)?.spec;
}

/** Nobody wrote down how long the answer takes: some times what is too short now. */
function longerFixes(
  view: ClusterView,
  workload: KubeObject,
  { own, kind, field, probe }: FailingProbe,
  seconds: number,
): FixDraft[] {
  const longer = Math.min(Math.max(seconds * 5, 5), MOST_SECONDS);
  if (longer <= seconds) return [];
  const { root, guard } = containerPatch(workload, own);
  const ops = [guard, ...setField(`${root}/${field}`, probe, 'timeoutSeconds', longer)];
  const expects = `the ${kind} probe of ${own.name} waits ${longer} s for its answer and the pods become ready`;
  return patchFix(view, workload, ops, expects, 0.6);
}

export const probeTimeoutRule: Analyzer = {
  rule: PROBE_TIMEOUT,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS, 'Event'],
  explains: 'Probes that give up before the answer comes.',
  unfixed: 'the probe already waits long: whoever knows the program must say why its answer takes so long',
  analyze: analyzeProbeTimeouts,
};
