import { literalPattern } from '../../../../text/literal-pattern.ts';
import type { Change, PatchOp } from '../../../../domain/change.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { pointerKey } from '../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { configReferences } from '../../../../kube/config-references.ts';
import type { SettingText } from '../../../../kube/named-hosts.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import { desiredReplicas, isLiving, isReady } from '../../../../kube/pods.ts';
import { guardedOps } from '../former/applied-drift.ts';
import type { Difference } from '../patches/field-difference.ts';
import { deleteAndWait, jsonPatch, rolloutRestart } from '../../engine/changes.ts';
import { replaceStuckPods } from '../pods/stuck-pods.ts';

/** A text of a setting and what it should be. */
export interface NewText {
  setting: SettingText;
  text: string;
}

/**
 * The changes that write texts of settings anew, each at its place, and make the pods that were started with the former
 * ones anew. Null where some place cannot be changed (an immutable ConfigMap, a pod, a Job).
 */
export function settingChanges(view: ClusterView, texts: readonly NewText[]): Change[] | null {
  const byObject = new Map<string, { object: KubeObject; ops: Map<string, PatchOp[]> }>();
  for (const { setting, text } of texts) {
    const { object, pointer } = setting;
    const mutable = object.kind === 'ConfigMap' ? object['immutable'] !== true : hasMutableTemplate(object);
    if (!mutable) return null;
    const key = refKey(refOf(object));
    const group = byObject.get(key) ?? { object, ops: new Map() };
    group.ops.set(pointer, [
      { op: 'test', path: pointer, value: setting.text },
      { op: 'replace', path: pointer, value: text },
    ]);
    byObject.set(key, group);
  }
  const groups = [...byObject.values()];
  const patches = groups.map(({ object, ops }) => jsonPatch(object, [...ops.values()].flat()));
  const own = new Set(groups.map(({ object }) => object));
  const readers = groups.flatMap(({ object, ops }) =>
    object.kind === 'ConfigMap' ? readersOf(view, object, keysAt([...ops.keys()])) : [],
  );
  const restarts = [...new Set(readers)]
    .filter((reader) => !own.has(reader))
    .flatMap((reader) => restartOf(view, reader));
  const stuck = groups.flatMap(({ object }) =>
    object.kind === 'ConfigMap' ? [] : replaceStuckPods(view, object, (pod) => isLiving(pod) && !isReady(pod)),
  );
  return [...patches, ...restarts, ...stuck];
}

/**
 * Puts entries of a ConfigMap back, those that came and those that went included, and makes the pods anew that read one of
 * them. Null where it cannot be changed.
 * @param differences pointers are those of the ConfigMap (`/data/key`)
 */
export function entryChanges(view: ClusterView, map: KubeObject, differences: readonly Difference[]): Change[] | null {
  if (map['immutable'] === true) return null;
  const readers = readersOf(view, map, keysAt(differences.map(({ pointer }) => pointer)));
  return [jsonPatch(map, guardedOps(map, differences)), ...readers.flatMap((reader) => restartOf(view, reader))];
}

/** Entries of a ConfigMap by their pointers. */
function keysAt(pointers: readonly string[]): ReadonlySet<string> {
  return new Set(pointers.map((pointer) => pointerKey(pointer.slice('/data/'.length))));
}

/**
 * Workloads that take or mount a ConfigMap or Secret and are meant to run.
 * @param keys only those that read one of these entries, or all of them
 */
export function readersOf(view: ClusterView, object: KubeObject, keys?: ReadonlySet<string>): KubeObject[] {
  return view.workloads().filter((workload) => {
    if (workload.metadata.namespace !== object.metadata.namespace || desiredReplicas(workload) === 0) return false;
    const uses = configReferences(podTemplateOf(workload)?.spec ?? {});
    return uses.some(
      ({ kind, name, key }) =>
        kind === object.kind && name === object.metadata.name && (!keys || key === null || keys.has(key)),
    );
  });
}

/** More pods than this are not replaced by hand: a transaction holds so many writes, and each is an outage of its own. */
const MOST_REPLACED = 8;

/**
 * A restart of a workload's pods, with those that its controller would wait for in vain. A ReplicaSet of its own has no
 * rollout: its pods are replaced one after the other.
 * @param isOld of such a ReplicaSet, which pods
 */
export function restartOf(
  view: ClusterView,
  workload: KubeObject,
  isOld: (pod: KubeObject) => boolean = () => true,
): Change[] {
  if (workload.kind === 'ReplicaSet' || workload.kind === 'ReplicationController') {
    const old = view.podsOf(workload).filter((pod) => isLiving(pod) && isOld(pod));
    return old.length <= MOST_REPLACED ? old.map(deleteAndWait) : [];
  }
  if (!hasMutableTemplate(workload)) return [];
  return [rolloutRestart(workload), ...replaceStuckPods(view, workload)];
}

/** Whether a text holds a host as a word of its own. */
export function hasHost(text: string, host: string): boolean {
  return new RegExp(`(?<![A-Za-z0-9._-])${literalPattern(host)}(?![A-Za-z0-9_-]|\\.[A-Za-z0-9])`).test(text);
}
