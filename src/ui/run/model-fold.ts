import type { Budget } from '../../domain/budget.ts';
import type { Evidence } from '../../domain/finding.ts';
import type { HandOver } from '../../domain/machine/hand-over.ts';
import { HandOverWatch } from '../../domain/machine/hand-over.ts';
import type { RunSpend } from '../../domain/model-spend.ts';
import { NO_SPEND, withUsage } from '../../domain/model-spend.ts';
import type { AgentName, RunEvent } from '../../domain/run-event.ts';
import { NO_LIMIT } from '../../domain/budget.ts';

/** One call of a tool by an agent. */
export interface ToolCallFold {
  /** Position among all of the run, from one. */
  id: number;
  tool: string;
  args: string;
  digest: string;
  evidence: readonly Evidence[];
}

/** What one agent lets see of its work with a model. */
export interface AgentFold {
  agent: AgentName;
  /** The latest thought; of one that streams, the latest that it streamed: what others say in its name is in the log. */
  thought: string;
  /** More of it is to come. */
  isThinking: boolean;
  tools: ToolCallFold[];
  /** It streamed, called a tool or asked a model; without any of these its thoughts are in the log alone. */
  asksModel: boolean;
}

/** What the events of a run tell of its brains and models; `apply` takes them in their order. */
export class ModelFold {
  spend: RunSpend = NO_SPEND;
  budget: Budget = NO_LIMIT;
  readonly handOvers: HandOver[] = [];
  readonly #watch = new HandOverWatch();
  readonly #agents = new Map<AgentName, AgentFold>();
  readonly #streams = new Set<AgentName>();
  #calls = 0;

  /** Those that asked a model, in the order in which they began. */
  get agents(): AgentFold[] {
    return [...this.#agents.values()].filter(({ asksModel }) => asksModel);
  }

  /** @returns the hand-over that the event brought about */
  apply(event: RunEvent): HandOver | null {
    const handOver = this.#watch.apply(event);
    if (handOver) this.handOvers.push(handOver);
    switch (event.type) {
      case 'started':
        this.budget = event.options.budget;
        break;
      case 'budgetExtended':
        this.budget = event.budget;
        break;
      case 'thought': {
        const agent = this.#agent(event.agent);
        if (event.partial || agent.isThinking || !this.#streams.has(event.agent)) agent.thought = event.text;
        agent.isThinking = event.partial === true;
        if (!event.partial) break;
        agent.asksModel = true;
        this.#streams.add(event.agent);
        break;
      }
      case 'toolCall': {
        const { tool, args, digest, evidence = [] } = event;
        const agent = this.#agent(event.agent);
        agent.tools.push({ id: ++this.#calls, tool, args, digest, evidence });
        agent.asksModel = true;
        break;
      }
      case 'usage':
        this.spend = withUsage(this.spend, event);
        if (event.agent) this.#agent(event.agent).asksModel = true;
        break;
      case 'phase':
      case 'effectFailed':
      case 'result':
        // Nobody goes on with a thought of a phase that is over.
        for (const agent of this.#agents.values()) agent.isThinking = false;
        break;
      default:
    }
    return handOver;
  }

  #agent(agent: AgentName): AgentFold {
    const known = this.#agents.get(agent);
    if (known) return known;
    const made: AgentFold = { agent, thought: '', isThinking: false, tools: [], asksModel: false };
    this.#agents.set(agent, made);
    return made;
  }
}
