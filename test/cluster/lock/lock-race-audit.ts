import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** One write as the API server's audit log tells it. */
export interface AuditedWrite {
  /** When the server had finished it, in µs since the epoch. */
  at: number;
  user: string;
  /** Id of the token or certificate it was sent with. */
  credential: string;
  /** Field manager of the transaction it belongs to. */
  manager: string;
  /** By the undo of that transaction. */
  undo: boolean;
  status: number;
}

interface AuditEvent {
  stage: string;
  verb: string;
  stageTimestamp: string;
  requestURI: string;
  userAgent?: string;
  user: { username: string; extra?: Record<string, string[]> };
  objectRef?: { namespace?: string; resource?: string };
  responseStatus?: { code?: number };
}

const WRITES = new Set(['create', 'update', 'patch', 'delete']);

export function auditOffset(path: string): number {
  return statSync(path).size;
}

/** What was written to ConfigMaps of a namespace since an offset of the log, in the order in which it took effect. */
export async function auditedWrites(path: string, offset: number, namespace: string): Promise<AuditedWrite[]> {
  const found: AuditedWrite[] = [];
  for await (const line of createInterface({ input: createReadStream(path, { start: offset }) })) {
    if (!line.includes(`/namespaces/${namespace}/configmaps`)) continue;
    const write = writeOf(JSON.parse(line) as AuditEvent);
    if (write) found.push(write);
  }
  return found.sort((a, b) => a.at - b.at);
}

/** Null for reads, dry-runs and what no transaction sent. */
export function writeOf(event: AuditEvent): AuditedWrite | null {
  if (event.stage !== 'ResponseComplete' || !WRITES.has(event.verb)) return null;
  const query = new URLSearchParams(event.requestURI.split('?')[1] ?? '');
  if (query.getAll('dryRun').includes('All')) return null;
  const agent = /^stratus-\d{8}-\d{6}-/.test(event.userAgent ?? '') ? event.userAgent! : '';
  const manager = agent || (query.get('fieldManager') ?? '');
  if (!manager.startsWith('stratus-')) return null;
  return {
    at: microseconds(event.stageTimestamp),
    user: event.user.username,
    credential: event.user.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '',
    manager,
    undo: agent === '',
    status: event.responseStatus?.code ?? 0,
  };
}

/**
 * Writes that took effect after another writer had begun: their sender was no longer the one that may write. Writes
 * belong together by the token they were sent with where each holder has its own, else by transaction and direction.
 */
export function staleWrites(writes: AuditedWrite[], level: 'fenced' | 'client-side'): AuditedWrite[] {
  const holder = (write: AuditedWrite) =>
    level === 'fenced' ? write.credential : `${write.manager} ${write.undo ? 'undo' : 'do'}`;
  const done = writes.filter(({ status }) => status < 300);
  const order = [...new Set(done.map(holder))];
  let latest = 0;
  return done.filter((write) => {
    const position = order.indexOf(holder(write));
    latest = Math.max(latest, position);
    return position < latest;
  });
}

function microseconds(time: string): number {
  const [seconds = '', fraction = ''] = time.replace('Z', '').split('.');
  return Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
