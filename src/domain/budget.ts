/** What brains may spend in one run; null: no limit. */
export interface Budget {
  /** US dollars. */
  usd: number | null;
  /** Tokens read and written, together. */
  tokens: number | null;
  /** Calls of a model. */
  calls: number | null;
  /** Milliseconds that one call of a brain may take. */
  thinkMs: number;
}

export interface Spent {
  /** Of the calls whose price is known. */
  usd: number;
  tokens: number;
  calls: number;
  /** Calls whose price is not known; absent in logs of former versions. */
  unpriced?: number;
}

export const NO_LIMIT: Budget = { usd: null, tokens: null, calls: null, thinkMs: 120_000 };
export const NOTHING_SPENT: Spent = { usd: 0, tokens: 0, calls: 0, unpriced: 0 };

/** Tokens and price of one call of a model. */
export interface Usage {
  model: string;
  tokensIn: number;
  tokensOut: number;
  /** US dollars; null where the price is not known. */
  usd: number | null;
  /** Nobody counted them: worked out from the characters. */
  estimated?: true;
  /** A script answered, no model. */
  scripted?: true;
}

/** What was asked and answered in one call, for whoever looks at it afterwards. */
export interface ModelCall {
  /** What the call was for, in words: `ranking causes`. */
  purpose: string;
  milliseconds: number;
  /** SHA-256 of what was sent and of what came back, in hexadecimal. */
  request: string;
  answer: string;
  /** The same in full, redacted; absent unless the user keeps them. */
  requestText?: string;
  answerText?: string;
  /** Why it failed; absent where it did not. */
  problem?: string;
}

export function spend(spent: Spent, usage: Usage): Spent {
  return {
    usd: spent.usd + (usage.usd ?? 0),
    tokens: spent.tokens + usage.tokensIn + usage.tokensOut,
    calls: spent.calls + 1,
    unpriced: (spent.unpriced ?? 0) + (usage.usd === null ? 1 : 0),
  };
}

export function left(budget: Budget, spent: Spent): Budget {
  const rest = (limit: number | null, used: number) => (limit === null ? null : Math.max(0, limit - used));
  return {
    usd: rest(budget.usd, spent.usd),
    tokens: rest(budget.tokens, spent.tokens),
    calls: rest(budget.calls, spent.calls),
    thinkMs: budget.thinkMs,
  };
}

/** Which limit is reached, in words; null while none is. */
export function exceeded(budget: Budget, spent: Spent): string | null {
  const over = (limit: number | null, used: number): limit is number => limit !== null && used >= limit;
  if (over(budget.usd, spent.usd)) return `$${spent.usd.toFixed(2)} of $${budget.usd.toFixed(2)} are spent`;
  if (over(budget.tokens, spent.tokens)) return `${spent.tokens} of ${budget.tokens} tokens are spent`;
  if (over(budget.calls, spent.calls)) return `${spent.calls} of ${budget.calls} calls of a model are made`;
  return null;
}

/** What was spent in US dollars; null where the price of a call is not known. */
export function cost(spent: Spent): number | null {
  return (spent.unpriced ?? 0) > 0 ? null : spent.usd;
}

/** The budget with as much again of what was limited at the start. */
export function extended(budget: Budget, start: Budget): Budget {
  const more = (limit: number | null, first: number | null) => (limit === null ? null : limit + (first ?? 0));
  return {
    usd: more(budget.usd, start.usd),
    tokens: more(budget.tokens, start.tokens),
    calls: more(budget.calls, start.calls),
    thinkMs: budget.thinkMs,
  };
}
