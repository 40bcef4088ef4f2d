import type { PatchOp } from '../../../../domain/change.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { Side } from '../../../../kube/pod-resources.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { ResourceRules } from '../../../../kube/resource-rules.ts';
import { resourceProblem } from '../../../../kube/resource-rules.ts';
import { spelledQuantity } from '../../../../text/quantity.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import type { FormerPart } from '../../clues/former/former-part.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

/** One amount of a container that a fix writes. */
export interface ResourceChange {
  container: ContainerSpec;
  side: Side;
  resource: string;
  amount: number;
}

/** Patch and result of writing amounts into a template; guarded by what the containers have now. */
export function resourceOps(workload: KubeObject, changes: readonly ResourceChange[]): PatchOp[] {
  const template = podTemplateOf(workload)!;
  return containersOf(template.spec).flatMap(({ pointer, name, spec }): PatchOp[] => {
    const own = changes.filter(({ container }) => container.pointer === pointer);
    if (own.length === 0) return [];
    const at = `${template.pointer}${pointer}`;
    const now: PatchOp[] =
      spec.resources === undefined ? [] : [{ op: 'test', path: `${at}/resources`, value: spec.resources }];
    return [
      { op: 'test', path: `${at}/name`, value: name },
      ...now,
      { op: 'add', path: `${at}/resources`, value: changed(spec, own) },
    ];
  });
}

export function withResources(podSpec: Untyped, changes: readonly ResourceChange[]): Untyped {
  const list = (field: 'containers' | 'initContainers') =>
    ((podSpec?.[field] ?? []) as Untyped[]).map((spec, index) => {
      const own = changes.filter(({ container }) => container.pointer === `/${field}/${index}`);
      return own.length === 0 ? spec : { ...spec, resources: changed(spec, own) };
    });
  return {
    ...podSpec,
    containers: list('containers'),
    ...(podSpec?.initContainers ? { initContainers: list('initContainers') } : {}),
  };
}

function changed(spec: Untyped, changes: readonly ResourceChange[]): Untyped {
  const resources = structuredClone(spec?.resources ?? {}) as Record<string, Record<string, string>>;
  for (const { side, resource, amount } of changes) {
    resources[side] = { ...resources[side], [resource]: spelledQuantity(amount, resource) };
  }
  return resources;
}

/** `requests.memory 64Mi and limits.memory 128Mi in container web` */
export function changesInWords(changes: readonly ResourceChange[]): string {
  const names = [...new Set(changes.map(({ container }) => container.name))];
  return names
    .map((name) => {
      const own = changes.filter(({ container }) => container.name === name);
      const words = own.map(({ side, resource, amount }) => `${side}.${resource} ${spelledQuantity(amount, resource)}`);
      return `${words.join(' and ')} in container ${name}`;
    })
    .join(', ');
}

export function resourceFix(
  view: ClusterView,
  workload: KubeObject,
  changes: readonly ResourceChange[],
  confidence: number,
): FixDraft {
  return {
    changes: [jsonPatch(workload, resourceOps(workload, changes)), ...replaceStuckPods(view, workload)],
    expects: `With ${changesInWords(changes)} the pods of ${workload.kind} ${workload.metadata.name} are accepted`,
    confidence,
  };
}

/** Former resources of the containers with which the rules of the namespace let the pods in. */
export function formerResourceFixes(
  view: ClusterView,
  workload: KubeObject,
  rules: ResourceRules,
  pods: number,
): { fixes: FixDraft[]; parts: FormerPart[] } {
  const parts = formerParts(view, workload, (pointer) => /\/resources(\/|$)/.test(pointer)).filter(
    ({ podSpec }) => resourceProblem(podSpec, rules, pods) === null,
  );
  const fixes = parts.map(({ ops, trust }) => ({
    changes: [jsonPatch(workload, ops), ...replaceStuckPods(view, workload)],
    expects: `${workload.kind} ${workload.metadata.name} asks for the resources that it had before, and its pods are accepted`,
    confidence: 0.93 * trust,
  }));
  return { fixes, parts };
}
