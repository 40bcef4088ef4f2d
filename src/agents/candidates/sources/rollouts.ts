import { refusalOf } from '../../../kube/refusals.ts';
import { isReady } from '../../../kube/pods.ts';
import { makeWay } from '../../playbooks/clues/pods/rollout-deadlock.ts';
import { waitsForNode } from '../../playbooks/clues/placement/unplaced.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import type { CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf } from '../scene/draft.ts';
import { isPatchable } from '../scene/template-patch.ts';

/** Rollouts whose new pods find no place while the old ones keep theirs. */
export function rollouts({ view, focus }: Scene): CauseDraft[] {
  return focus.workloads.flatMap((workload): CauseDraft[] => {
    if (workload.kind !== 'Deployment' || !isPatchable(view, workload)) return [];
    if (workload.spec?.strategy?.type === 'Recreate') return [];
    const pods = view.podsOf(workload);
    const waits = pods.some(waitsForNode) || refusalOf(view, workload) !== null;
    if (!waits || !pods.some(isReady)) return [];
    const { fixes, reasons } = makeWay(workload);
    const text = `new pods of ${nameOf(workload)} find no place, and its strategy keeps the old ones until they do`;
    return [
      {
        object: workload,
        what: 'strategy',
        text,
        evidence: [evidence('spec', workload, 'spec.strategy', text), ...reasons],
        score: 0.55,
        actions: fixes.map(({ changes, expects, confidence }) => ({
          changes,
          text: `let an old pod of ${nameOf(workload)} make way before each new one`,
          origin: 'generic',
          score: confidence,
          expects,
        })),
      },
    ];
  });
}
