import type { KubeObject } from '../../../domain/kube-object.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../kube/pod-template.ts';
import { earlierRevisions, revisionsOf } from '../../../kube/revisions.ts';
import type { Revision } from '../../../kube/revisions.ts';
import { goodRevisions } from '../../playbooks/clues/former/good-revision.ts';
import { differencesOf, restoringOps } from '../../playbooks/clues/patches/field-difference.ts';
import { replaceStuckPods } from '../../playbooks/clues/pods/stuck-pods.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import { rolloutUndo } from '../../playbooks/engine/changes.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf } from '../scene/draft.ts';
import { isAcceptable } from './template-history.ts';
import { isPatchable } from '../scene/template-patch.ts';

/** What two changes broke one after the other, only the revision before both mends. */
const MAX_REVISIONS = 3;

/** Rollouts of what is near the trouble, and the way back to the revisions before. */
export function rollbacks({ view, focus }: Scene): CauseDraft[] {
  return focus.workloads
    .filter((workload) => hasMutableTemplate(workload) && isPatchable(view, workload))
    .flatMap((workload): CauseDraft[] => {
      const earlier = earlierRevisions(view, workload).filter((revision) => keepsSafeguards(workload, revision));
      const current = revisionsOf(view, workload).find((revision) => revision.current);
      if (earlier.length === 0) return [];
      const trusts = new Map(goodRevisions(view, workload).map((good) => [good.revision.number, good]));
      // While pods of the present revision are ready, it is less likely what broke them.
      const base = (current?.readyPods ?? 0) > 0 ? 0.45 : 0.65;
      const actions = earlier.slice(0, MAX_REVISIONS).map(({ number, readyPods }, age): ActionDraft => {
        const trust = trusts.get(number)?.trust ?? 0.5;
        return {
          changes: [rolloutUndo(workload, number), ...replaceStuckPods(view, workload)],
          text: `roll ${nameOf(workload)} back to revision ${number}${readyPods > 0 ? `, of which ${readyPods} pods are ready` : ''}`,
          origin: 'earlier',
          score: base * trust - age * 0.08,
          expects: `${nameOf(workload)} runs its revision ${number} again and becomes ready`,
        };
      });
      const facts = earlier.slice(0, 2).map(({ number, source }) => {
        const text = `revision ${number} (${source.metadata.name}) came before revision ${current?.number ?? 'now'}`;
        return trusts.get(number)?.evidence ?? evidence('revision', source, null, text);
      });
      const made = current?.source.metadata.creationTimestamp;
      return [
        {
          object: workload,
          what: 'rollout',
          text: `${nameOf(workload)} was rolled out${made ? ` at ${made}` : ''} (revision ${current?.number ?? 'unknown'}); it may not work as revision ${earlier[0]!.number} did`,
          evidence: facts,
          score: base * 0.8,
          actions,
        },
      ];
    });
}

function keepsSafeguards(workload: KubeObject, { template: former }: Revision): boolean {
  const template = podTemplateOf(workload)!;
  const ops = differencesOf(template.spec, former.spec, '').flatMap((each) => restoringOps(template.pointer, each));
  return isAcceptable(template, { ops, podSpec: former.spec });
}
