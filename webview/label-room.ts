/** A word in a drawing, in pixels along its line. */
export interface Label {
  text: string;
  x: number;
  anchor: 'start' | 'middle' | 'end';
  /** Of two that would touch, the one with the higher rank stays. */
  rank: number;
}

/** Width of one character, a little more than fonts of editors have at a size. */
const CHARACTER = 0.62;
/** Free pixels between two words. */
const GAP = 6;

/** Which of the labels can be written without touching another, in their order. */
export function labelsThatFit(labels: readonly Label[], fontSize: number): boolean[] {
  const spans = labels.map(({ text, x, anchor }) => {
    const width = text.length * fontSize * CHARACTER;
    const from = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
    return { from, to: from + width };
  });
  const fits = labels.map(() => false);
  const byRank = labels.map((_, index) => index).sort((a, b) => labels[b]!.rank - labels[a]!.rank || a - b);
  for (const index of byRank) {
    const { from, to } = spans[index]!;
    fits[index] = spans.every((other, at) => !fits[at] || to + GAP <= other.from || other.to + GAP <= from);
  }
  return fits;
}
