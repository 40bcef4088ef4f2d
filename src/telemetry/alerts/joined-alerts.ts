import type { OracleTiming } from '../../domain/ports.ts';
import type { Alert, AlertSource, Answer } from '../../domain/telemetry.ts';
import { told } from '../values/remarks.ts';
import type { PrometheusAlerts } from '../prometheus/prometheus-alerts.ts';

/**
 * What fires by Alertmanager, which knows silences, and what is pending by Prometheus, which alone knows that and how its
 * rules follow what they watch. Pending alerts are early signs only: where Prometheus does not answer they are missing,
 * and that is told.
 */
export class JoinedAlerts implements AlertSource {
  readonly name: string;
  readonly #manager: AlertSource;
  readonly #rules: PrometheusAlerts;
  #firing: ReadonlySet<string> = new Set();

  constructor(manager: AlertSource, rules: PrometheusAlerts) {
    this.name = manager.name;
    this.#manager = manager;
    this.#rules = rules;
  }

  get timing(): OracleTiming {
    return this.#rules.timingFor(this.#firing);
  }

  async alerts(signal: AbortSignal): Promise<Answer<Alert[]>> {
    const [firing, own] = await Promise.all([this.#manager.alerts(signal), this.#rules.alerts(signal)]);
    if (firing.state !== 'ok') return firing;
    this.#firing = new Set(firing.value.map(({ name }) => name));
    if (own.state !== 'ok')
      return told(
        firing.value,
        firing.asOf,
        [firing.cut],
        [firing.note, `pending alerts are not known: ${own.reason}`],
      );
    const known = new Set(firing.value.map(({ fingerprint }) => fingerprint));
    const pending = own.value.filter(({ state, fingerprint }) => state === 'pending' && !known.has(fingerprint));
    return told(
      [...firing.value, ...pending],
      Math.min(firing.asOf, own.asOf),
      [firing.cut, own.cut],
      [firing.note, own.note],
    );
  }
}
