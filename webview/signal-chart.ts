import { clock, shortClock } from './clock.ts';
import { h, s } from './dom.ts';
import { disclosure } from './disclosure.ts';
import { MARK_WORDS, markShape, markSign } from './marks.ts';
import type { ChartView, MarkView } from './protocol/chart-view.ts';

const HEIGHT = 118;
const TOP = 16;
const BASE = 98;
/** For the texts of the value axis. */
const LEFT = 64;
const RIGHT = 8;

/**
 * A chart with what it marks in words, and its samples as a table.
 * @param key tells it from others when the part is drawn anew
 */
export function signalChart(key: string, chart: ChartView, width: number, open: Set<string>): HTMLElement {
  const { from, seconds, marks, threshold, band } = chart;
  const until = from + seconds * 1_000;
  return h(
    'figure',
    { class: 'chart' },
    drawing(chart, width),
    h(
      'ul',
      { class: 'legend' },
      band && h('li', {}, h('span', { class: 'swatch band', 'aria-hidden': 'true' }), band.label),
      threshold && h('li', {}, h('span', { class: 'swatch threshold', 'aria-hidden': 'true' }), threshold.label),
      ...marks.map(({ kind, at, label }) =>
        h('li', {}, markSign(kind), `${MARK_WORDS[kind]} ${shortClock(at, until)}${label ? `: ${label}` : ''}`),
      ),
    ),
    disclosure(`samples-${key}`, open, 'Samples', () => [samples(chart)]),
  );
}

function drawing(
  { label, from, seconds, low, high, lines, threshold, band, marks }: ChartView,
  width: number,
): SVGSVGElement {
  const x = (second: number) => Math.round((LEFT + ((width - LEFT - RIGHT) * second) / seconds) * 10) / 10;
  const y = (height: number) => Math.round((BASE - ((BASE - TOP) * height) / 1_000) * 10) / 10;
  const until = from + seconds * 1_000;
  const right = width - RIGHT;
  return s(
    'svg',
    {
      class: 'signal-chart',
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: 'img',
      'aria-label': label,
    },
    band &&
      s('rect', {
        class: 'band',
        x: LEFT,
        y: y(band.high),
        width: right - LEFT,
        height: Math.max(1, y(band.low) - y(band.high)),
      }),
    s('path', { class: 'axis', d: `M${LEFT} ${BASE + 0.5}H${right}` }),
    threshold && s('path', { class: 'threshold', d: `M${LEFT} ${y(threshold.height)}H${right}` }),
    ...marks.map(({ kind, at }) =>
      s('path', { class: `mark-line ${kind}`, d: `M${x((at - from) / 1_000)} ${TOP}V${BASE}` }),
    ),
    ...lines.map(({ points }, index) =>
      s('path', {
        class: index === 0 ? 'line' : 'line onward',
        d: points.map(([second, height], at) => `${at === 0 ? 'M' : 'L'}${x(second)} ${y(height)}`).join(''),
      }),
    ),
    ...inFront(marks).map(({ kind, at, label: words }) =>
      s('g', {}, s('title', {}, `${MARK_WORDS[kind]}: ${words}`), markShape(kind, x((at - from) / 1_000), TOP - 8)),
    ),
    s('text', { x: LEFT - 6, y: TOP + 4, 'text-anchor': 'end' }, high),
    s('text', { x: LEFT - 6, y: BASE + 1, 'text-anchor': 'end' }, low),
    s('text', { x: LEFT, y: HEIGHT - 4 }, shortClock(from, until)),
    s('text', { x: right, y: HEIGHT - 4, 'text-anchor': 'end' }, shortClock(until, until)),
  );
}

/** What the run did lies over what others did, where they touch. */
function inFront(marks: MarkView[]): MarkView[] {
  return [...marks].sort((a, b) => Number(a.kind === 'fix') - Number(b.kind === 'fix'));
}

function samples({ title, from, lines }: ChartView): HTMLElement {
  const rows = ({ points, values }: ChartView['lines'][number]) =>
    points.map(([second], index) =>
      h('tr', {}, h('th', { scope: 'row' }, clock(from + second * 1_000)), h('td', {}, values[index])),
    );
  return h(
    'div',
    { class: 'samples', tabindex: 0, role: 'region', 'aria-label': `Samples: ${title}` },
    h(
      'table',
      {},
      h('caption', { class: 'unseen' }, title),
      ...lines.map((line) =>
        h(
          'tbody',
          {},
          h('tr', {}, h('th', { scope: 'col' }, 'Time'), h('th', { scope: 'col' }, line.label)),
          ...rows(line),
        ),
      ),
    ),
  );
}
