import { button } from './components.ts';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import type { TransactionView } from './protocol/ending-view.ts';
import type { Look } from './protocol/finding-view.ts';
import type { AttemptView, RunSnapshot } from './protocol/run-snapshot.ts';
import type { CheckView, SeverityItemView } from './protocol/severity-view.ts';
import { lookButtons, shortName } from './looks-part.ts';
import { drawSparkline } from './sparkline.ts';

type SeverityData = RunSnapshot['severity'] & { width: number };

export interface SeverityActions {
  goTo(namespace: string): void;
  lookAt(item: string, look: Look): void;
}

/** Severity now against the start, and which items it is made of. */
export function renderSeverity(
  { before, now, points, items, marks, stale, width }: SeverityData,
  actions: SeverityActions,
): (HTMLElement | false)[] {
  if (points.length === 0) return [];
  const known = (mu: number | null) => (mu === null ? (stale ? 'not read since' : 'unknown') : String(mu));
  const change =
    points.length < 2
      ? ''
      : stale
        ? 'stale'
        : now === null
          ? 'worse'
          : now < (before ?? 0)
            ? 'better'
            : now > (before ?? 0)
              ? 'worse'
              : '';
  return [
    h('h2', { title: 'How many checks fail, objects are unhealthy and alerts fire here' }, 'Severity'),
    h(
      'p',
      { class: `mu ${change}` },
      h('span', { class: 'unseen' }, 'before '),
      h('span', { class: 'from' }, known(before)),
      points.length > 1 && icon('arrow', 18),
      points.length > 1 && h('span', { class: 'unseen' }, ' now '),
      points.length > 1 && h('span', { class: 'now' }, known(now)),
    ),
    points.length > 1 && chart(points, marks, width),
    stale && h('p', { class: 'note' }, 'Read before the undo. Run again reads the cluster as it is now.'),
    h('ul', { class: 'items' }, ...items.map((item) => renderItem(item, actions))),
  ];
}

function chart(points: SeverityData['points'], marks: SeverityData['marks'], width: number): HTMLElement {
  const element = h('div', {});
  element.append(drawSparkline(points, marks, width));
  return element;
}

const ITEM_WORDS: Record<SeverityItemView['state'], string> = {
  present: 'still wrong',
  gone: 'healthy again',
  new: 'new',
  unread: 'wrong at the start, not read since the undo',
};
const ITEM_ICONS = { present: 'cross', gone: 'check', new: 'warning', unread: 'question' } as const;

function renderItem(
  { id, object, message, state, elsewhere, looks }: SeverityItemView,
  actions: SeverityActions,
): HTMLElement {
  return h(
    'li',
    { class: state },
    icon(ITEM_ICONS[state], 14),
    h('span', { class: 'unseen' }, `${ITEM_WORDS[state]}: `),
    h(
      'span',
      { class: 'what' },
      h('span', { class: 'name' }, shortName(object)),
      ' ',
      message,
      state !== 'gone' &&
        looks.length > 0 &&
        h(
          'details',
          { class: 'doors' },
          h('summary', { 'aria-label': `Open ${object}` }, 'Open'),
          h('div', { class: 'choices' }, ...lookButtons(id, object, looks, (look) => actions.lookAt(id, look))),
        ),
      elsewhere !== '' &&
        h(
          'span',
          { class: 'elsewhere' },
          `It asks namespace ${elsewhere}, which this run does not look at. `,
          button({ kind: 'quiet', focus: `go-${id}`, click: () => actions.goTo(elsewhere) }, `Look at ${elsewhere}`),
        ),
    ),
  );
}

const CHECK_WORDS: Record<CheckView['state'], string> = {
  ok: 'ok',
  bad: 'failing',
  unknown: 'unknown: nothing is kept',
  absent: 'not configured',
  unread: 'not read since the undo',
};

/** What is watched, in other words than those of the settings and logs. */
const CHECK_NAMES: Record<string, string> = {
  'cluster-health': 'objects of the namespace',
  'node-health': 'nodes of the cluster',
  'user-request': 'request checks',
  alerts: 'alerts',
  signals: 'incident types of metrics',
  objectives: 'objectives of metrics',
};

export interface CheckActions {
  addCheck(): void;
  findTelemetry(): void;
}

