import type { EvidenceView } from './finding-view.ts';

/** One call of a tool by an agent. */
export interface ToolCallView {
  /** Position among all of the run, from one; a call never changes. */
  id: number;
  tool: string;
  args: string;
  /** What it answered, in short. */
  digest: string;
  evidence: EvidenceView[];
}

/** An agent that asks a model. */
export interface AgentView {
  who: 'detection' | 'diagnosis' | 'mitigation' | 'undo';
  /** Its latest thought. */
  thought: string;
  /** The thought goes on: the next text replaces it. */
  thinking: boolean;
  /** The latest ones. */
  tools: ToolCallView[];
  /** Earlier ones, which `tools` leaves out. */
  moreTools: number;
  /** What its calls of a model took, in words; empty while none has ended. */
  spend: string;
}

export interface SpendView {
  calls: number;
  /** `about` where nobody counted them. */
  tokens: string;
  /** In dollars, or that it is unknown. */
  cost: string;
}

/** Models that were asked, and what that took. */
export interface ModelsView {
  names: { name: string; scripted: boolean }[];
  roles: ({ who: AgentView['who'] } & SpendView)[];
  total: SpendView;
  /** Limits of the run's budget. */
  limits: { what: 'dollars' | 'tokens' | 'calls'; used: number; limit: number; text: string }[];
  /** One brain gave way to another. `failed`: not because it knew no more. */
  handOvers: { text: string; failed: boolean }[];
}
