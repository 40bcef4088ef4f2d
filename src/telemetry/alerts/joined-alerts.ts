import type { OracleTiming } from '../../domain/ports.ts';
import type { Alert, AlertSource, Answer } from '../../domain/telemetry.ts';
import { ANYTHING } from '../../domain/telemetry.ts';
import { own } from '../../json/json-map.ts';
import { counted, oneLine } from '../../text/plain-text.ts';
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
  #told: readonly Alert[] = [];

  constructor(manager: AlertSource, rules: PrometheusAlerts) {
    this.name = manager.name;
    this.#manager = manager;
    this.#rules = rules;
  }

  get timing(): OracleTiming {
    return this.#rules.timingFor(this.#firing);
  }

  async alerts(signal: AbortSignal): Promise<Answer<Alert[]>> {
    const [firing, ruled] = await Promise.all([this.#manager.alerts(signal), this.#rules.alerts(signal)]);
    if (firing.state !== 'ok') return firing;
    this.#firing = new Set(firing.value.map(({ name }) => name));
    const there = new Set(firing.value.map(({ fingerprint }) => fingerprint));
    const gone = this.#told.filter(({ fingerprint }) => !there.has(fingerprint));
    const lost = ruled.state === 'ok' ? lostOf(gone, ruled.value) : [];
    // What it has lost is asked for until it is told of again, or over.
    this.#told = [...firing.value, ...(ruled.state === 'unknown' ? gone : lost)];
    if (ruled.state === 'absent')
      return told(
        firing.value,
        firing.asOf,
        [firing.cut],
        [firing.note, `pending alerts are not known: ${ruled.reason}`],
        firing.names,
      );
    if (ruled.state === 'unknown')
      return told(
        firing.value,
        firing.asOf,
        [firing.cut, `pending alerts are not known, and what has just begun or ended may not be: ${ruled.reason}`],
        [firing.note],
        joinedNames([firing, { names: { missing: [ANYTHING] } }]),
      );
    const pending = ruled.value.filter(({ state, fingerprint }) => state === 'pending' && !there.has(fingerprint));
    return told(
      [...firing.value, ...pending],
      Math.min(firing.asOf, ruled.asOf),
      [firing.cut, ruled.cut, lostText(lost, this.name)],
      [firing.note, ruled.note],
      joinedNames([firing, ruled, { names: { missing: lost.map(({ name }) => name) } }]),
    );
  }
}

/** Of what is told of no more, that whose rule still fires: who was started anew has forgotten it. */
function lostOf(gone: readonly Alert[], ruled: readonly Alert[]): Alert[] {
  const fires = ruled.filter(({ state }) => state === 'firing');
  return gone.filter((alert) => fires.some((one) => isPartOf(one.labels, alert.labels)));
}

/** Labels of the whole server are added where alerts are sent. */
function isPartOf(labels: Alert['labels'], all: Alert['labels']): boolean {
  return Object.entries(labels).every(([name, value]) => own(all, name) === value);
}

function lostText([first, ...others]: readonly Alert[], name: string): string | undefined {
  if (!first) return undefined;
  const many = counted(others.length + 1, 'alert');
  return `${many} still fires by its rule and is not told of by ${name} any more, such as ${oneLine(first.name, 120)}`;
}
