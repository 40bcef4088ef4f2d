import type { Target } from '../../domain/target.ts';
import type { FoundSources } from './find-sources.ts';
import type { OpenTelemetry, SessionTelemetry } from './session-telemetry.ts';

/** What user interfaces ask of telemetry itself. Read-only. */
export interface TelemetryLooks {
  /** Services of the target's cluster that look like a source and answer. @throws ClusterError */
  find(target: Target, signal: AbortSignal): Promise<FoundSources>;
  /** Asks each source of the settings anew. @throws StratusError usage where they contradict each other */
  test(target: Target, signal: AbortSignal): Promise<Omit<OpenTelemetry, 'sources'>>;
}

export class GatewayTelemetry implements TelemetryLooks {
  readonly #of: (target: Target) => Promise<SessionTelemetry>;

  /** @param of the telemetry of a target */
  constructor(of: (target: Target) => Promise<SessionTelemetry>) {
    this.#of = of;
  }

  async find(target: Target, signal: AbortSignal): Promise<FoundSources> {
    return (await this.#of(target)).find(signal);
  }

  async test(target: Target, signal: AbortSignal): Promise<Omit<OpenTelemetry, 'sources'>> {
    const { opened, notes } = await (await this.#of(target)).test(signal);
    return { opened, notes };
  }
}
