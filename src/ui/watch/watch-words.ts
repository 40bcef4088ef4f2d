import { placeOf } from '../../domain/target.ts';
import { durationText } from '../../text/amount.ts';
import { localClock } from '../../text/local-time.ts';
import { counted } from '../../text/plain-text.ts';
import type { OpenIncident, WatchView } from './watch-view.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** A look that comes so many intervals late is missed, but not before a minute. */
const LATE = 4;

/** What the status bar says of a watch. */
export interface StatusWords {
  /** Of the editor's icons. */
  icon: string;
  /** The state in a few words. */
  state: string;
  /** Line by line: what is watched, how it stands, when it was looked at. */
  tooltip: string[];
  /** A person is needed, or nothing is known. */
  isAlarming: boolean;
}

/** A time since something for people: to the second below a minute, then to the minute, from an hour in tenths. */
export function ageText(ms: number): string {
  const age = Math.max(0, ms);
  const step = age < MINUTE ? SECOND : age < HOUR ? MINUTE : HOUR / 10;
  const rounded = Math.round(age / step) * step;
  return rounded === 0 ? 'less than a second' : durationText(rounded);
}

/** @param now milliseconds since the epoch */
export function statusWords(view: WatchView, now: number): StatusWords {
  const { target, intervalMs, incidents, lookedAt, notes } = view;
  const { icon, state, sentence, isAlarming } = standing(view, now);
  const last =
    lookedAt === null
      ? 'Nothing was read yet'
      : `Last look ${localClock(new Date(lookedAt))}, ${ageText(now - lookedAt)} ago`;
  return {
    icon,
    state,
    tooltip: [
      `Watches ${placeOf(target)} every ${durationText(intervalMs)}; nothing is written`,
      sentence,
      last,
      ...incidents.map((incident) => `For ${ageText(now - incident.since)}: ${incident.title}`),
      ...notes,
    ],
    isAlarming,
  };
}

interface Standing extends Omit<StatusWords, 'tooltip'> {
  sentence: string;
}

function standing({ phase, incidents, intervalMs, lookedAt, mu, reason, retryAt }: WatchView, now: number): Standing {
  const open = openText(incidents);
  const before = open ? `, ${open} before` : '';
  const stale = open ? `. Before that: ${open}` : '';
  switch (phase) {
    case 'starting':
      return {
        icon: 'sync~spin',
        state: `first look${before}`,
        sentence: 'Looks for the first time',
        isAlarming: false,
      };
    case 'paused':
      return {
        icon: 'debug-pause',
        state: `paused${before}`,
        sentence: `Paused: ${reason}, and what happened meanwhile is not known before it is read${stale}`,
        isAlarming: false,
      };
    case 'unanswered': {
      const again = retryAt === null || retryAt <= now ? 'asked again now' : `asked again in ${ageText(retryAt - now)}`;
      const sentence = `Nothing is known: ${reason}; ${again}${stale}`;
      return { icon: 'warning', state: `no answer${before}`, sentence, isAlarming: true };
    }
    case 'stopped':
      return {
        icon: 'debug-disconnect',
        state: `watch stopped${before}`,
        sentence: `No longer watched: ${reason}${stale}`,
        isAlarming: true,
      };
    case 'watching':
      break;
  }
  // Whatever keeps it from looking: what is shown would be taken for what is.
  if (lookedAt !== null && now - Math.max(lookedAt, retryAt ?? 0) > Math.max(MINUTE, LATE * intervalMs)) {
    const sentence = `Paused: there was no look for ${ageText(now - lookedAt)}${stale}`;
    return { icon: 'debug-pause', state: `paused${before}`, sentence, isAlarming: false };
  }
  const part = reason ? `; not all is known: ${reason}` : '';
  if (open) return { icon: 'flame', state: `${open} open`, sentence: `Open: ${open}${part}`, isAlarming: true };
  if (reason)
    return {
      icon: 'warning',
      state: 'no full answer',
      sentence: `No incident is known; not all is: ${reason}`,
      isAlarming: true,
    };
  const unhealthy = mu ? `; severity ${mu}, which has not lasted for two looks` : '';
  return { icon: 'eye', state: 'watching', sentence: `No incident is open${unhealthy}`, isAlarming: false };
}

/** Empty where none is open. */
function openText(incidents: readonly OpenIncident[]): string {
  return incidents.length === 0 ? '' : counted(incidents.length, 'incident');
}

/** What a person is told of incidents that were not told of before: at least one. @param now milliseconds since the epoch */
export function newsText(fresh: readonly OpenIncident[], now: number): string {
  const [first, ...others] = fresh;
  if (!first) return '';
  const [what, ...more] = fresh.map(({ title, since }) => `${title}, for ${ageText(now - since)}`);
  if (others.length > 0) return [`${counted(fresh.length, 'incident')}: ${what}`, ...more].join('; ');
  const { root, cause } = first;
  const where = root ? `. It probably begins at ${root}` : '';
  return `${what}${where}${cause ? `. Cause: ${cause}` : ''}`;
}
