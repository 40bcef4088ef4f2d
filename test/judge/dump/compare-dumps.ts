import { differences } from '../normalise.ts';
import type { Dump, Item } from './dump.ts';
import { above } from './dump.ts';
import { essenceOf, podTemplate } from './essence.ts';

/**
 * - `gone`: it was there before and is not now
 * - `renewed`: another object of that name is there now (new uid)
 * - `replaced`: a pod whose controller has made one of the same template in its place
 * - `adrift`: a pod that is gone while its workload is there, which has others or none: a rollout that cannot go on
 * - `changed`: content differs; `report`: only what its operator says in a status of its own
 * - `appeared`: it was not there before
 * - `ownership`: field managers differ, content does not
 */
export type How = 'gone' | 'renewed' | 'replaced' | 'adrift' | 'changed' | 'report' | 'appeared' | 'ownership';

export interface DumpChange {
  how: How;
  item: Item;
  /** Everything above it (owners, namespace, definition), as it was when it was last seen. */
  above: Item[];
  /** What differs, for people. */
  text: string;
  /** Paths of the content that differs, of `changed`: `.status.conditions[0]`. */
  paths?: readonly string[];
}

/** All that differs between two dumps in objects that `inScope` takes, sorted by key. */
export function compareDumps(before: Dump, after: Dump, inScope: (item: Item) => boolean): DumpChange[] {
  const changes: DumpChange[] = [];
  const replaced = replacedPods(before, after, inScope);
  const keys = [...new Set([...before.items.keys(), ...after.items.keys()])].sort();
  for (const key of keys) {
    const [old, now] = [before.items.get(key), after.items.get(key)];
    if (!inScope((old ?? now)!)) continue;
    if (old && now && old.uid === now.uid && unchanged(old, now)) continue;
    if (!now) {
      const how = replaced.has(old!.uid) ? 'replaced' : isAdrift(old!, before, after) ? 'adrift' : 'gone';
      changes.push({ how, item: old!, above: above(old!, before), text: `${key} ${how}` });
    } else if (!old) {
      if (replaced.has(now.uid)) continue;
      changes.push({ how: 'appeared', item: now, above: above(now, after), text: `${key} appeared` });
    } else changes.push(...compareItems(old, now, before, after, replaced));
  }
  return changes;
}

function compareItems(old: Item, now: Item, before: Dump, after: Dump, replaced: ReadonlySet<string>): DumpChange[] {
  const make = (how: How, text: string): DumpChange => ({ how, item: old, above: above(old, before), text });
  const changes: DumpChange[] = [];
  const [was, is] = [essenceOf(old, before), essenceOf(now, after)];
  if (old.uid !== now.uid) {
    const how = replaced.has(old.uid) ? 'replaced' : 'renewed';
    changes.push(make(how, `${old.key} ${how}`));
    // Pods of controllers are compared by template.
    if (how === 'replaced') return changes;
  }
  const content = differences(was.content, is.content);
  if (content.length > 0) {
    const change = make('changed', `${old.key} changed: ${describe(content)}`);
    changes.push({ ...change, paths: content.map(({ path }) => path) });
  }
  const report = differences(was.report, is.report);
  if (report.length > 0) changes.push(make('report', `${old.key} status of its operator: ${describe(report)}`));
  if (changes.length === 0 && was.ownership !== is.ownership) {
    changes.push(make('ownership', `${old.key} field managers: ${describeOwnership(was.ownership, is.ownership)}`));
  }
  return changes;
}

/** The server numbers every write, so the same number is the same object; but references may have come to hang. */
function unchanged(old: Item, now: Item): boolean {
  const { resourceVersion, ownerReferences } = old.object.metadata;
  return (
    resourceVersion === now.object.metadata.resourceVersion &&
    ownerReferences === undefined &&
    old.kind.kind !== 'PersistentVolume'
  );
}

/** Uids of pods, old and new, that stand in for each other: same controller, as many as before, same templates. */
function replacedPods(before: Dump, after: Dump, inScope: (item: Item) => boolean): Set<string> {
  const [old, now] = [podsByController(before, inScope), podsByController(after, inScope)];
  const found = new Set<string>();
  for (const [controller, pods] of old) {
    const others = now.get(controller) ?? [];
    const templates = (all: Item[], dump: Dump) =>
      all
        .map((pod) => podTemplate(pod, dump))
        .sort()
        .join('\n');
    if (pods.length !== others.length || templates(pods, before) !== templates(others, after)) continue;
    for (const { uid } of [...pods, ...others]) found.add(uid);
  }
  return found;
}

const KEEPS_PODS = /^(Deployment|ReplicaSet|StatefulSet|DaemonSet)\.apps\/|^ReplicationController\//;

function isAdrift(item: Item, before: Dump, after: Dump): boolean {
  if (item.kind.kind !== 'Pod') return false;
  const top = topController(item, before);
  return top !== undefined && KEEPS_PODS.test(top) && after.items.has(top);
}

function podsByController(dump: Dump, inScope: (item: Item) => boolean): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of dump.items.values()) {
    if (item.kind.kind !== 'Pod' || !inScope(item)) continue;
    const top = topController(item, dump);
    if (top) groups.set(top, [...(groups.get(top) ?? []), item]);
  }
  return groups;
}

function topController(item: Item, dump: Dump): string | undefined {
  const references = (item.object.metadata.ownerReferences ?? []) as { uid: string; controller?: boolean }[];
  const controller = references.find((one) => one.controller);
  const owner = controller && dump.byUid.get(controller.uid);
  return owner && (topController(owner, dump) ?? owner.key);
}

function describe(found: ReturnType<typeof differences>): string {
  const brief = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 100));
  const texts = found.map(({ path, before, after }) => `${path}: ${brief(before)} -> ${brief(after)}`);
  return `${texts.slice(0, 4).join(', ')}${texts.length > 4 ? ` and ${texts.length - 4} more` : ''}`;
}

function describeOwnership(was: string, is: string): string {
  const [old, now] = [was.split('\n'), is.split('\n')];
  const lost = old.filter((line) => !now.includes(line)).map((line) => `- ${line.slice(0, 200)}`);
  const gained = now.filter((line) => !old.includes(line)).map((line) => `+ ${line.slice(0, 200)}`);
  return [...lost, ...gained].join(' ');
}
