import { shortClock } from './clock.ts';
import { button } from './components.ts';
import { h } from './dom.ts';
import { shortName } from './looks-part.ts';
import type { LogsView } from './protocol/telemetry-view.ts';

const MARKS = { new: 'new', trouble: 'trouble', said: '' } as const;

/** What programs write since something began, template by template with how often. */
export function logBlock({ from, source, host, to, rows, more, unknown }: LogsView, open: () => void): HTMLElement {
  const title = `Logs since ${shortClock(from, to)}`;
  return h(
    'article',
    { class: 'logs' },
    h(
      'div',
      { class: 'head' },
      h('h3', {}, title, ' ', h('em', {}, source)),
      host !== '' &&
        button(
          { kind: 'quiet', focus: 'open-logs', label: `Open in ${host}: the logs`, click: open },
          `Open in ${host}`,
        ),
    ),
    rows.length === 0
      ? h('p', { class: 'note' }, emptyText(unknown))
      : h(
          'ul',
          { 'aria-label': title },
          ...rows.map(({ mark, object, text, said, first, last }) =>
            h(
              'li',
              { class: mark },
              h(
                'p',
                {},
                MARKS[mark] !== '' && h('strong', {}, MARKS[mark]),
                object !== '' && h('span', { class: 'object' }, shortName(object)),
                h('code', {}, text),
              ),
              h('p', { class: 'said' }, `${said}; first ${shortClock(first, to)}, last ${shortClock(last, to)}`),
            ),
          ),
        ),
    more > 0 && h('p', { class: 'note' }, `${more} more kinds of lines are not shown.`),
    rows.length > 0 && unknown !== '' && h('p', { class: 'note' }, `Which of it is new is not known: ${unknown}.`),
  );
}

/** No line is no sign of health where nobody knows whether any would have come. */
function emptyText(unknown: string): string {
  return unknown === ''
    ? 'Nothing new and nothing of trouble was written.'
    : `Nothing is known of what is written: ${unknown}.`;
}
