import type { RunEvent } from '../../domain/run-event.ts';
import { spelledName } from '../../text/plain-text.ts';

/** A link that is opened in a browser: http or https, without credentials; null for all else. */
function safeLink(link: string | null | undefined): URL | null {
  const url = link ? URL.parse(link) : null;
  return url && /^https?:$/.test(url.protocol) && !url.username && !url.password ? url : null;
}

/** Host of a link, as it is shown; empty where there is none that is opened. */
export function sourceHost(link: string | null | undefined): string {
  return spelledName(safeLink(link)?.host ?? '');
}

/**
 * Where the trace (`signal` -1), the logs (-2) or a signal of the latest reading of telemetry can be opened; null where nowhere. As it was
 * made: a query in it means something else once it is encoded anew.
 */
export function sourceLink(events: readonly RunEvent[], signal: number): string | null {
  const read = events.findLast((event) => event.type === 'signals');
  if (read?.type !== 'signals') return null;
  const { waterfall, logs, signals } = read.shown;
  const link = signal === -2 ? logs?.link : signal < 0 ? waterfall?.link : signals[signal]?.link;
  return link && safeLink(link) ? link : null;
}
