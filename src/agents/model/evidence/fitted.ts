import type { Evidence } from '../../../domain/finding.ts';
import { refLabel } from '../../../domain/kube-object.ts';
import { counted } from '../../../text/plain-text.ts';
import type { EvidenceDesk } from './evidence-desk.ts';
import { factLine } from './facts.ts';

/** Facts that hang together, most telling first. */
export interface Block {
  /** Empty for none. */
  title: string;
  facts: readonly Evidence[];
  /** Each fact names its object; else the title does. */
  withObject?: true;
}

export interface Section {
  title: string;
  /** Part of the room that it has before others get what is left of it, 0..1. */
  share: number;
  blocks: readonly Block[];
  /** Said where there is nothing to show. */
  nothing: string;
}

/** `[E1234] `, `: ` and the line's end. */
const MARKS = 11;
const LEFT_OUT = 40;

/**
 * Sections as text of at most `limit` characters: each gets its share, and what one does not need goes to those before
 * the others. What does not fit is counted. Facts are filed as they are shown, in the order of reading.
 */
export function fitted(sections: readonly Section[], limit: number, desk: EvidenceDesk): string {
  const frame = sections.reduce((sum, { title, nothing }) => sum + title.length + nothing.length + LEFT_OUT, 0);
  const room = Math.max(0, limit - frame);
  const fillings = sections.map((section) => new Filling(section));
  let left = room;
  for (const filling of fillings) left -= filling.fill(Math.min(left, room * filling.section.share));
  for (const filling of fillings) left -= filling.fill(left);
  return fillings
    .map((filling) => filling.text(desk))
    .join('\n\n')
    .slice(0, limit);
}

class Filling {
  readonly section: Section;
  readonly #taken = new Set<Evidence>();
  readonly #begun = new Set<Block>();

  constructor(section: Section) {
    this.section = section;
  }

  /** Takes what fits into `room` characters. @returns how many of them it took */
  fill(room: number): number {
    let used = 0;
    for (const block of this.section.blocks) {
      for (const fact of block.facts) {
        if (this.#taken.has(fact)) continue;
        const cost = costOf(fact, block) + (this.#begun.has(block) ? 0 : block.title.length + 2);
        if (used + cost > room) continue;
        used += cost;
        this.#begun.add(block);
        this.#taken.add(fact);
      }
    }
    return used;
  }

  text(desk: EvidenceDesk): string {
    const { title, blocks, nothing } = this.section;
    const lines = [`## ${title}`];
    for (const block of blocks.filter((each) => this.#begun.has(each))) {
      if (block.title) lines.push(block.title);
      const shown = block.facts.filter((fact) => this.#taken.has(fact));
      lines.push(...shown.map((fact) => factLine(fact, desk, block.withObject)));
    }
    const all = blocks.reduce((sum, { facts }) => sum + facts.length, 0);
    if (all === 0) lines.push(nothing);
    else if (all > this.#taken.size) lines.push(`… ${counted(all - this.#taken.size, 'more fact')} left out`);
    return lines.join('\n');
  }
}

function costOf({ object, field, text }: Evidence, { withObject }: Block): number {
  return MARKS + (withObject && object ? refLabel(object).length + 1 : 0) + (field?.length ?? 0) + text.length;
}
