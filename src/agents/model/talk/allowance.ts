import type { Budget, Spent, Usage } from '../../../domain/budget.ts';
import { exceeded, NOTHING_SPENT, spend } from '../../../domain/budget.ts';
import type { ModelPrice } from '../../../domain/model-settings.ts';
import { StratusError } from '../../../domain/stratus-error.ts';

/** What one call of a brain may still spend on models. */
export class Allowance {
  readonly #budget: Budget;
  #spent: Spent = NOTHING_SPENT;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /**
   * Before a model is asked.
   * @param tokens that the request will take, as far as can be told
   * @param priced whether what it costs can be told
   * @throws StratusError `model` when too little is left, or nobody could tell whether it is
   */
  check(tokens: number, priced: boolean): void {
    const over = exceeded(this.#budget, this.#spent);
    if (over) throw new StratusError('model', `the budget of models is spent: ${over}`);
    const left = this.#budget.tokens === null ? null : this.#budget.tokens - this.#spent.tokens;
    if (left !== null && tokens > left)
      throw new StratusError(
        'model',
        `the budget of models is spent: the next request takes about ${tokens} tokens, ${left} are left`,
      );
    if (this.#budget.usd !== null && !priced)
      throw new StratusError(
        'model',
        'the budget is in dollars, and the price of the model is not known: name it among the prices, or limit tokens or calls instead',
      );
  }

  spend(usage: Usage): void {
    this.#spent = spend(this.#spent, usage);
  }
}

/** US dollars of a call; null where no price is known. A price of 0 has to be stated. */
export function priceOf(
  prices: Readonly<Record<string, ModelPrice>>,
  model: string,
  tokensIn: number,
  tokensOut: number,
): number | null {
  const price = Object.hasOwn(prices, model) ? prices[model] : undefined;
  return price ? (tokensIn * price.input + tokensOut * price.output) / 1e6 : null;
}
