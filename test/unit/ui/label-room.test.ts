import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Label } from '../../../webview/label-room.ts';
import { labelsThatFit } from '../../../webview/label-room.ts';

const label = fc.record<Label>({
  text: fc.constantFrom('Undo', 'Verify', 'Learn', 'Diagnose', 'before', 'start'),
  x: fc.integer({ min: 0, max: 600 }),
  anchor: fc.constantFrom('start', 'middle', 'end'),
  rank: fc.integer({ min: 0, max: 2 }),
});

it('no two labels that are written touch, and the one that matters most is written', () => {
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 12 }), fc.constantFrom(10, 11), (labels, size) => {
      const fits = labelsThatFit(labels, size);
      const spans = labels
        .filter((_, index) => fits[index])
        .map(({ text, x, anchor }) => {
          // What a wide font needs.
          const width = text.length * size * 0.6;
          return anchor === 'start'
            ? [x, x + width]
            : anchor === 'end'
              ? [x - width, x]
              : [x - width / 2, x + width / 2];
        })
        .sort((a, b) => a[0]! - b[0]!);
      for (const [index, span] of spans.slice(1).entries()) expect(span[0]).toBeGreaterThan(spans[index]![1]!);
      const top = Math.max(...labels.map(({ rank }) => rank));
      expect(labels.some(({ rank }, index) => rank === top && fits[index])).toBe(true);
    }),
  );
});

it('what has room is written', () => {
  const at = (x: number, rank = 0): Label => ({ text: 'Undo', x, anchor: 'middle', rank });
  expect(labelsThatFit([at(50), at(100), at(150)], 10)).toEqual([true, true, true]);
  expect(labelsThatFit([at(50), at(60, 1), at(70)], 10)).toEqual([false, true, false]);
});
