import { isDeepStrictEqual } from 'node:util';
import type { Change } from '../../../src/domain/change.ts';
import type { PlanFile } from '../../../src/domain/finding.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refKey } from '../../../src/domain/kube-object.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import { differingPointers, pointerKeys, stableJson } from '../../../src/json/stable-json.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import { revisionsOf } from '../../../src/kube/revisions.ts';
import type { Loose } from '../playbooks/builders.ts';
import { applyPatch } from '../playbooks/json-patch.ts';

export interface Deed {
  changes: readonly Change[];
  files?: readonly PlanFile[];
}

interface Outcome {
  objects: Map<string, { before: KubeObject; after: KubeObject }>;
  /** What is done that changes no object in place, e.g. `delete`. */
  acts: Set<string>;
}

/**
 * Whether a deed leaves every place that another one changes as that one does; what it does besides is not looked at. Pods
 * that are made anew and restarts count only where the other does nothing else.
 */
export function doesTheSame(snapshot: ClusterSnapshot, wanted: Deed, deed: Deed): boolean {
  const [want, got] = [outcomeOf(snapshot, wanted.changes), outcomeOf(snapshot, deed.changes)];
  let places = 0;
  for (const [key, { before, after }] of want.objects) {
    const other = got.objects.get(key)?.after;
    for (const pointer of differingPointers(before, after)) {
      places++;
      if (!other || stableJson(at(other, pointer)) !== stableJson(at(after, pointer))) return false;
    }
  }
  const asides = ['pods', 'restart'];
  const acts = [...want.acts].filter((act) => places === 0 || !asides.some((aside) => act.startsWith(aside)));
  return acts.every((act) => got.acts.has(act)) && sameFiles(wanted.files ?? [], deed.files ?? []);
}

function outcomeOf(snapshot: ClusterSnapshot, changes: readonly Change[]): Outcome {
  const objects: Outcome['objects'] = new Map();
  const acts = new Set<string>();
  const view = new ClusterView(snapshot);
  for (const change of changes) {
    const ref = 'object' in change ? change.object : null;
    const key = ref ? refKey(ref) : '';
    const before = ref && (objects.get(key)?.after ?? view.find(ref.kind, ref.namespace, ref.name));
    const after = before ? changed(view, change, before) : null;
    if (before && after) objects.set(key, { before: objects.get(key)?.before ?? before, after });
    else if (change.type === 'delete' && ref?.kind === 'Pod') acts.add('pods');
    else if (change.type !== 'await-rollout')
      acts.add(`${change.type === 'rollout-restart' ? 'restart' : change.type} ${key}`);
  }
  return { objects, acts };
}

function changed(view: ClusterView, change: Change, object: KubeObject): KubeObject | null {
  const after = structuredClone(object) as Loose;
  switch (change.type) {
    case 'json-patch':
      return applyPatch(
        object,
        change.ops.filter(({ op }) => op !== 'test'),
      );
    case 'scale':
      after.spec.replicas = change.replicas;
      return after;
    case 'set-image':
      for (const list of ['initContainers', 'containers'])
        for (const container of after.spec.template.spec[list] ?? [])
          container.image = change.images[container.name] ?? container.image;
      return after;
    case 'rollout-undo': {
      const revision = revisionsOf(view, object).find(({ number }) => number === change.revision);
      if (!revision) throw new Error(`${object.metadata.name} has no revision ${change.revision}`);
      const template = structuredClone(revision.template) as Loose;
      delete template.$patch;
      delete template.metadata?.labels?.['pod-template-hash'];
      after.spec.template = template;
      return after;
    }
    default:
      return null;
  }
}

function at(object: Loose, pointer: string): unknown {
  return pointerKeys(pointer).reduce((value: Loose, key) => value?.[key], object) ?? null;
}

/** Files may have other names; what they say of an object's spec must be the same. */
function sameFiles(wanted: readonly PlanFile[], files: readonly PlanFile[]): boolean {
  const specs = files.map(specOf);
  return wanted.every((file) => specs.some((spec) => isDeepStrictEqual(spec, specOf(file))));
}

function specOf({ content }: PlanFile): unknown {
  try {
    return (JSON.parse(content) as Loose).spec;
  } catch {
    return content;
  }
}
