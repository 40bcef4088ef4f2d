import type { Severity } from '../../domain/severity.ts';
import { isTelemetry } from '../../domain/severity.ts';
import { LONGEST_OPEN_MS } from '../../signals/baselines/usual.ts';

/** When the first of what telemetry tells of began; null where nothing does, or only of what has been so for long. */
export function telemetryBeganAt(severity: Severity, now: number): number | null {
  const told = severity.known ? severity.items.filter(isTelemetry) : [];
  const times = told.flatMap(({ since }) => (since && now - since <= LONGEST_OPEN_MS ? [since] : []));
  return times.length > 0 ? Math.min(...times) : null;
}
