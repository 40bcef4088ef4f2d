import type { OracleTiming } from '../../domain/ports.ts';
import type { Alert, AlertSource, Answer } from '../../domain/telemetry.ts';
import { ANYTHING } from '../../domain/telemetry.ts';
import { joinedNames, told } from '../values/remarks.ts';
import type { PrometheusAlerts } from '../prometheus/prometheus-alerts.ts';

/**
 * What fires by Alertmanager, which knows silences, and what is pending by Prometheus, which alone knows that and how its
 * rules follow what they watch. Where Prometheus does not answer, alerts may end there because nobody sends them any more.
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
    if (own.state === 'absent')
      return told(
        firing.value,
        firing.asOf,
        [firing.cut],
        [firing.note, `pending alerts are not known: ${own.reason}`],
        firing.names,
      );
    if (own.state === 'unknown')
      return told(
        firing.value,
        firing.asOf,
        [firing.cut, `pending alerts are not known, and what has just begun or ended may not be: ${own.reason}`],
        [firing.note],
        joinedNames([firing, { names: { missing: [ANYTHING] } }]),
      );
    const known = new Set(firing.value.map(({ fingerprint }) => fingerprint));
    const pending = own.value.filter(({ state, fingerprint }) => state === 'pending' && !known.has(fingerprint));
    return told(
      [...firing.value, ...pending],
      Math.min(firing.asOf, own.asOf),
      [firing.cut, own.cut],
      [firing.note, own.note],
      joinedNames([firing, own]),
    );
  }
}
