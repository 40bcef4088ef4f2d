import type { RunEvent } from '../../domain/run-event.ts';
import type { ChartMark } from '../../domain/signals.ts';
import type { ShownSignals } from '../../domain/signals-now.ts';

/** Alerts that are marked, at most. */
const MOST_ALERTS = 20;

/** What the events of a run tell of telemetry, and of the moments that its drawings mark. */
export class TelemetryFold {
  /** As it was read last; null where none was. */
  shown: ShownSignals | null = null;
  /** First write of each transaction, and when it was taken back. */
  readonly #writes: ChartMark[] = [];
  /** Alerts of any reading of severity, by name and begin. */
  readonly #alerts = new Map<string, ChartMark>();
  #title = '';
  #isWritten = false;

  /** Oldest first. */
  get writes(): readonly ChartMark[] {
    return this.#writes;
  }

  /** Alerts and writes, oldest first. */
  get marks(): ChartMark[] {
    return [...this.#alerts.values(), ...this.#writes].sort((a, b) => a.at - b.at);
  }

  apply(event: RunEvent): void {
    if ('severity' in event && event.severity?.known)
      for (const { source, since, what } of event.severity.items)
        if (source === 'alert' && since !== undefined && this.#alerts.size < MOST_ALERTS)
          this.#alerts.set(`${what} ${since}`, { kind: 'alert', at: since, label: what });
    switch (event.type) {
      case 'signals':
        this.shown = event.shown;
        break;
      case 'planned':
        this.#title = event.plan?.title ?? this.#title;
        break;
      case 'checkpointed':
        this.#isWritten = false;
        break;
      case 'command':
        if (event.writes === 0 || this.#isWritten) break;
        this.#isWritten = true;
        this.#writes.push({ kind: 'fix', at: event.at, label: this.#title });
        break;
      case 'undone':
        if (event.result.outcome === 'undone' && this.#isWritten)
          this.#writes.push({ kind: 'change', at: event.at, label: 'taken back' });
        break;
      default:
    }
  }
}
