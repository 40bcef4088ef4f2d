import type { Change } from '../../domain/change.ts';
import type { PlanFile } from '../../domain/finding.ts';
import { refKey } from '../../domain/kube-object.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import { stableJson } from '../../json/stable-json.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { containersOf, podTemplateOf } from '../../kube/pod-template.ts';
import { revisionsOf } from '../../kube/revisions.ts';
import { differencesOf } from '../playbooks/clues/patches/field-difference.ts';

/**
 * What changes come to, as a text: equal where they leave the same objects behind, however they are written. Pods that
 * are made anew beside a change are left out.
 */
export function effectOf(view: ClusterView, changes: readonly Change[], files: readonly PlanFile[] = []): string {
  const kept = changes.filter((change) => change.type !== 'await-rollout' && !isPod(change));
  const parts = (kept.length > 0 ? kept : changes).flatMap((change) => partsOf(view, change));
  return stableJson([[...new Set(parts)].sort(), files.map(({ content }) => content)]);
}

function isPod(change: Change): boolean {
  return change.type === 'delete' && change.object.kind === 'Pod';
}

function partsOf(view: ClusterView, change: Change): string[] {
  switch (change.type) {
    case 'json-patch':
      return change.ops
        .filter(({ op }) => op !== 'test')
        .map((op) => part(change.object, op.path, 'value' in op ? op.value : undefined));
    case 'merge-patch':
      return leaves(change.patch, '').map(([path, value]) => part(change.object, path, value));
    case 'scale':
      return [part(change.object, '/spec/replicas', change.replicas)];
    case 'set-image': {
      const { kind, namespace, name } = change.object;
      const template = podTemplateOf(view.find(kind, namespace, name) ?? { ...change.object, metadata: { name } });
      return containersOf(template?.spec)
        .filter((container) => change.images[container.name] !== undefined)
        .map((each) => part(change.object, `${template!.pointer}${each.pointer}/image`, change.images[each.name]));
    }
    case 'rollout-undo': {
      const { kind, namespace, name } = change.object;
      const workload = view.find(kind, namespace, name);
      const template = workload && podTemplateOf(workload);
      const revision = workload && revisionsOf(view, workload).find(({ number }) => number === change.revision);
      if (!template || !revision) return [stableJson(change)];
      return differencesOf(template.spec, revision.template.spec, '').map(({ pointer, before }) =>
        part(change.object, `${template.pointer}${pointer}`, before),
      );
    }
    default:
      return [stableJson(change)];
  }
}

function part(object: ObjectRef, path: string, value: unknown): string {
  return stableJson([refKey(object), path, value ?? null]);
}

function leaves(value: unknown, at: string): [string, unknown][] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [[at, value]];
  return Object.entries(value).flatMap(([key, member]) => leaves(member, `${at}/${key}`));
}
