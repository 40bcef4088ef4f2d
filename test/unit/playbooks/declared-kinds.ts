import { ANALYZERS } from '../../../src/agents/playbooks/analyzers.ts';
import type { BrainContext } from '../../../src/domain/brain.ts';
import { spokenOf } from '../../../src/domain/severity.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';

/**
 * `rule: Kind` for each kind that a rule looks at in this snapshot and does not declare. Of what severity speaks, the kind was
 * read before any rule.
 */
export async function undeclaredReads({ snapshot, evidence, severity, signals }: BrainContext): Promise<string[]> {
  const found: string[] = [];
  const spoken = new Set((severity.known ? severity.items : []).flatMap(spokenOf).map(({ kind }) => kind));
  for (const { rule, kinds, analyze } of ANALYZERS) {
    const read = new Set<string>();
    const objects: ClusterSnapshot['objects'] = new Proxy(snapshot.objects, {
      get: (target, kind) => (typeof kind === 'string' && read.add(kind), target[kind as string]),
    });
    const view = new ClusterView({ ...snapshot, objects });
    await analyze({ ...evidence, severity, actions: [], view, ...(signals ? { signals } : {}) });
    found.push(
      ...[...read].filter((kind) => !kinds.includes(kind) && !spoken.has(kind)).map((kind) => `${rule}: ${kind}`),
    );
  }
  return found;
}
