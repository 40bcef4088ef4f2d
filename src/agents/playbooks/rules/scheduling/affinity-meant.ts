import type { KubeObject } from '../../../../domain/kube-object.ts';
import { pointerKeys } from '../../../../json/stable-json.ts';
import { NAMING, selectorMapMatches } from '../../../../kube/labels.ts';
import type { LabelMap } from '../../../../kube/labels.ts';
import type { NeighbourTrouble } from '../../../../kube/placement/neighbours.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import { setField } from '../../clues/patches/container-patch.ts';
import { isMisspelling } from '../../clues/names/similar-names.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { waitsForNode, wouldFit } from '../../clues/placement/unplaced.ts';
import type { Unplaced } from '../../clues/placement/unplaced.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

/**
 * For a required affinity to pods by a label that none has, where those of one workload have its value under another key that
 * names programs, or nearly its value: the rule that asks for these.
 */
export function retargeted(unplaced: Unplaced, { kind, pointer }: NeighbourTrouble, expects: string): FixDraft[] {
  const { workload, fleet } = unplaced;
  const template = podTemplateOf(workload);
  if (kind !== 'affinity' || pointer === null || !template || !hasMutableTemplate(workload)) return [];
  const term = termAt(template.spec, pointer);
  const wanted = term?.labelSelector?.matchLabels as LabelMap | undefined;
  if (!wanted || term.labelSelector.matchExpressions || term.namespaces || term.namespaceSelector) return [];
  const meant = selectorMeant(unplaced, wanted);
  if (!meant) return [];
  const podSpec = structuredClone(template.spec);
  termAt(podSpec, pointer).labelSelector.matchLabels = meant;
  if (!wouldFit(unplaced, podSpec)) return [];
  const ops = setField(`${template.pointer}${pointer}/labelSelector`, term.labelSelector, 'matchLabels', meant);
  const stuck = replaceStuckPods(fleet.view, workload, waitsForNode);
  return [{ changes: [jsonPatch(workload, ops), ...stuck], expects, confidence: 0.7 }];
}

/** Null unless exactly one pair of the selector fits no pod, and what it most likely means leads to one workload. */
function selectorMeant({ workload, fleet: { view } }: Unplaced, wanted: LabelMap): LabelMap | null {
  const others = view
    .all('Pod', workload.metadata.namespace)
    .filter((pod) => isLiving(pod) && pod.spec?.nodeName && view.workloadOf(pod) !== workload);
  const [key, more] = Object.keys(wanted).filter(
    (each) => !others.some(({ metadata }) => metadata.labels?.[each] === wanted[each]),
  );
  if (key === undefined || more !== undefined) return null;
  const { [key]: value, ...rest } = wanted;
  const alone = Object.keys(rest).length === 0;
  const selectors: LabelMap[] = [];
  const homes = new Set<KubeObject>();
  for (const pod of others) {
    const labels = pod.metadata.labels ?? {};
    if (!alone && !selectorMapMatches(rest, labels)) continue;
    for (const [other, has] of Object.entries(labels)) {
      const moved = other !== key && has === value && NAMING.test(other);
      if (!moved && !(other === key && isMisspelling(value!, has))) continue;
      selectors.push({ ...rest, [other]: has });
      homes.add(view.workloadOf(pod));
    }
  }
  return homes.size === 1 ? selectors[0]! : null;
}

function termAt(podSpec: Untyped, pointer: string): Untyped {
  return pointerKeys(pointer).reduce((at: Untyped, key) => at?.[key], podSpec);
}
