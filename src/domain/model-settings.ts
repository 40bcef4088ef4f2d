/** US dollars for a million tokens, and of which day (ISO 8601) that is known. */
export interface ModelPrice {
  input: number;
  output: number;
  asOf: string;
}

/** Where a model is and how it is asked. */
export interface ModelEndpoint {
  /** `openai`: any server that speaks Chat Completions. `azure`: `baseUrl` is the resource, `model` the deployment. */
  provider: 'openai' | 'azure';
  /** With the version part, as in `http://127.0.0.1:8080/v1`; empty: the provider's own. */
  baseUrl: string;
  model: string;
  /** Null: none is sent. Never written anywhere. */
  apiKey: string | null;
  /** Of Azure's API; default: the newest known. */
  apiVersion?: string;
  /** Tokens that request and answer may have together; default 32,768. */
  contextTokens?: number;
  /** 0..2; default 0, with which the paper measured best (appendix F). Not sent to models that refuse it. */
  temperature?: number;
}

/** How models are used in a run. */
export interface ModelUse {
  /** By the name of the model; one that is not named has no known price. */
  prices: Readonly<Record<string, ModelPrice>>;
  /** Below this confidence (0..1) in the cause no plan of a model runs without a person. */
  confidenceThreshold: number;
  /** K: commands of one plan. */
  maxCommands: number;
  /** Tool calls of one role in one call of it. */
  maxToolCalls: number;
  /** A second, independent diagnosis, asked for with another prompt. */
  secondOpinion: boolean;
  /** Plans of free commands are asked for, besides the listed actions: only for models that the probes found able. */
  freeCommands: boolean;
  /** Paper, section on thought dropout: former thoughts are left out of the conversation. */
  thoughtDropout: boolean;
  /** Long answers of tools are summarised by one more call. */
  summarise: boolean;
  /** E-mail addresses are masked, too. */
  maskEmails: boolean;
  /** Redacted prompts and answers are kept in the run's log; else only their digests. */
  keepBodies: boolean;
}

export const DEFAULT_MODEL_USE: ModelUse = {
  prices: {},
  confidenceThreshold: 0.5,
  maxCommands: 20,
  maxToolCalls: 12,
  secondOpinion: true,
  freeCommands: false,
  thoughtDropout: false,
  summarise: false,
  maskEmails: false,
  keepBodies: false,
};
