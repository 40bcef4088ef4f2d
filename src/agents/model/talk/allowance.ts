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

  /** Before a model is asked. @throws StratusError `model` when nothing is left */
  check(): void {
    const over = exceeded(this.#budget, this.#spent);
    if (over) throw new StratusError('model', `the budget of models is spent: ${over}`);
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
