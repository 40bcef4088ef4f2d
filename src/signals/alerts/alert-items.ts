import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey } from '../../domain/kube-object.ts';
import type { SeverityItem } from '../../domain/severity.ts';
import type { Signal } from '../../domain/signals.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import type { Alert } from '../../domain/telemetry.ts';
import { own } from '../../json/json-map.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import { isLiving } from '../../kube/pods.ts';
import { oneLine } from '../../text/plain-text.ts';
import { sha256 } from '../../text/sha256.ts';
import type { Labelled } from '../identity/labelled-objects.ts';
import { labelledObjects } from '../identity/labelled-objects.ts';

/** Alerts that fire while all is well: they prove that alerts arrive (kube-prometheus, runbooks "General"). */
const ALWAYS_FIRING = /^(?:watchdog|dead_?man'?s?_?(?:switch|snitch).*|alwaysfiring|infoinhibitor)$/i;
/** Who told of it, not what of. */
const TELLERS = new Set(['alertname', 'prometheus', 'prometheus_replica', 'replica']);
/** Names of one start of a program: the next one has others, and the alert is the same. */
export const FLEETING: ReadonlySet<string> = new Set([
  'pod', 'exported_pod', 'k8s_pod_name', 'pod_name', 'instance', 'endpoint', 'uid', 'pod_uid', 'id', 'pod_ip', 'host_ip',
  'image', 'image_id', 'container_id',
]); // prettier-ignore
const LONGEST_KEY = 200;

/**
 * Firing alerts of a scope as items of severity. Left out: what always fires, what is of severity `none`, and `info`, which
 * means something beside another alert only (kube-prometheus, InfoInhibitor). Alerts that differ in nothing but the pods of
 * one workload are one item, so that new pods are no new item.
 * @param scope namespaces; an alert without one is in scope if it names an object that is, or a node that runs pods of it
 */
export function alertItems(
  alerts: readonly Alert[],
  snapshot: ClusterSnapshot,
  scope: readonly string[],
): SeverityItem[] {
  const items = new Map<string, SeverityItem>();
  for (const { alert, key, objects, pod } of alertsInScope(alerts, new ClusterView(snapshot), scope)) {
    if (alert.state !== 'firing' || isHint(alert)) continue;
    const id = `${alert.name}|${key}`;
    const before = items.get(id);
    const item: SeverityItem = {
      source: 'alert',
      object: null,
      what: oneLine(alert.name, 120),
      grade: 1,
      message: alertText(alert),
      key,
      subjects: objects,
      ...(pod ? { pods: [pod] } : {}),
      since: alert.startsAt,
    };
    items.set(id, before ? merged(before, item) : item);
  }
  return [...items.values()];
}

/** Alerts of a scope that are early signs, no items: pending ones, and those of severity `info`. */
export function earlyAlerts(alerts: readonly Alert[], snapshot: ClusterSnapshot, scope: readonly string[]): Signal[] {
  const signals = new Map<string, Signal>();
  for (const { alert, key, objects } of alertsInScope(alerts, new ClusterView(snapshot), scope)) {
    if (alert.state === 'firing' && !isHint(alert)) continue;
    const [object = null, ...others] = objects;
    const id = `${alert.name}|${key}`;
    const before = signals.get(id);
    if (before && before.since <= alert.startsAt) continue;
    const message = `${alertText(alert)}${alert.state === 'pending' ? ' (pending)' : ''}`;
    const none = { value: 1, usual: null, threshold: null, unit: 'count', query: null, chart: null } as const;
    const since = alert.startsAt;
    signals.set(id, { kind: 'alert', level: 'early', object, others, labels: alert.labels, since, message, ...none });
  }
  return [...signals.values()];
}

/** Firing alerts of which nobody can say whether they are of a scope: without a namespace, and naming nothing that is known. */
export function unplacedAlerts(alerts: readonly Alert[], snapshot: ClusterSnapshot): Alert[] {
  const view = new ClusterView(snapshot);
  return alerts.filter((alert) => {
    if (alert.state !== 'firing' || isHint(alert) || neverCounts(alert) || alert.hidden) return false;
    const { namespace, objects } = labelledObjects(view, alert.labels);
    return namespace === null && objects.length === 0;
  });
}

export interface ScopedAlert {
  alert: Alert;
  /** With the alert's name: the same for alerts that mean the same. */
  key: string;
  objects: ObjectRef[];
  /** The pod itself, where one is named. */
  pod: ObjectRef | null;
}

/** What is not of the scope, always fires, or is hidden, is left out; in a fixed order, whatever that of the alerts. */
export function alertsInScope(alerts: readonly Alert[], view: ClusterView, scope: readonly string[]): ScopedAlert[] {
  const within = scopeTest(view, scope);
  return alerts
    .flatMap((alert): ScopedAlert[] => {
      if (neverCounts(alert) || alert.hidden) return [];
      const labelled = labelledObjects(view, alert.labels);
      return within(labelled)
        ? [{ alert, key: keyOf(alert, labelled), objects: labelled.objects, pod: labelled.pod }]
        : [];
    })
    .sort(
      (a, b) =>
        a.alert.startsAt - b.alert.startsAt ||
        compared(a.key, b.key) ||
        compared(a.alert.fingerprint, b.alert.fingerprint),
    );
}

function scopeTest(view: ClusterView, scope: readonly string[]): (labelled: Labelled) => boolean {
  const inScope = new Set(scope);
  const nodes = new Set(
    view
      .all('Pod')
      .filter((pod) => isLiving(pod) && inScope.has(pod.metadata.namespace ?? ''))
      .map((pod) => pod.spec?.nodeName as unknown),
  );
  return ({ namespace, objects }) => {
    if (namespace !== null) return inScope.has(namespace);
    return objects.some((ref) => (ref.kind === 'Node' ? nodes.has(ref.name) : inScope.has(ref.namespace ?? '')));
  };
}

function neverCounts({ name, labels }: Alert): boolean {
  return ALWAYS_FIRING.test(name) || own(labels, 'severity') === 'none';
}

function isHint({ labels }: Alert): boolean {
  return own(labels, 'severity') === 'info';
}

/** The name and the labels that stay: where one pod is as good as another, its workload stands for it. */
function keyOf(alert: Alert, { objects: [object] }: Labelled): string {
  const stands = object && object.kind !== 'Pod' && object.kind !== 'StatefulSet' ? object : null;
  const kept = Object.entries(alert.labels).filter(
    ([label]) => !TELLERS.has(label) && !(stands && FLEETING.has(label)),
  );
  if (stands) kept.push(['object', refKey(stands)]);
  const text = kept
    .map(([label, value]) => `${label}=${value}`)
    .sort()
    .join(',');
  const key = oneLine(text, LONGEST_KEY);
  return text === key ? key : `${key}#${sha256(text).slice(0, 12)}`;
}

function merged(a: SeverityItem, b: SeverityItem): SeverityItem {
  const pods = distinct([...(a.pods ?? []), ...(b.pods ?? [])]);
  return {
    ...a,
    subjects: distinct([...(a.subjects ?? []), ...(b.subjects ?? [])]),
    ...(pods.length > 0 ? { pods } : {}),
    since: Math.min(a.since ?? b.since!, b.since!),
  };
}

function distinct(refs: readonly ObjectRef[]): ObjectRef[] {
  return [...new Map(refs.map((ref) => [refKey(ref), ref])).values()];
}

/** What the alert is about, for people, without a full stop: its summary where it has one. */
export function alertText({ name, annotations }: Alert): string {
  const said = own(annotations, 'summary') || own(annotations, 'description') || own(annotations, 'message');
  return oneLine(said ? `${name}: ${withoutStop(said)}` : name);
}

/** People write sentences there; who shows it puts it into one of their own. An ellipsis stays. */
function withoutStop(text: string): string {
  return text.replace(/(?<!\.)\.\s*$/, '').trimEnd();
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
