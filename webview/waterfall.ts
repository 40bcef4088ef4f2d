import { button } from './components.ts';
import { h, s } from './dom.ts';
import { icon } from './icons.ts';
import type { TraceView } from './protocol/telemetry-view.ts';

/** Pixels by which a call stands in from its caller, and how deep that goes on. */
const INDENT = 12;
const DEEPEST = 8;
/** Thousandths of the trace that are seen at least. */
const LEAST = 6;

const COLUMNS = [
  ['Call', 'name'],
  ['When', 'when'],
  ['Time', 'time'],
] as const;

/** A trace as a table: each call with its time, and as a bar in the time of the whole. */
export function waterfall({ id, duration, source, cut, rows }: TraceView, open: () => void): HTMLElement[] {
  const name = `Trace ${id}, ${duration}`;
  return [
    h(
      'div',
      { class: 'head' },
      h('h3', {}, 'Trace ', h('code', {}, id), ` ${duration}`),
      source !== '' &&
        button(
          { kind: 'quiet', focus: 'open-trace', label: `Open in ${source}: the trace`, click: open },
          `Open in ${source}`,
        ),
    ),
    h(
      'div',
      { class: 'waterfall', tabindex: 0, role: 'region', 'aria-label': name },
      h(
        'table',
        {},
        h('caption', { class: 'unseen' }, `${name}: callers before what they call`),
        h('thead', {}, h('tr', {}, ...COLUMNS.map(([title, name]) => heading(title, name)))),
        h('tbody', {}, ...rows.map(row)),
      ),
    ),
    ...(cut > 0
      ? [h('p', { class: 'note' }, cut === 1 ? '1 more call is not shown.' : `${cut} more calls are not shown.`)]
      : []),
  ];
}

/** Only spoken; the columns have their widths from it. */
function heading(title: string, name: string): HTMLElement {
  return h('th', { scope: 'col', class: name }, h('span', { class: 'unseen' }, title));
}

function row({ service, operation, depth, from, length, duration, error }: TraceView['rows'][number]): HTMLElement {
  const start = Math.min(from, 1_000 - LEAST);
  return h(
    'tr',
    { class: error ? 'error' : '' },
    h(
      'th',
      { scope: 'row' },
      s('svg', { width: INDENT * Math.min(depth, DEEPEST), height: 1, 'aria-hidden': 'true' }),
      depth > 0 && h('span', { class: 'unseen' }, `level ${depth}: `),
      h('span', { class: 'service' }, service),
      ' ',
      h('span', { class: 'operation' }, operation),
    ),
    h(
      'td',
      { class: 'when' },
      s(
        'svg',
        { class: 'bar', viewBox: '0 0 1000 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        s('rect', { class: 'whole', x: 0, y: 4.5, width: 1_000, height: 1 }),
        s('rect', {
          class: 'call',
          x: start,
          y: 0,
          width: Math.max(LEAST, Math.min(length, 1_000 - start)),
          height: 10,
        }),
      ),
    ),
    h('td', { class: 'time' }, error && icon('cross', 12), error && h('strong', {}, 'error '), duration),
  );
}
