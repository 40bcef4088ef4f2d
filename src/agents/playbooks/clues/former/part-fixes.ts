import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { hasPatchableTemplate } from '../../../../kube/container-trouble.ts';
import { formerParts } from './former-part.ts';
import type { FormerPart } from './former-part.ts';
import { replaceStuckPods } from '../pods/stuck-pods.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { fieldsOf } from '../patches/container-patch.ts';
import { keepsHardening } from '../patches/hardening.ts';
import { differingVariables } from '../patches/variable-names.ts';

export interface Fixes {
  fixes: FixDraft[];
  reasons: Evidence[];
  /** An earlier state is left out because it restricts its containers less: only a person may go back to that. */
  loosens?: boolean;
  /** Names of the variables that the first fix puts back, bounded. */
  variables?: string[];
}

/** Earlier states looked at per part: older ones say less. */
const MAX_PARTS = 2;

/**
 * Putting a part of the template back to what it was.
 * @param concerns pointers below the pod spec
 * @param accept leaves out earlier states that would not help, or that would take a safeguard away
 */
export function partFixes(
  view: ClusterView,
  workload: KubeObject,
  concerns: (pointer: string) => boolean,
  confidence: number,
  accept: (part: FormerPart) => boolean = () => true,
): Fixes {
  if (!hasPatchableTemplate(workload)) return { fixes: [], reasons: [] };
  const template = podTemplateOf(workload)!;
  const former = formerParts(view, workload, concerns).filter(accept).slice(0, MAX_PARTS);
  const parts = former.filter(({ ops, podSpec }) => keepsHardening(template, ops, podSpec));
  const variables = parts.map(({ pointers, podSpec }) => differingVariables(pointers, template.spec, podSpec));
  const named = (index: number) => (variables[index]?.length ? ` (${variables[index].join(', ')})` : '');
  return {
    variables: variables[0] ?? [],
    fixes: parts.map(({ ops, pointers, trust }, age) => ({
      changes: [jsonPatch(workload, ops), ...replaceStuckPods(view, workload)],
      expects: `${workload.kind} ${workload.metadata.name} has its former ${fieldsOf(pointers)}${named(age)} and its pods become ready`,
      confidence: confidence * trust - age * 0.1,
    })),
    reasons: former.map(({ evidence }) => evidence),
    loosens: former.length > parts.length,
  };
}

/** A value that is not from an earlier state of the workload. */
export function patchFix(
  view: ClusterView,
  workload: KubeObject,
  ops: PatchOp[],
  expects: string,
  confidence: number,
): FixDraft[] {
  if (!hasPatchableTemplate(workload)) return [];
  return [{ changes: [jsonPatch(workload, ops), ...replaceStuckPods(view, workload)], expects, confidence }];
}
