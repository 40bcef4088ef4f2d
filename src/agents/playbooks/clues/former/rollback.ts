import type { Evidence } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { goodRevisions } from './good-revision.ts';
import { rolloutUndo } from '../../engine/changes.ts';
import { hasMutableTemplate, podTemplateOf, templateText } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { earlierRevisions, isOfRevision, revisionsOf } from '../../../../kube/revisions.ts';
import type { Revision } from '../../../../kube/revisions.ts';
import { differencesOf, restoringOps } from '../patches/field-difference.ts';
import { keepsHardening, LOOSENS } from '../patches/hardening.ts';
import { replaceStuckPods } from '../pods/stuck-pods.ts';
import { isLiving, isReady } from '../../../../kube/pods.ts';

/** What two changes broke one after the other only the revision before both mends. */
const MAX_REVISIONS = 2;

/**
 * Going back to an earlier revision, where the symptom began with the current one: none of its pods is ready, and an
 * earlier one has ready pods now (or, with less certainty, nothing speaks against it).
 */
export function rollbackFixes(
  view: ClusterView,
  workload: KubeObject,
): { fixes: FixDraft[]; reasons: Evidence[]; unfixed?: string } {
  if (!hasMutableTemplate(workload)) return { fixes: [], reasons: [] };
  if (currentRevisionWorks(view, workload)) {
    const unfixed =
      'pods of its current revision are ready, or cannot be told apart: going back to an earlier one is not justified';
    return { fixes: [], reasons: [], unfixed };
  }
  const before = goodRevisions(view, workload).filter(
    ({ revision }) => revision.readyPods > 0 || isDifferent(workload, revision),
  );
  const strict = before.filter(({ revision }) => keepsRestrictions(workload, revision));
  const good = strict.slice(0, MAX_REVISIONS);
  const stuck = replaceStuckPods(view, workload);
  return {
    fixes: good.map(({ revision, trust }, age) => ({
      changes: [rolloutUndo(workload, revision.number), ...stuck],
      expects: `${workload.kind} ${workload.metadata.name} runs its revision ${revision.number} again and becomes ready`,
      confidence: (revision.readyPods > 0 ? 0.75 : 0.5) * trust - age * 0.1,
    })),
    reasons: good.map((each) => each.evidence),
    ...(good.length === 0 && before.length > 0 ? { unfixed: LOOSENS } : {}),
  };
}

/** The gateway lets nobody give up a restriction of the containers, by whatever way. */
function keepsRestrictions(workload: KubeObject, revision: Revision): boolean {
  const template = podTemplateOf(workload)!;
  const { spec } = revision.template;
  const ops = differencesOf(template.spec, spec, '').flatMap((each) => restoringOps(template.pointer, each));
  return keepsHardening(template, ops, spec);
}

/** A restart leaves a revision behind that only its annotation tells from the present one: nothing would come of it. */
function isDifferent(workload: KubeObject, { template }: Revision): boolean {
  const besides = ({ metadata, ...rest }: Untyped) => templateText({ ...rest, metadata: { labels: metadata?.labels } });
  return besides(workload.spec?.template) !== besides(template);
}

/**
 * The newest earlier revision that only annotations tell from the present one (a restart, a checksum of what it takes), and
 * which these are: the template is not what has changed. Null where there is none.
 */
export function sameButForNotes(view: ClusterView, workload: KubeObject): { number: number; keys: string[] } | null {
  const [latest] = earlierRevisions(view, workload);
  if (!latest || isDifferent(workload, latest)) return null;
  const [now, then] = [podTemplateOf(workload)?.annotations ?? {}, latest.template.metadata?.annotations ?? {}];
  const keys = [...new Set([...Object.keys(now), ...Object.keys(then as object)])].filter(
    (key) => now[key] !== then[key],
  );
  return keys.length > 0 ? { number: latest.number, keys: keys.sort() } : null;
}

/** True as well when nobody can tell which pods belong to the current revision. */
function currentRevisionWorks(view: ClusterView, workload: KubeObject): boolean {
  const current = revisionsOf(view, workload).find((revision) => revision.current);
  if (!current) return true;
  if (current.readyPods > 0) return true;
  const pods = view.podsOf(workload).filter(isLiving);
  const own =
    workload.kind === 'Deployment'
      ? pods.filter((pod) => pod.metadata.ownerReferences?.some((each) => each.name === current.source.metadata.name))
      : pods.filter((pod) => isOfRevision(pod, current.source));
  return own.some(isReady);
}
