/** Spearman's correlation of the ranks of pairs: 1 where one rises whenever the other does, -1 where it falls; 0 of too few. */
export function rankCorrelation(pairs: readonly (readonly [number, number])[]): number {
  if (pairs.length < 3) return 0;
  const [a, b] = [ranks(pairs.map(([first]) => first)), ranks(pairs.map(([, second]) => second))];
  const middle = (pairs.length + 1) / 2;
  let [both, left, right] = [0, 0, 0];
  for (const [index, rank] of a.entries()) {
    const [x, y] = [rank - middle, b[index]! - middle];
    both += x * y;
    left += x * x;
    right += y * y;
  }
  return left > 0 && right > 0 ? both / Math.sqrt(left * right) : 0;
}

/** Equal values share the mean of their ranks. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const found = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && order[to + 1]!.value === order[from]!.value) to++;
    for (let at = from; at <= to; at++) found[order[at]!.index] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return found;
}
