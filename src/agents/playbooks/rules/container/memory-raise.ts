import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { containersOf } from '../../../../kube/pod-template.ts';
import { quantity } from '../../../../kube/quantity.ts';
import { containerPatch, setField } from '../../clues/patches/container-patch.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { patchFix } from '../../clues/former/part-fixes.ts';

/** The memory limit of a container of a pod spec, as it is written there. */
export function memoryLimitOf(podSpec: Untyped, name: string): unknown {
  return containersOf(podSpec).find((each) => each.name === name)?.spec?.resources?.limits?.memory;
}

/** A state without any limit is not gone back to: a limit is a safeguard for others. */
export function isHigher(before: unknown, now: unknown): boolean {
  const [then, present] = [quantity(before), quantity(now)];
  return then !== null && present !== null && then > present;
}

/** @param memory as manifests spell it: `128Mi` */
export function raiseMemory(
  view: ClusterView,
  workload: KubeObject,
  own: ContainerSpec,
  memory: string,
  confidence: number,
): FixDraft[] {
  const { root, guard } = containerPatch(workload, own);
  const { resources } = own.spec ?? {};
  const ops = !resources
    ? setField(root, own.spec, 'resources', { limits: { memory } })
    : !resources.limits
      ? setField(`${root}/resources`, resources, 'limits', { memory })
      : setField(`${root}/resources/limits`, resources.limits, 'memory', memory);
  const expects = `container ${own.name} has a memory limit of ${memory} and is not killed`;
  return patchFix(view, workload, [guard, ...ops], expects, confidence);
}
