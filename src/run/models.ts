import type { ToolSpec } from '../domain/chat.ts';
import type { ModelEndpoint } from '../domain/model-settings.ts';
import type { Target } from '../domain/target.ts';
import type { ProposedPlan } from './brains/proposed-plan.ts';

/** A model that answered when it was looked for. */
export interface FoundModel {
  /** `http://127.0.0.1:11434/v1`. */
  baseUrl: string;
  /** Kind of server, as far as it tells. */
  server: string;
  model: string;
}

/** What one probe of a model found. */
export interface ModelProbe {
  name: 'plain' | 'tool call' | 'forced tool' | 'stream' | 'long context';
  works: boolean;
  /** What was seen, one line. */
  text: string;
  milliseconds: number;
}

/** The configured language model. */
export interface Models {
  /** As it is told to people; null when none is configured. */
  configured(): string | null;
  /** Asks the usual local ports. */
  find(signal: AbortSignal): Promise<FoundModel[]>;
  /** Names that a server lists, configured or not. @throws ChatError saying why it lists none */
  list(endpoint: Pick<ModelEndpoint, 'baseUrl' | 'apiKey'>, signal: AbortSignal): Promise<string[]>;
  /** Five probes, told as each ends. @throws StratusError when no model is configured */
  probe(signal: AbortSignal, tell: (probe: ModelProbe) => void): Promise<ModelProbe[]>;
}

/** Read-only tools, the same that models are given in a run; what they answer is bounded, redacted and untrusted. */
export interface ReadTools {
  specs(): Promise<ToolSpec[]>;
  /**
   * @param args JSON text; what is wrong with it is an answer, not an error
   * @throws ClusterError when the cluster does not answer
   */
  call(target: Target, tool: string, args: string, signal: AbortSignal): Promise<{ ok: boolean; text: string }>;
  /**
   * The plan that an agent of somebody else proposes for a target (PROPOSE_PLAN of `propose-plan-tool.ts`). Runs nothing.
   * @throws StratusError `usage`: what is wrong with it, for that agent
   */
  proposal(target: Target, args: unknown): Promise<ProposedPlan>;
}
