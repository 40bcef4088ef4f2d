import * as z from 'zod';
import type { Case } from '../talk/case.ts';
import { openTalk, quoted } from '../talk/case.ts';
import { severityText } from '../talk/listing.ts';
import { askFor } from '../talk/structured.ts';

export interface Listed {
  id: string;
  text: string;
}

/** What each kind of list is ranked by, in the words of the prompt. */
const AIM = { causes: 'is the root cause', actions: 'makes the cluster healthy again' } as const;
const MOST = 5;
const ANSWER_TOKENS = 200;

/**
 * The listed ids in the model's order, best first: the one way in which small models are asked, because they choose far
 * better than they write. Ids that it leaves out follow in the order of the list.
 * @throws ChatError, StratusError `model`
 */
export async function rank(
  one: Case,
  what: keyof typeof AIM,
  listed: readonly Listed[],
  text: string,
): Promise<string[]> {
  const [first, ...others] = listed.map(({ id }) => id);
  if (first === undefined || others.length === 0) return first === undefined ? [] : [first];
  const talk = openTalk(one, `ranking ${what}`, 'ranking', {
    what,
    aim: AIM[what],
    most: String(Math.min(MOST, listed.length)),
    severity: quoted(one, severityText(one.context.severity)),
    case: quoted(one, text),
    listed: quoted(one, listed.map(({ id, text: line }) => `${id}: ${line}`).join('\n')),
  });
  const form = {
    name: 'submit_ranking',
    description: `The ids of the ${what}, best first.`,
    // Names no other id: a server that keeps to a grammar cannot invent one.
    schema: z.object({
      order: z
        .array(z.enum([first, ...others]))
        .min(1)
        .max(MOST),
    }),
  };
  const { order } = await askFor(talk, form, ANSWER_TOKENS);
  return [...new Set([...order, first, ...others])];
}

/** Constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009). */
const FUSION = 60;

/** The model's order and that of the list, which is by rule, in one: a small model alone is no better than chance. */
export function fused(order: readonly string[], listed: readonly Listed[]): string[] {
  const weight = (id: string) =>
    1 / (FUSION + order.indexOf(id)) + 1 / (FUSION + listed.findIndex((one) => one.id === id));
  return [...order].sort((a, b) => weight(b) - weight(a));
}