export function renderChecks(checks: CheckView[], { addCheck, findTelemetry }: CheckActions): HTMLElement[] {
  if (checks.length === 0) return [];
  return [
    h('h2', {}, 'Watched'),
    h(
      'ul',
      { class: 'checks' },
      ...checks.map(({ name, state }) =>
        h(
          'li',
          { class: `check-${state}` },
          h('span', { class: 'lamp', 'aria-hidden': 'true' }),
          h('span', {}, CHECK_NAMES[name] ?? name),
          h('em', {}, CHECK_WORDS[state]),
          state === 'absent' &&
            /request|check/.test(name) &&
            button({ kind: 'quiet', focus: `add-${name}`, click: addCheck }, 'Add a check'),
          state === 'absent' &&
            name === 'alerts' &&
            button({ kind: 'quiet', focus: 'find-telemetry', click: findTelemetry }, 'Find telemetry'),
        ),
      ),
    ),
  ];
}

const OUTCOMES: Record<AttemptView['outcome'], string> = {
  committed: 'kept',
  undone: 'undone',
  unfinished: 'not fully undone',
  rejected: 'rejected',
  failed: 'did not run',
};

export function renderAttempts(attempts: AttemptView[]): HTMLElement[] {
  if (attempts.length === 0) return [];
  return [
    h('h2', {}, 'Attempts'),
    h(
      'ol',
      { class: 'attempts' },
      ...attempts.map(({ attempt, title, outcome, reason }) =>
        h(
          'li',
          { class: outcome, value: attempt },
          icon(outcome === 'committed' ? 'check' : outcome === 'undone' ? 'back' : 'cross', 14),
          h(
            'div',
            {},
            h('span', {}, title),
            ' ',
            h('em', {}, OUTCOMES[outcome]),
            reason !== 'kept' && h('p', {}, reason),
          ),
        ),
      ),
    ),
  ];
}

const STATES: Record<TransactionView['state'], string> = {
  committed: 'can be undone',
  undone: 'undone, verified',
  undoing: 'being undone',
  diverged: 'not fully restored',
  open: 'open',
  interrupted: 'interrupted: needs undo',
};

export interface TransactionActions {
  undo(transaction: string): void;
  inspect(transaction: string): void;
  keep(transaction: string): void;
  showStack(): void;
}

export function renderTransactions(
  transactions: TransactionView[],
  ended: boolean,
  actions: TransactionActions,
): HTMLElement[] {
  if (transactions.length === 0) return [];
  return [
    h('h2', {}, 'Undo stack'),
    h(
      'ul',
      { class: 'transactions' },
      ...[...transactions]
        .reverse()
        .map(({ id, title, state }) =>
          h(
            'li',
            { class: state },
            icon(state === 'committed' ? 'check' : state === 'undone' || state === 'undoing' ? 'back' : 'warning', 14),
            h('span', { class: 'what' }, title !== '' && h('span', { class: 'title' }, title), h('code', {}, id)),
            h('em', {}, STATES[state]),
            ended && h('span', { class: 'choices' }, ...transactionButtons(id, state, actions)),
          ),
        ),
    ),
    button({ kind: 'quiet', focus: 'stack', click: () => actions.showStack() }, 'Show in the Undo stack view'),
  ];
}

function transactionButtons(id: string, state: TransactionView['state'], actions: TransactionActions): HTMLElement[] {
  // Several transactions have the same buttons: the spoken name tells them apart, and begins with what is written.
  const way = (name: string, text: string, label: string, click: () => void) =>
    button({ small: true, focus: `${name}-${id}`, label, click }, text);
  if (state === 'committed') return [way('undo', 'Undo', `Undo ${id}`, () => actions.undo(id))];
  if (state === 'interrupted')
    return [
      way('inspect', 'Show differences', `Show differences: what ${id} changed`, () => actions.inspect(id)),
      way('undo', 'Undo', `Undo ${id}`, () => actions.undo(id)),
      way('keep', 'Keep as it is', `Keep as it is: ${id}`, () => actions.keep(id)),
    ];
  if (state !== 'diverged') return [];
  return [
    way('inspect', 'Inspect', `Inspect what the undo of ${id} could not restore`, () => actions.inspect(id)),
    way('undo', 'Try again', `Try again to undo ${id}`, () => actions.undo(id)),
    way('keep', 'Keep as it is', `Keep as it is: ${id}`, () => actions.keep(id)),
  ];
}
