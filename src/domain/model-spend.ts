import { counted } from '../text/plain-text.ts';
import type { Budget } from './budget.ts';
import type { AgentName, RunEvent } from './run-event.ts';

/** What calls of models took. */
export interface ModelSpend {
  calls: number;
  tokensIn: number;
  tokensOut: number;
  /** US dollars of the calls whose price is known. */
  usd: number;
  /** Calls whose price is not known. */
  unpriced: number;
  /** Tokens of a call were not counted, but worked out from the characters. */
  estimated: boolean;
}

/** What models of a run took, for each role that asked one, and which models these were. */
export interface RunSpend {
  total: ModelSpend;
  /** In the order of their first calls; calls of no role in logs that do not say it are in `total` alone. */
  roles: (ModelSpend & { agent: AgentName })[];
  /** In the order of their first calls. `scripted`: a script answered in its name. */
  models: { name: string; scripted: boolean }[];
}

const NOTHING: ModelSpend = { calls: 0, tokensIn: 0, tokensOut: 0, usd: 0, unpriced: 0, estimated: false };

export const NO_SPEND: RunSpend = { total: NOTHING, roles: [], models: [] };

type UsageEvent = Extract<RunEvent, { type: 'usage' }>;

/** With one more call. */
export function withUsage({ total, roles, models }: RunSpend, usage: UsageEvent): RunSpend {
  const { agent, model: name, scripted = false } = usage;
  const known = roles.some((role) => role.agent === agent);
  const listed = agent && !known ? [...roles, { ...NOTHING, agent }] : roles;
  const named = models.some((model) => model.name === name && model.scripted === scripted);
  return {
    total: plus(total, usage),
    roles: listed.map((role) => (role.agent === agent ? { ...role, ...plus(role, usage) } : role)),
    models: named ? models : [...models, { name, scripted }],
  };
}

export function spendOf(events: readonly RunEvent[]): RunSpend {
  return events.reduce((spend, event) => (event.type === 'usage' ? withUsage(spend, event) : spend), NO_SPEND);
}

function plus(spend: ModelSpend, { tokensIn, tokensOut, usd, estimated }: UsageEvent): ModelSpend {
  return {
    calls: spend.calls + 1,
    tokensIn: spend.tokensIn + tokensIn,
    tokensOut: spend.tokensOut + tokensOut,
    usd: spend.usd + (usd ?? 0),
    unpriced: spend.unpriced + (usd === null ? 1 : 0),
    estimated: spend.estimated || estimated === true,
  };
}

/** `$0.0123`; what is not known is said, and never stands as nothing. */
export function costText({ usd, unpriced, calls }: Pick<ModelSpend, 'usd' | 'unpriced' | 'calls'>): string {
  if (unpriced === 0) return dollars(usd);
  return unpriced === calls ? 'cost unknown' : `${dollars(usd)} and ${unpriced} of ${calls} calls of unknown cost`;
}

/** As exact as small amounts need. */
export function dollars(usd: number): string {
  return `$${usd.toFixed(usd > 0 && usd < 1 ? 4 : 2)}`;
}

/** `3 calls, 4,210 tokens (4,000 read, 210 written), $0.0123`. */
export function spendText(spend: ModelSpend): string {
  const { calls, tokensIn, tokensOut, estimated } = spend;
  const about = estimated ? 'about ' : '';
  const tokens = `${about}${grouped(tokensIn + tokensOut)} tokens (${grouped(tokensIn)} read, ${grouped(tokensOut)} written)`;
  return `${counted(calls, 'call')}, ${tokens}, ${costText(spend)}`;
}

/** `4,210`: in English as all texts here. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** `qwen2.5 (scripted model)`. */
export function modelText({ name, scripted }: RunSpend['models'][number]): string {
  return scripted ? `${name} (scripted model)` : name;
}

/** A limit of the budget and what is used of it. */
export interface LimitUse {
  what: 'dollars' | 'tokens' | 'calls';
  used: number;
  limit: number;
  /** `$0.01 of $1.00`. */
  text: string;
}

/** The limits that there are. Calls of unknown price count nothing against dollars: the text says so. */
export function limitUses(budget: Pick<Budget, 'usd' | 'tokens' | 'calls'>, total: ModelSpend): LimitUse[] {
  const uses: LimitUse[] = [];
  if (budget.usd !== null) {
    const unknown = total.unpriced > 0 ? `, without ${counted(total.unpriced, 'call')} of unknown cost` : '';
    const text = `${dollars(total.usd)} of ${dollars(budget.usd)}${unknown}`;
    uses.push({ what: 'dollars', used: total.usd, limit: budget.usd, text });
  }
  if (budget.tokens !== null) {
    const used = total.tokensIn + total.tokensOut;
    uses.push({
      what: 'tokens',
      used,
      limit: budget.tokens,
      text: `${grouped(used)} of ${grouped(budget.tokens)} tokens`,
    });
  }
  if (budget.calls !== null) {
    const text = `${total.calls} of ${budget.calls} calls`;
    uses.push({ what: 'calls', used: total.calls, limit: budget.calls, text });
  }
  return uses;
}
