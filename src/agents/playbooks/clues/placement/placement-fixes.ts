import type { Evidence } from '../../../../domain/finding.ts';
import { hasMutableTemplate } from '../../../../kube/pod-template.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { formerParts } from '../former/former-part.ts';
import { rollbackFixes } from '../former/rollback.ts';
import { replaceStuckPods } from '../pods/stuck-pods.ts';
import { waitsForNode, wouldFit } from './unplaced.ts';
import type { Unplaced } from './unplaced.ts';

/**
 * Gives the template back what it had in place of the part that keeps its pods off the nodes, where a node takes them
 * then; after that, going back to the revision as a whole.
 * @param concerns pointer below the pod spec
 */
export function placementFixes(
  unplaced: Unplaced,
  concerns: (pointer: string) => boolean,
  expects: string,
): { fixes: FixDraft[]; reasons: Evidence[] } {
  const { workload, fleet } = unplaced;
  if (!hasMutableTemplate(workload)) return { fixes: [], reasons: [] };
  const stuck = replaceStuckPods(fleet.view, workload, waitsForNode);
  const parts = formerParts(fleet.view, workload, concerns).filter(({ podSpec }) => wouldFit(unplaced, podSpec));
  const fixes = parts.slice(0, 2).map(({ ops, trust }) => ({
    changes: [jsonPatch(workload, ops), ...stuck],
    expects,
    confidence: 0.92 * trust,
  }));
  const rollback = parts.length > 0 ? rollbackFixes(fleet.view, workload) : { fixes: [], reasons: [] };
  return {
    fixes: [...fixes, ...rollback.fixes],
    reasons: [...parts.map(({ evidence }) => evidence), ...rollback.reasons],
  };
}

/** `Deployment web` */
export function nameOf({ workload }: Unplaced): string {
  return `${workload.kind} ${workload.metadata.name}`;
}
