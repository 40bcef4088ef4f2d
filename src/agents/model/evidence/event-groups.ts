import type { Evidence } from '../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import { refKey, refLabel } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { eventOf } from '../../../kube/cluster-view.ts';
import { counted } from '../../../text/plain-text.ts';
import { agoText, factOf } from './facts.ts';
import { maskedText } from '../../../text/log-templates.ts';

/** Events that say the same about one object, or about the pods of one workload. */
export interface EventGroup {
  /** What they are about; the latest pod of several. */
  object: ObjectRef;
  /** Objects that they are about. */
  objects: number;
  reason: string;
  type: string;
  /** Of the latest event. Untrusted. */
  message: string;
  /** How often, by the events' own counts. */
  count: number;
  /** Milliseconds since the epoch; 0 where unknown. */
  first: number;
  last: number;
}

/** Everyday steps of a pod's life. */
const USUAL = new Set(['Scheduled', 'Pulled', 'Pulling', 'Created', 'Started', 'SuccessfulCreate', 'LeaderElection']);

/** Events of a snapshot by object (workload, for pods), reason and text but for numbers: warnings first, latest first. */
export function eventGroups(view: ClusterView): EventGroup[] {
  const groups = new Map<string, EventGroup & { names: Set<string> }>();
  for (const object of view.all('Event')) {
    const about = aboutOf(object);
    if (!about) continue;
    const { reason, message, type, count, at } = eventOf(object);
    const first = firstOf(object) || at;
    const key = [refKey(homeOf(view, about)), reason, type, maskedText(withoutNames(message, about))].join('|');
    const group = groups.get(key);
    if (!group) {
      groups.set(key, {
        object: about,
        objects: 1,
        reason,
        type,
        message,
        count,
        first,
        last: at,
        names: new Set([about.name]),
      });
      continue;
    }
    group.names.add(about.name);
    group.count += count;
    group.first = Math.min(group.first, first);
    if (at >= group.last) Object.assign(group, { last: at, message, object: about });
  }
  return [...groups.values()]
    .map(({ names, ...group }) => ({ ...group, objects: names.size }))
    .sort((a, b) => Number(b.type === 'Warning') - Number(a.type === 'Warning') || b.last - a.last);
}

/** True for what happens to every pod that starts. */
export function isUsual({ type, reason }: EventGroup): boolean {
  return type !== 'Warning' && USUAL.has(reason);
}

/** The group as a fact: `BackOff ×12, 5 min to 10 s ago: Back-off restarting failed container`. */
export function groupFact({ object, objects, reason, message, count, first, last }: EventGroup, now: number): Evidence {
  const ago =
    last === 0
      ? ''
      : first < last - 1_000
        ? `${agoText(now - first)} to ${agoText(now - last)} ago`
        : `${agoText(now - last)} ago`;
  const times = count > 1 ? `×${count}` : '';
  const many = objects > 1 ? `on ${counted(objects, 'object')}, last on ${refLabel(object)}` : '';
  const details = [times, many, ago].filter((part) => part !== '').join(', ');
  return { ...factOf('event', null, `${reason}${details ? ` (${details})` : ''}: ${message}`), object };
}

function aboutOf(event: KubeObject): ObjectRef | null {
  const about = (event['involvedObject'] ?? event['regarding']) as Partial<ObjectRef> | undefined;
  if (!about?.kind || !about.name) return null;
  const namespace = about.namespace ?? '';
  return {
    apiVersion: about.apiVersion || 'v1',
    kind: about.kind,
    ...(namespace ? { namespace } : {}),
    name: about.name,
  };
}

function firstOf(event: KubeObject): number {
  const times = [
    event['firstTimestamp'],
    event['deprecatedFirstTimestamp'],
    event['eventTime'],
    event.metadata.creationTimestamp,
  ];
  return times.map((time) => Date.parse(String(time ?? '')) || 0).find((time) => time > 0) ?? 0;
}

/** The workload of a pod or of what a workload made; else the object. */
function homeOf(view: ClusterView, about: ObjectRef): ObjectRef {
  if (about.kind !== 'Pod' && about.kind !== 'ReplicaSet' && about.kind !== 'Job') return about;
  const object = view.find(about.kind, about.namespace, about.name);
  return object ? view.homes.of(object) : about;
}

/** Names of pods in messages about them are no difference. */
function withoutNames(message: string, { name }: ObjectRef): string {
  return message.replaceAll(name, '<name>');
}
