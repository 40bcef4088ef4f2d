import { s } from './dom.ts';
import type { Label } from './label-room.ts';
import { labelsThatFit } from './label-room.ts';
import { MARK_WORDS, markShape } from './marks.ts';
import type { MarkView } from './protocol/chart-view.ts';
import type { SeverityPoint } from './protocol/severity-view.ts';

const HEIGHT = 76;
const LEFT = 14;
const TOP = 16;
const BASE = 54;

/**
 * Severity over the run as a stepped line: one dot per reading, the start as a dashed line to compare with.
 * @param marks stand between the readings before and after them; those from before the first at the left edge
 */
export function drawSparkline(points: SeverityPoint[], marks: MarkView[], width: number): SVGSVGElement {
  const values = points.map(({ mu }) => mu);
  const top = Math.max(1, ...values.filter((mu) => mu !== null));
  const x = (index: number) =>
    points.length === 1 ? width / 2 : Math.round(LEFT + ((width - 2 * LEFT) * index) / (points.length - 1));
  const y = (mu: number) => Math.round(BASE - ((BASE - TOP) * mu) / top);
  const ends = [0, points.length - 1];
  const named = labelsThatFit(
    points.map(({ label }, index) => {
      return {
        text: label,
        x: x(index),
        anchor: anchor(index, points.length),
        rank: ends.includes(index) ? 2 : /^before/.test(label) ? 0 : 1,
      };
    }),
    10,
  );
  const first = values.find((mu) => mu !== null) ?? 0;
  let path = '';
  let area = '';
  points.forEach(({ mu }, index) => {
    if (mu === null) return;
    path += path === '' ? `M${x(index)} ${y(mu)}` : `H${x(index)}V${y(mu)}`;
    area += area === '' ? `M${x(index)} ${BASE}V${y(mu)}` : `H${x(index)}V${y(mu)}`;
  });
  if (area !== '') area += `V${BASE}Z`;
  const spoken = marks.map(({ kind, label }) => `${MARK_WORDS[kind]}: ${label}`);
  return s(
    'svg',
    {
      class: 'sparkline',
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: 'img',
      'aria-label': `Severity: ${[points.map(({ label, mu }) => `${label} ${mu ?? 'unknown'}`).join(', '), ...spoken].join('; ')}`,
    },
    s('path', { class: 'axis', d: `M0 ${BASE + 0.5}H${width}` }),
    s('path', { class: 'baseline', d: `M0 ${y(first)}H${width}` }),
    ...marks.map(({ kind, at }) =>
      s('path', { class: `mark-line ${kind}`, d: `M${placeOf(at, points, x)} ${TOP}V${BASE}` }),
    ),
    s('path', { class: 'area', d: area }),
    s('path', { class: 'line', d: path }),
    ...points.map((point, index) => {
      const { mu, label } = point;
      const at = mu === null ? TOP : y(mu);
      const better = mu !== null && mu < first ? 'better' : mu === null || mu > first ? 'worse' : 'same';
      const previous = values[index - 1];
      const last = index === points.length - 1;
      // The line comes down through the place above a lower point, so its value stands beside it.
      const lower = mu !== null && previous !== undefined && previous !== null && mu < previous;
      const value = lower
        ? { x: x(index) - 8, y: at + 3, 'text-anchor': 'end' }
        : { x: x(index), y: at - 7, 'text-anchor': 'middle' };
      const words = { x: x(index), y: BASE + 15, 'text-anchor': anchor(index, points.length) };
      return s(
        'g',
        { class: `point ${better}` },
        s('title', {}, `${label}: ${mu ?? 'unknown'}`),
        s('circle', { cx: x(index), cy: at, r: last ? 4 : 3 }),
        (mu !== previous || last) && s('text', { class: 'value', ...value }, mu === null ? '?' : String(mu)),
        named[index]! && s('text', { class: 'label', ...words }, label),
      );
    }),
    ...marks.map(({ kind, at, label }) =>
      s('g', {}, s('title', {}, `${MARK_WORDS[kind]}: ${label}`), markShape(kind, placeOf(at, points, x), BASE)),
    ),
  );
}

/** Readings stand at equal distances, whatever the time between them; what happened between two does so by its time. */
function placeOf(at: number, points: SeverityPoint[], x: (index: number) => number): number {
  const after = points.findIndex((point) => point.at >= at);
  if (after === 0) return x(0);
  if (after < 0) return x(points.length - 1);
  const [from, to] = [points[after - 1]!.at, points[after]!.at];
  return Math.round(x(after - 1) + ((x(after) - x(after - 1)) * (at - from)) / Math.max(1, to - from));
}

function anchor(index: number, count: number): Label['anchor'] {
  if (count === 1) return 'middle';
  return index === 0 ? 'start' : index === count - 1 ? 'end' : 'middle';
}
