import { badge, progressRing } from './components.ts';
import { evidenceRow } from './findings-part.ts';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import { WHO } from './log-part.ts';
import type { AgentView, ModelsView, ToolCallView } from './protocol/agents-view.ts';
import type { Look } from './protocol/finding-view.ts';
import type { RunSnapshot } from './protocol/run-snapshot.ts';

export interface AgentActions {
  /** @param call which call of a tool */
  look(call: number, evidence: number, look: Look): void;
}

/**
 * What agents think while they think it. Text is replaced in place, so that what somebody opened stays open; none of it
 * is announced as it streams: a thought that is whole stands in the log, which is.
 */
export class AgentsPart {
  readonly element: HTMLElement;
  readonly #actions: AgentActions;
  readonly #notes = h('div', { class: 'hand-overs' });
  readonly #list = h('div', { class: 'agents' });
  readonly #agents = new Map<AgentView['who'], AgentCard>();
  #run = '';

  constructor(actions: AgentActions) {
    this.#actions = actions;
    this.element = h(
      'section',
      { class: 'agents-part', hidden: true },
      h('h2', {}, 'What the agents think'),
      this.#notes,
      this.#list,
    );
  }

  update({ run, agents, models }: Pick<RunSnapshot, 'run' | 'agents' | 'models'>): void {
    if (run !== this.#run) {
      this.invalidate();
      this.#run = run;
    }
    const handOvers = models?.handOvers ?? [];
    for (const handOver of handOvers.slice(this.#notes.childElementCount)) this.#notes.append(renderHandOver(handOver));
    for (const agent of agents) this.#card(agent.who).update(agent);
    this.element.hidden = agents.length === 0 && handOvers.length === 0;
  }

  /** Draws everything again at the next update. */
  invalidate(): void {
    this.#agents.clear();
    this.#list.replaceChildren();
    this.#notes.replaceChildren();
  }

  #card(who: AgentView['who']): AgentCard {
    const known = this.#agents.get(who);
    if (known) return known;
    const card = new AgentCard(who, this.#actions);
    this.#agents.set(who, card);
    this.#list.append(card.element);
    return card;
  }
}

function renderHandOver({ text, failed }: ModelsView['handOvers'][number]): HTMLElement {
  return h('p', { class: failed ? 'hand-over failed' : 'hand-over' }, icon(failed ? 'warning' : 'arrow', 14), text);
}

/** One agent: its latest thought, and what it looked at, folded. */
class AgentCard {
  readonly element: HTMLElement;
  readonly #actions: AgentActions;
  readonly #ring = progressRing();
  readonly #thought = h('p', { class: 'thought' });
  readonly #spend = h('span', { class: 'spend' });
  readonly #count = h('summary');
  readonly #more = h('li', { class: 'note', hidden: true });
  readonly #calls = h('ol', {}, this.#more);
  readonly #tools: HTMLElement;
  #last = 0;

  constructor(who: AgentView['who'], actions: AgentActions) {
    this.#actions = actions;
    const [name, meaning] = WHO[who];
    this.#tools = h('details', { class: 'tools', hidden: true }, this.#count, this.#calls);
    this.element = h(
      'article',
      { class: 'agent' },
      h('div', { class: 'head' }, h('h3', { title: meaning }, name), this.#ring, this.#spend),
      this.#thought,
      this.#tools,
    );
  }

  update({ thought, thinking, tools, moreTools, spend }: AgentView): void {
    this.#ring.hidden = !thinking;
    setText(this.#thought, thought);
    this.#thought.hidden = thought === '';
    this.#thought.classList.toggle('thinking', thinking);
    setText(this.#spend, spend);
    const count = tools.length + moreTools;
    setText(this.#count, count === 1 ? 'Looked at 1 thing' : `Looked at ${count} things`);
    this.#tools.hidden = count === 0;
    this.#more.hidden = moreTools === 0;
    setText(this.#more, moreTools === 0 ? '' : `${moreTools} earlier: see the model requests and the log of the run`);
    for (const call of tools) {
      if (call.id <= this.#last) continue;
      this.#last = call.id;
      this.#calls.append(renderCall(call, this.#actions));
    }
    // Those that the host left out have gone here, too.
    while (this.#calls.childElementCount - 1 > tools.length) this.#more.nextElementSibling?.remove();
  }
}

function renderCall({ id, tool, args, digest, evidence }: ToolCallView, actions: AgentActions): HTMLElement {
  return h(
    'li',
    {},
    h(
      'details',
      {},
      h('summary', {}, badge('tool', tool), ' ', h('code', {}, args)),
      h('p', { class: 'digest' }, digest),
      evidence.length > 0 &&
        h(
          'table',
          { class: 'evidence' },
          h('caption', { class: 'unseen' }, `Evidence of ${tool}`),
          ...evidence.map((one, index) =>
            evidenceRow(`tool-${id}`, one, index, (look) => actions.look(id, index, look)),
          ),
        ),
    ),
  );
}

/** Leaves a text that is the same alone: a selection in it survives. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
