import type { LogLine, LogQuery } from '../../domain/telemetry.ts';

/** Lines of one answer. */
export const MOST_LINES = 5_000;

export function limitOf({ limit }: LogQuery): number {
  return Math.max(1, Math.min(Math.floor(limit) || 1, MOST_LINES));
}

/**
 * The newest lines, oldest first. @param lines one more than asked for tells that there are more
 */
export function newestLines(lines: readonly LogLine[], limit: number): { lines: LogLine[]; cut?: string } {
  const sorted = [...lines].sort((a, b) => a.at - b.at);
  if (sorted.length <= limit) return { lines: sorted };
  return { lines: sorted.slice(sorted.length - limit), cut: `only the newest ${limit} lines` };
}
