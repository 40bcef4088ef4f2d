import type { Evidence } from '../../../domain/finding.ts';
import { counted } from '../../../text/plain-text.ts';
import { untrustedLine } from '../../../text/redact.ts';
import type { EvidenceDesk } from '../evidence/evidence-desk.ts';
import { factLine } from '../evidence/facts.ts';

/** Longest answer of a tool, in characters. */
export const LONGEST_ANSWER = 6_000;
/** What says how much is missing. */
const REST = 160;

/** Text of a tool's answer as it grows: facts are filed as they are shown, and what does not fit is counted. */
export class Answer {
  readonly #desk: EvidenceDesk;
  readonly #lines: string[] = [];
  #room: number;
  #left = 0;

  constructor(desk: EvidenceDesk, limit = LONGEST_ANSWER) {
    this.#desk = desk;
    this.#room = limit - REST;
  }

  /** A line that is no fact: a heading, a remark. */
  say(text: string): this {
    this.#push(untrustedLine(text, 500));
    return this;
  }

  /** @param withObject each fact names its object @param indent levels of two spaces */
  show(facts: readonly Evidence[], withObject = false, indent = 0): this {
    for (const fact of facts) {
      // Filed only if it is shown, which the room decides: its id takes a few characters more.
      if (this.#room < fact.text.length + (fact.field?.length ?? 0) + 120) this.#left++;
      else this.#push(`${'  '.repeat(indent)}${factLine(fact, this.#desk, withObject)}`);
    }
    return this;
  }

  /** @param narrower how to ask for less, where something was left out */
  text(narrower: string): string {
    const rest = this.#left > 0 ? [`… ${counted(this.#left, 'more fact')} left out: ${narrower}`] : [];
    return [...this.#lines, ...rest].join('\n');
  }

  #push(line: string): void {
    if (this.#room < line.length + 1) {
      this.#left++;
      return;
    }
    this.#lines.push(line);
    this.#room -= line.length + 1;
  }
}
