import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { KubeApi } from '../../gateway/wire/kube-api.ts';
import { localTime, zoneOf } from '../../text/local-time.ts';
import { untrustedLine } from '../../text/redact.ts';

const LIMIT = 200;

/** Events about one object, latest last, one line each; says so when there are none. */
export async function objectEvents(api: KubeApi, ref: ObjectRef, signal: AbortSignal): Promise<string> {
  const fields = `involvedObject.kind=${ref.kind},involvedObject.name=${ref.name}`;
  // Events about objects without a namespace stand in `default`.
  const namespace = encodeURIComponent(ref.namespace ?? 'default');
  const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent(fields)}`;
  const { items } = await api.list(path, signal);
  if (items.length === 0)
    return `No events about ${ref.kind} ${ref.name}. The API server forgets them, after an hour by default.\n`;
  const sorted = [...items].sort((a, b) => lastSeen(a) - lastSeen(b)).slice(-LIMIT);
  const heading = `-- latest last; times in ${zoneOf(new Date(lastSeen(sorted.at(-1)!)))}`;
  return `${[heading, ...sorted.map(eventLine)].join('\n')}\n`;
}

function eventLine(event: KubeObject): string {
  const at = lastSeen(event);
  const count = Number(event.count ?? event.series?.count ?? 1);
  const times = count > 1 ? ` (${count} times)` : '';
  const from = String(event.source?.component || event.reportingComponent || '');
  const when = at > 0 ? localTime(new Date(at).toISOString()) : '-';
  return untrustedLine(
    `${when} ${event.type ?? ''} ${event.reason ?? ''}${times} ${from}: ${event.message ?? ''}`,
    1_000,
  );
}

function lastSeen(event: KubeObject): number {
  const times = [
    event.series?.lastObservedTime,
    event.lastTimestamp,
    event.eventTime,
    event.metadata.creationTimestamp,
  ];
  return Date.parse(String(times.find(Boolean) ?? '')) || 0;
}
