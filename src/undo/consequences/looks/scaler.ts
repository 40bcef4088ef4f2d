import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import { refLabel } from '../../../domain/kube-object.ts';
import type { Effect } from '../effect.ts';
import { comesBack, unknown } from '../effect.ts';
import type { ClusterFacts } from '../facts.ts';
import { effectsOfScale } from '../scaling.ts';
import { POD_KEEPERS, replicasOf } from '../workload.ts';
import type { Look } from './look.ts';

export const lookAtScaler: Look = ({ ref, after }, facts) => effectsOfScaler(after, ref, facts);

/** An autoscaler may take its target to any number within its bounds as soon as it stands. */
export async function effectsOfScaler(scaler: KubeObject, ref: ObjectRef, facts: ClusterFacts): Promise<Effect[]> {
  const target = scaler.spec?.scaleTargetRef as { apiVersion?: string; kind?: string; name?: string } | undefined;
  const said = comesBack('pods it adds or removes are replaced by the former number', ref);
  if (!target?.kind || !target.name) return [said];
  const { namespace } = ref;
  const at: ObjectRef = {
    apiVersion: target.apiVersion ?? 'apps/v1',
    kind: target.kind,
    name: target.name,
    ...(namespace ? { namespace } : {}),
  };
  const live = await facts.get(at);
  if (live === null) return [said];
  if (live === undefined || !POD_KEEPERS.has(target.kind))
    return [said, unknown(`what ${refLabel(at)} does with another number of replicas is not known`)];
  const from = replicasOf(live);
  const lowest = Math.min(from, Number(scaler.spec?.minReplicas ?? 1));
  const highest = Math.max(from, Math.min(Number(scaler.spec?.maxReplicas ?? from), from + MAX_NAMED));
  // A target at 0 is left alone by the autoscaler.
  if (from === 0) return [said];
  return [
    comesBack(said.text, at, ['Pod', 'ReplicaSet']),
    ...(await effectsOfScale(live, at, from, lowest, facts)),
    ...(await effectsOfScale(live, at, from, highest, facts)),
  ];
}

/** Claims of so many further pods are named one by one. */
const MAX_NAMED = 20;
