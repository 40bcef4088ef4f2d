import { WaitError } from '../../judge/wait.ts';
import { requestHotels } from '../../testbed/app/deploy.ts';
import { SHOP_NAMESPACE } from '../../testbed/app/topology.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import type { Measured } from '../../testbed/telemetry/ask-prometheus.ts';
import { askPrometheus, measure } from '../../testbed/telemetry/ask-prometheus.ts';
import type { TelemetryScene } from './scenes.ts';

/** Windows of rules reach back a minute, and some begin with a rollout that is still under way. */
const QUIET_MS = 300_000;

/** Prometheus says nothing new more often than this. */
const ASK_EVERY_MS = 1_000;

/** Repeats a question until the answer is "". @returns the last answer */
export async function untilNothing(mostMs: number, ask: () => Promise<string>): Promise<string> {
  for (const end = performance.now() + mostMs; ;) {
    const lack = await ask();
    if (lack === '' || performance.now() > end) return lack;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** An alert of the rules, whoever else tells of it. */
export interface RuleAlert {
  name: string;
  state: 'pending' | 'firing';
}

/** The shop as Prometheus and its guests see it. */
export class Shop {
  readonly #instance: Instance;
  readonly #prometheus: string;

  /** @throws Error where there is no telemetry */
  constructor(instance: Instance) {
    if (!instance.telemetry) throw new Error(`cluster ${instance.name} has no telemetry`);
    this.#instance = instance;
    this.#prometheus = instance.telemetry.prometheus;
  }

  /** Alerts about the shop, pending ones too. */
  async alerts(): Promise<RuleAlert[]> {
    const { alerts } = (await askPrometheus(this.#prometheus, 'alerts')) as {
      alerts: { state: string; labels: Record<string, string> }[];
    };
    return alerts
      .filter(({ labels }) => labels.namespace === SHOP_NAMESPACE)
      .map(({ state, labels }) => ({
        name: labels.alertname ?? '',
        state: state === 'firing' ? 'firing' : 'pending',
      }));
  }

  async firing(): Promise<string[]> {
    const firing = (await this.alerts()).filter(({ state }) => state === 'firing');
    return [...new Set(firing.map(({ name }) => name))].sort();
  }

  /** Series by which telemetry shows a fault now. */
  shown({ fault }: TelemetryScene): Promise<Measured[]> {
    const target = fault.targets[0]!;
    return measure(this.#prometheus, fault.shows!({ namespace: SHOP_NAMESPACE, target }));
  }

  /** "" when metrics show a fault no more, no alert fires and guests are answered; else what is still wrong. */
  async lack(scene: TelemetryScene): Promise<string> {
    if ((await this.shown(scene)).length > 0) return `metrics still show ${scene.fault.name}`;
    return this.#ill();
  }

  /** @throws WaitError with what does not come to rest */
  async untilQuiet(): Promise<void> {
    const lack = await untilNothing(QUIET_MS, async () => {
      const [one] = await this.alerts();
      return one ? `${one.name} is ${one.state}` : this.#ill();
    });
    if (lack) throw new WaitError(`the shop is not quiet within ${QUIET_MS / 1_000} s: ${lack}`);
  }

  async #ill(): Promise<string> {
    const firing = await this.firing();
    if (firing.length > 0) return `${firing.join(', ')} still fire`;
    const { answered, text } = await requestHotels(this.#instance);
    return answered ? '' : `guests get ${text}`;
  }
}
