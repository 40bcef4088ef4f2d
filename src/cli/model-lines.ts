import { handOverText, HandOverWatch } from '../domain/machine/hand-over.ts';
import { costText, dollars, grouped, modelText, spendOf, spendText } from '../domain/model-spend.ts';
import type { RunEvent } from '../domain/run-event.ts';
import { oneLine } from '../text/plain-text.ts';
import type { Paint } from '../signals/told/paint.ts';

/** Longest words of a tool or of its answer on one line, in characters. */
const SHOWN = 200;

/** What models do in a run, as lines of the terminal. */
export class ModelLines {
  readonly #paint: Paint;
  readonly #handOvers = new HandOverWatch();

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  /** To be called with every event, in their order. */
  lines(event: RunEvent): string[] {
    const handOver = this.#handOvers.apply(event);
    const own = this.#own(event);
    return handOver ? [...own, this.#paint('yellow', short(handOverText(handOver)))] : own;
  }

  #own(event: RunEvent): string[] {
    const paint = this.#paint;
    switch (event.type) {
      case 'toolCall': {
        const { agent, tool, args, digest } = event;
        return [`${paint('dim', `${agent}:`)} ${tool} ${short(args)}`, `  ${paint('dim', short(digest))}`];
      }
      case 'usage': {
        const { agent, model: name, scripted = false, tokensIn, tokensOut, usd, estimated, call } = event;
        const who = agent ? `${agent} asked` : 'asked';
        const what = call ? ` (${short(call.purpose)})` : '';
        const tokens = `${estimated ? 'about ' : ''}${grouped(tokensIn)} + ${grouped(tokensOut)} tokens`;
        const cost = usd === null ? costText({ usd: 0, unpriced: 1, calls: 1 }) : dollars(usd);
        const time = call ? `, ${(call.milliseconds / 1_000).toFixed(1)} s` : '';
        const problem = call?.problem === undefined ? [] : [`  ${paint('red', short(call.problem))}`];
        return [
          paint('dim', `${who} ${short(modelText({ name, scripted }))}${what}: ${tokens}, ${cost}${time}`),
          ...problem,
        ];
      }
      case 'diagnosed': {
        const rules = new Map(event.findings.map(({ id, rule }) => [id, rule]));
        // Rules say no more than their findings, which are told as they come.
        const believed = event.hypotheses.filter(({ cause, by }) => rules.get(cause) !== by);
        return believed.map(({ cause, confidence, own, by }) => {
          const message = event.findings.find(({ id }) => id === cause)?.message ?? cause;
          const self = own === undefined ? '' : `; the model itself says ${own.toFixed(2)}`;
          return `confidence ${confidence.toFixed(2)} by the evidence, says ${short(by)}${self}: ${message}`;
        });
      }
      case 'planned': {
        const reason = event.plan?.needsPerson;
        return reason ? [paint('yellow', `a person has to look at this plan: ${short(reason)}`)] : [];
      }
      case 'budgetExtended':
        return ['models may spend as much again'];
      case 'budgetRefused':
        return [paint('yellow', `the budget of models is spent: ${event.reason}`)];
      default:
        return [];
    }
  }
}

const short = (text: string) => oneLine(text, SHOWN);

/** What models took in a run, in all and for each role; none where no model was asked. */
export function spendLines(events: readonly RunEvent[]): string[] {
  const { total, roles, models } = spendOf(events);
  if (total.calls === 0) return [];
  return [
    `${short(models.map(modelText).join(', '))}: ${spendText(total)}`,
    ...roles.map((role) => `  ${role.agent}: ${spendText(role)}`),
  ];
}
