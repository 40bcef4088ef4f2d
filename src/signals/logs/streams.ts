import type { LogLine } from '../../domain/telemetry.ts';

/** Lines of each container's log in their own order: lines of several come mixed. */
export function streamsOf(lines: readonly LogLine[]): LogLine[][] {
  const streams = Map.groupBy(lines, ({ pod = '', container = '' }) => `${pod}|${container}`);
  return [...streams.values()].map((stream) => stream.sort((a, b) => a.at - b.at));
}
