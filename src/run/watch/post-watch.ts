import { messageOf } from '../../domain/cluster-error.ts';
import type { Clock } from '../../domain/clock.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import type { SeverityReading } from '../../domain/ports.ts';
import { itemId, judgeCommit } from '../../domain/severity.ts';
import type { Severity, SeverityItem } from '../../domain/severity.ts';

export interface PostWatchRequest {
  /** Severity with which the change was kept. */
  kept: Severity;
  /** When the change was first written, milliseconds since the epoch. */
  wroteAt: number;
  /** Which objects the change bears on, as things are at a reading. */
  isOurs(reading: SeverityReading): (object: ObjectRef) => boolean;
  read(signal: AbortSignal): Promise<SeverityReading>;
  clock: Clock;
  /** How long it is watched, ms. */
  durationMs: number;
  tell(text: string): void;
  /** Hears of each reading; null where it says how things are, else why nothing is known. */
  looked?(unknown: string | null): void;
}

export type PostWatchResult =
  | { outcome: 'held' }
  /** What was not there when the change was kept, and is charged to it. */
  | { outcome: 'regressed'; items: SeverityItem[]; reason: string }
  /** It could not be watched to the end: nothing is known of what came after. */
  | { outcome: 'unknown'; reason: string };

const SPACING_MS = 5_000;
/** A pod that is replaced looks like a regression for a moment. */
const SIGHTINGS = 3;

/**
 * Watches what a kept change touched for a time: what is worse than when it was kept, and is charged to the change, is a
 * regression (paper, section on post-mitigation; an undo of the transaction is the answer).
 */
export async function watchAfter(request: PostWatchRequest, signal: AbortSignal): Promise<PostWatchResult> {
  const { kept, wroteAt, isOurs, read, clock, durationMs, tell, looked } = request;
  if (!kept.known)
    return { outcome: 'unknown', reason: `how things stood when it was kept is not known: ${kept.reason}` };
  const end = clock.monotonic() + durationMs;
  const seen = new Map<string, number>();
  let unknown = '';
  let late = 0;
  // What came up shortly before the end is looked at until it has lasted, or is over.
  while (clock.monotonic() < end || (seen.size > 0 && late++ < SIGHTINGS)) {
    const left = end - clock.monotonic();
    await clock.sleep(left > 0 ? Math.min(SPACING_MS, left) : SPACING_MS, signal);
    const reading = await read(signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return messageOf(error);
    });
    const reason = typeof reading === 'string' ? reading : reading.severity.known ? '' : reading.severity.reason;
    looked?.(reason || null);
    if (typeof reading === 'string' || reason) {
      if (unknown !== reason) tell(`nothing is known at the moment: ${(unknown = reason)}`);
      continue;
    }
    if (unknown) tell('answers come again');
    unknown = '';
    const { ours } = judgeCommit('strict', kept, reading.severity, isOurs(reading), wroteAt);
    const ids = new Set(ours.map(itemId));
    for (const id of seen.keys()) if (!ids.has(id)) seen.delete(id);
    for (const id of ids) seen.set(id, (seen.get(id) ?? 0) + 1);
    const items = ours.filter((item) => (seen.get(itemId(item)) ?? 0) >= SIGHTINGS);
    if (items.length > 0)
      return { outcome: 'regressed', items, reason: items.map(({ message }) => message).join('; ') };
  }
  return unknown ? { outcome: 'unknown', reason: unknown } : { outcome: 'held' };
}
