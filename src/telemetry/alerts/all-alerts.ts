import type { OracleTiming } from '../../domain/ports.ts';
import type { Alert, AlertSource, Answer, Series, TimeWindow } from '../../domain/telemetry.ts';
import { joinedNames, told } from '../values/remarks.ts';
import { foldAlerts } from './alert.ts';

/** Several that watch different things: what one of them does not say is unknown. */
export class AllAlerts implements AlertSource {
  readonly name: string;
  readonly #sources: readonly AlertSource[];

  constructor(sources: readonly AlertSource[]) {
    this.name = sources.map(({ name }) => name).join(' and ');
    this.#sources = sources;
  }

  get timing(): OracleTiming {
    const timings = this.#sources.map(({ timing }) => timing);
    return {
      lagMs: Math.max(0, ...timings.map(({ lagMs }) => lagMs)),
      settleMs: Math.max(0, ...timings.map(({ settleMs }) => settleMs)),
    };
  }

  async alerts(signal: AbortSignal): Promise<Answer<Alert[]>> {
    const answers = await Promise.all(this.#sources.map((source) => source.alerts(signal)));
    const unknown = answers.find(({ state }) => state === 'unknown');
    if (unknown) return unknown;
    const heard = answers.filter((answer) => answer.state === 'ok');
    const [first] = answers;
    if (heard.length === 0) return first ?? { state: 'absent', reason: 'no source of alerts is configured' };
    return told(
      foldAlerts(heard.flatMap(({ value }) => value)),
      Math.min(...heard.map(({ asOf }) => asOf)),
      heard.map(({ cut }) => cut),
      [...heard.map(({ note }) => note), ...answers.map((one) => (one.state === 'absent' ? one.reason : undefined))],
      joinedNames(heard),
    );
  }

  async series(alert: Alert, window: TimeWindow, signal: AbortSignal): Promise<Answer<Series[]>> {
    for (const source of this.#sources) {
      const answer = await source.series?.(alert, window, signal);
      if (answer && answer.state !== 'absent') return answer;
    }
    return { state: 'absent', reason: `${this.name} cannot show what this alert looks at` };
  }
}
