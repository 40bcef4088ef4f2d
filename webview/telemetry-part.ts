import { button } from './components.ts';
import { clock, shortClock } from './clock.ts';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import { logBlock } from './log-block.ts';
import { shortName } from './looks-part.ts';
import type { SignalView, SuspectView, TelemetryView } from './protocol/telemetry-view.ts';
import { signalChart } from './signal-chart.ts';
import { togetherBlock } from './together-block.ts';
import { waterfall } from './waterfall.ts';

export interface TelemetryData {
  telemetry: TelemetryView | null;
  /** Of a chart, pixels. */
  width: number;
}

const LEVEL_ICONS = { incident: 'cross', early: 'warning', forecast: 'arrow' } as const;

/**
 * What metrics and traces showed when the cause was looked for.
 * @param open names of what is open in it
 * @param openSource opens where the trace (-1), the logs (-2) or the series of a signal come from
 */
export function renderTelemetry(
  { telemetry, width }: TelemetryData,
  open: Set<string>,
  openSource: (signal: number) => void,
): HTMLElement[] {
  if (!telemetry) return [];
  const { at, signals, suspects, trace, together, logs, kernel, unknown } = telemetry;
  const seen = signals.length + suspects.length + together.length + kernel.length + unknown.length;
  const nothing = seen === 0 && !trace && !logs;
  return [
    h('h2', {}, 'Telemetry', ' ', h('small', {}, `read ${clock(at)}`)),
    ...(nothing ? [h('p', { class: 'note' }, 'Nothing unusual was seen in what was read of metrics and traces.')] : []),
    ...together.map((one) => togetherBlock(one, at)),
    ...(suspects.length > 0 ? [h('ol', { class: 'suspects' }, ...suspects.map(renderSuspect))] : []),
    ...(trace ? [h('div', { class: 'trace' }, ...waterfall(trace, () => openSource(-1)))] : []),
    ...signals.map((signal, index) =>
      renderSignal(signal, { key: String(index), at, width, open, openSource: () => openSource(index) }),
    ),
    ...(kernel.length > 0
      ? [h('div', { class: 'kernel' }, h('h3', {}, 'Kernels'), h('ul', {}, ...kernel.map((text) => h('li', {}, text))))]
      : []),
    ...(logs ? [logBlock(logs, () => openSource(-2))] : []),
    ...(unknown.length > 0
      ? [
          h(
            'div',
            { class: 'unknown' },
            h('h3', {}, icon('question', 14), 'Not known'),
            h('ul', {}, ...unknown.map((reason) => h('li', {}, reason))),
          ),
        ]
      : []),
  ];
}

function renderSuspect({ object, pod, message, sure }: SuspectView): HTMLElement {
  return h(
    'li',
    {},
    h(
      'p',
      {},
      'It probably begins in ',
      h('strong', {}, shortName(object)),
      pod !== '' && `, in one pod only: ${shortName(pod)}`,
    ),
    h('p', { class: 'said' }, message),
    h('p', { class: 'sure' }, sure),
  );
}

interface SignalPlace {
  key: string;
  /** When telemetry was read. */
  at: number;
  width: number;
  open: Set<string>;
  openSource(): void;
}

function renderSignal(
  { level, standing, object, message, since, source, chart }: SignalView,
  { key, at, width, open, openSource }: SignalPlace,
): HTMLElement {
  return h(
    'article',
    { class: `signal ${level}` },
    h(
      'div',
      { class: 'head' },
      h(
        'h3',
        {},
        icon(LEVEL_ICONS[level], 14),
        object ? shortName(object) : 'No object that is known',
        ' ',
        h('em', {}, standing),
      ),
      source !== '' &&
        button(
          { kind: 'quiet', focus: `open-signal-${key}`, label: `Open in ${source}: ${message}`, click: openSource },
          `Open in ${source}`,
        ),
    ),
    h(
      'p',
      { class: 'message' },
      message,
      level !== 'forecast' && h('span', { class: 'since' }, `, since ${shortClock(since, at)}`),
    ),
    chart && signalChart(key, chart, width, open),
  );
}
