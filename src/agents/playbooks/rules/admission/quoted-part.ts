import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

/** Shorter values occur in any text. */
const TELLING_LENGTH = 3;

/** Former values of what a refusal quotes from the template: by its value, or by its field. */
export function quotedParts(
  view: ClusterView,
  workload: KubeObject,
  words: string,
): { fixes: FixDraft[]; reasons: Evidence[] } {
  const podSpec = podTemplateOf(workload)?.spec;
  const parts = formerParts(view, workload, (pointer) => quotes(words, podSpec, pointer));
  return {
    fixes: parts.map(({ ops, trust }) => ({
      changes: [jsonPatch(workload, ops), ...replaceStuckPods(view, workload)],
      expects: `The pods of ${workload.kind} ${workload.metadata.name} have again what they had before there, and are accepted`,
      confidence: 0.85 * trust,
    })),
    reasons: parts.map((part) => part.evidence),
  };
}

function quotes(words: string, podSpec: Untyped, pointer: string): boolean {
  const steps = pointer.split('/').slice(1);
  // `spec.containers[0].resources.limits`, as the server writes fields.
  for (let length = steps.length; length >= 2; length--) {
    const path = steps.slice(0, length).map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`));
    if (words.includes(`spec${path.join('')}`)) return true;
  }
  if (steps.length === 1 && words.includes(`spec.${steps[0]}`)) return true;
  const value = steps.reduce((at: Untyped, step) => at?.[step], podSpec);
  return typeof value === 'string' && value.length >= TELLING_LENGTH && words.includes(value);
}
