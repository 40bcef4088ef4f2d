/** How an incident is mitigated: by the product as it is, or as it would be without what it adds. */
export const WAYS = {
  stratus: 'the product with its default options',
  'no-retry': 'the product with --max-attempts 1: one attempt, undone exactly when it does not help',
  'paper-rule': 'the product with --commit-rule paper: kept unless the number of severity items rises',
  'apply-undo':
    'the first plan of the product, applied by kubectl without rehearsal; unless all checks pass it is undone as the published code does: earlier revision, stored objects applied again',
  naive:
    'plans of the product one after the other, applied by kubectl without rehearsal, judgement or undo: what an attempt wrote stays',
} as const;

export type Way = keyof typeof WAYS;

/** Ways beside the product's own. */
export const BASELINES = (Object.keys(WAYS) as Way[]).filter((way) => way !== 'stratus');

/** Options of the product's own that make it this way; undefined where it only proposes plans. */
export const OPTIONS: Readonly<Partial<Record<Way, readonly string[]>>> = {
  stratus: [],
  'no-retry': ['--max-attempts', '1'],
  'paper-rule': ['--commit-rule', 'paper'],
};

/** @throws Error for a name that is none */
export function parseWays(text: string): Way[] {
  if (text === 'all') return [...BASELINES];
  return text.split(',').map((name) => {
    const way = BASELINES.find((one) => one === name);
    if (!way) throw new Error(`no baseline ${name}; there are: ${BASELINES.join(', ')}, all`);
    return way;
  });
}
