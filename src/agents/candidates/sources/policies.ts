import type { KubeObject } from '../../../domain/kube-object.ts';
import { lastChange } from '../../../kube/managed-fields.ts';
import { cutting } from '../../../kube/network-policy.ts';
import type { Cut } from '../../playbooks/clues/services/policy-cuts.ts';
import { cutsOf } from '../../playbooks/clues/services/policy-cuts.ts';
import { policyFixes } from '../../playbooks/clues/services/policy-fixes.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import type { CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf } from '../scene/draft.ts';
import { isOwnNamespace } from '../scene/own-namespace.ts';

/** Network policies that cut what settings say is needed; the way back, or exactly that connection, never the policy's end. */
export function policies({ view }: Scene): CauseDraft[] {
  const all = view.all('NetworkPolicy').filter(({ metadata }) => !metadata.deletionTimestamp);
  if (all.length === 0) return [];
  const byPolicy = new Map<KubeObject, Cut[]>();
  for (const cut of cutsOf(view, all).filter(({ outside }) => !outside)) {
    // To mend one that cuts it is enough: the one that changed last is what is new.
    const [guilty] = [...cutting(all, cut.edge, cut.direction)].sort(
      (a, b) => (lastChange(b)?.at ?? 0) - (lastChange(a)?.at ?? 0),
    );
    if (guilty && isOwnNamespace(view, guilty)) byPolicy.set(guilty, [...(byPolicy.get(guilty) ?? []), cut]);
  }
  return [...byPolicy].map(([policy, cuts]): CauseDraft => {
    const ways = cuts.map(({ caller, callee, edge }) => `${nameOf(caller)} to ${callee} on port ${edge.port}`);
    const more = ways.length > 2 ? ` and ${ways.length - 2} more` : '';
    const text = `NetworkPolicy ${policy.metadata.name} does not let through ${ways.slice(0, 2).join(', ')}${more}`;
    return {
      object: policy,
      what: 'cut',
      text,
      evidence: [evidence('spec', policy, 'spec', text)],
      score: 0.7,
      actions: policyFixes(view, policy, cuts, false).map(({ changes, files, expects, confidence }) => ({
        changes,
        ...(files ? { files } : {}),
        text: `let NetworkPolicy ${policy.metadata.name} pass ${ways.slice(0, 2).join(', ')}${more}`,
        origin: 'reference',
        score: confidence,
        expects,
      })),
    };
  });
}
