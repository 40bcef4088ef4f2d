import type { BrainDiagnosis } from '../../domain/brain.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { CorrelatedIncident } from '../../domain/signals.ts';
import type { Target } from '../../domain/target.ts';
import type { WatchEvent, WatchLook } from '../../run/watch/watch-event.ts';
import { durationText } from '../../text/amount.ts';
import { untrustedLine } from '../../text/redact.ts';

/** An incident that a watch told of and that is not over, as it is shown: every text is one harmless line. */
export interface OpenIncident {
  fingerprint: string;
  title: string;
  /** When it began, milliseconds since the epoch. */
  since: number;
  /** Where it probably begins, and why; empty where that is not known. */
  root: string;
  /** What the playbooks take for its cause; empty where they know none. */
  cause: string;
  /** The first things that belong to it. */
  members: string[];
  /** Of these in all. */
  count: number;
  isStorm: boolean;
}

/**
 * `starting`: nothing was read yet. `paused`: the machine has slept, and nothing was read since. `unanswered`: nothing is
 * known, and it is asked again later. `stopped`: by itself.
 */
export type WatchPhase = 'starting' | 'watching' | 'paused' | 'unanswered' | 'stopped';

/** A watch as it is shown. Times in milliseconds since the epoch. */
export interface WatchView {
  target: Target;
  /** Between two looks, ms. */
  intervalMs: number;
  phase: WatchPhase;
  /** The last look that could be judged; null before the first. */
  lookedAt: number | null;
  /** Severity at that look; null where it was not known in full. */
  mu: number | null;
  /** Oldest first, as at that look. */
  incidents: readonly OpenIncident[];
  /** Why it is paused, unanswered, stopped, or watches a part only; one sentence without a full stop, else empty. */
  reason: string;
  /** When it is asked again; null where that is not known. */
  retryAt: number | null;
  /** What else is read and what of it does not answer. */
  notes: readonly string[];
}

const SHOWN_MEMBERS = 5;
const SHOWN_NOTES = 5;

/** A watch that was just begun. @param before the same target's, whose incidents are still to be read anew */
export function begun(target: Target, intervalMs: number, before: WatchView | null = null): WatchView {
  const fresh = { target, intervalMs, phase: 'starting' as const, reason: '', retryAt: null, notes: [] };
  const { lookedAt, mu, incidents } = before ?? { lookedAt: null, mu: null, incidents: [] };
  return { ...fresh, lookedAt, mu, incidents };
}

export function afterEvent(view: WatchView, event: WatchEvent): WatchView {
  switch (event.type) {
    case 'started':
    case 'noted':
      return { ...view, notes: event.notes.slice(0, SHOWN_NOTES).map((note) => untrustedLine(note)) };
    case 'opened':
      return withIncident(view, shownIncident(event.incident, causeIn(event.diagnosis)));
    case 'grew':
      return withIncident(view, shownIncident(event.incident, causeOf(view, event.incident)));
    case 'closed':
      return { ...view, incidents: view.incidents.filter(isNot(event.incident)) };
    case 'unknown':
      return event.isPart
        ? { ...view, reason: untrustedLine(event.reason), retryAt: event.at + event.retryMs }
        : unanswered(view, event.reason, event.at + event.retryMs);
    case 'known':
      return { ...view, reason: '', retryAt: null };
    case 'slept':
      return { ...view, phase: 'paused', reason: `the machine slept for ${durationText(event.forMs)}`, retryAt: null };
  }
}

/** What a look says is what there is: incidents that became one are one. */
export function afterLook(view: WatchView, { at, mu, open }: WatchLook): WatchView {
  const incidents = open.map((incident) => shownIncident(incident, causeOf(view, incident)));
  // What did not answer is told by an event of its own, and stays until it does.
  const part = mu === null && view.phase === 'watching' ? {} : { reason: '', retryAt: null };
  return { ...view, phase: 'watching', lookedAt: at, mu, incidents, ...part };
}

/** Nothing is known. @param retryAt when it is asked again */
export function unanswered(view: WatchView, reason: string, retryAt: number): WatchView {
  return { ...view, phase: 'unanswered', reason: untrustedLine(reason), retryAt };
}

/** What was open is not known to be over. */
export function stopped(view: WatchView, reason: string): WatchView {
  return { ...view, phase: 'stopped', reason: untrustedLine(reason), retryAt: null };
}

function shownIncident(incident: CorrelatedIncident, cause: string): OpenIncident {
  const { fingerprint, title, since, root, members, count, isStorm } = incident;
  return {
    fingerprint,
    title: untrustedLine(title),
    since,
    root: root ? untrustedLine(`${refLabel(root.object)}: ${root.reason}`) : '',
    cause,
    members: members.slice(0, SHOWN_MEMBERS).map(({ message }) => untrustedLine(message)),
    count,
    isStorm,
  };
}

function causeIn(diagnosis: BrainDiagnosis | null): string {
  return untrustedLine(diagnosis?.findings[0]?.message ?? '');
}

/** What was known of it, or of one that turned out to be the same. */
function causeOf({ incidents }: WatchView, { fingerprint, absorbed }: CorrelatedIncident): string {
  const same = [fingerprint, ...absorbed];
  return incidents.find((one) => same.includes(one.fingerprint) && one.cause !== '')?.cause ?? '';
}

function withIncident(view: WatchView, incident: OpenIncident): WatchView {
  const incidents = [...view.incidents.filter(isNot(incident)), incident].sort((a, b) => a.since - b.since);
  return { ...view, incidents };
}

function isNot({ fingerprint }: { fingerprint: string }) {
  return (other: OpenIncident): boolean => other.fingerprint !== fingerprint;
}
