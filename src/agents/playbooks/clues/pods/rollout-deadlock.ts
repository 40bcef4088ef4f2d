import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { stableJson } from '../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import { lastApplied } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

/**
 * True when a Deployment's new pod waits for the place of its own old one, which stays until a new one is ready
 * (kubernetes.io "Deployments", rolling update).
 */
export function isDeadlock(view: ClusterView, workload: KubeObject, waiting: KubeObject, holder: KubeObject): boolean {
  if (workload.kind !== 'Deployment' || workload.spec?.strategy?.type === 'Recreate') return false;
  return view.workloadOf(holder) === workload && controllerOf(holder)?.uid !== controllerOf(waiting)?.uid;
}

/** Lets an old pod make way before each new one: as the configuration last applied did, else one at a time. */
export function makeWay(workload: KubeObject): { fixes: FixDraft[]; reasons: Evidence[] } {
  const now: Untyped = workload.spec?.strategy;
  const former: Untyped = lastApplied(workload)?.spec?.strategy;
  const known = former && givesWay(former) && stableJson(former) !== stableJson(now ?? null);
  const value = known ? former : { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
  const path = '/spec/strategy';
  const guard = now ? [{ op: 'test' as const, path, value: now }] : [];
  const fix: FixDraft = {
    changes: [jsonPatch(workload, [...guard, { op: now ? 'replace' : 'add', path, value }])],
    expects: `an old pod of Deployment ${workload.metadata.name} makes way for each new one, and the rollout ends`,
    confidence: known ? 0.85 : 0.5,
  };
  const text = known
    ? `the configuration last applied has strategy ${stableJson(former)}`
    : 'its strategy takes no old pod away before a new one is ready';
  return { fixes: [fix], reasons: [evidence(known ? 'revision' : 'spec', workload, 'spec.strategy', text)] };
}

function givesWay({ type, rollingUpdate }: Untyped): boolean {
  return type === 'Recreate' || ![undefined, 0, '0', '0%', '25%'].includes(rollingUpdate?.maxUnavailable);
}
