import type { Finding } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { SizeClue } from '../../clues/scale/former-size.ts';
import { scaleTo } from '../../engine/changes.ts';
import { needFor, SCALABLE } from '../../clues/scale/need.ts';
import { desiredReplicas } from '../../../../kube/pods.ts';
import { autoscalersOf } from '../../../../kube/scalers.ts';
import { PODS, REVISIONS, NEED } from '../../../../kube/kind-sets.ts';

const SCALED_TO_ZERO = 'workload-scaled-to-zero';

/** Deployments and StatefulSets at 0 replicas that something needs or that ran until recently. */
export function analyzeScaledToZero({ view }: AnalyzerContext): Finding[] {
  return atZero(view).map((workload) => {
    const { name } = workload.metadata;
    const need = needFor(view, workload);
    const kind = workload.kind;
    if (need.level === 'none') {
      return makeFinding({
        rule: SCALED_TO_ZERO,
        severity: 'info',
        object: workload,
        what: 'replicas',
        message: `${kind} ${name} is scaled to 0: ${need.reason}`,
        evidence: [evidence('spec', workload, 'spec.replicas', 'spec.replicas is 0'), ...need.evidence],
        unfixed: `0 is the right size as far as anybody can tell: ${need.reason}`,
      });
    }
    const sizes = need.sizes.filter((clue) => clue.replicas > 0);
    return makeFinding({
      rule: SCALED_TO_ZERO,
      severity: need.level === 'serving' ? 'critical' : 'warning',
      object: workload,
      what: 'replicas',
      message:
        need.level === 'serving'
          ? `${kind} ${name} is scaled to 0 although it is needed`
          : `${kind} ${name} is scaled to 0 although something says that it should run`,
      evidence: [
        evidence('spec', workload, 'spec.replicas', 'spec.replicas is 0'),
        ...need.evidence,
        ...sizes.map((clue) => clue.evidence),
      ],
      fixes: fixes(workload, withinBounds(view, workload, sizes), need.level === 'serving' ? 1 : 0.7),
    });
  });
}

function atZero(view: ClusterView): KubeObject[] {
  return [...SCALABLE]
    .flatMap((kind) => view.all(kind))
    .filter((workload) => desiredReplicas(workload) === 0 && !workload.metadata.deletionTimestamp);
}

/** A size past the bounds of its autoscaler would not last. */
function withinBounds(view: ClusterView, workload: KubeObject, sizes: SizeClue[]): SizeClue[] {
  const [scaler] = autoscalersOf(workload, view.snapshot);
  if (!scaler) return sizes;
  const { minReplicas = 1, maxReplicas = Infinity } = scaler.spec ?? {};
  const clamped = (size: number) => Math.min(Math.max(size, Number(minReplicas)), Number(maxReplicas));
  return sizes.map((size) => ({ ...size, replicas: clamped(size.replicas) }));
}

function fixes(workload: KubeObject, sizes: SizeClue[], weight: number): FixDraft[] {
  const best = new Map<number, number>();
  for (const { replicas, confidence } of [...sizes, { replicas: 1, confidence: sizes.length > 0 ? 0.3 : 0.5 }]) {
    best.set(replicas, Math.max(best.get(replicas) ?? 0, confidence * weight));
  }
  return [...best].map(([replicas, confidence]) => ({
    changes: [scaleTo(workload, replicas)],
    expects: `${workload.kind} ${workload.metadata.name} runs ${replicas} ready ${replicas === 1 ? 'pod' : 'pods'}`,
    confidence,
  }));
}

export const scaledToZeroRule: Analyzer = {
  rule: SCALED_TO_ZERO,
  layer: 'replicas',
  kinds: [...PODS, ...REVISIONS, ...NEED],
  explains: 'Services without endpoints, and whoever calls them, because a workload behind them was scaled to 0.',
  unfixed: 'nothing tells how many replicas there should be',
  analyze: analyzeScaledToZero,
};
