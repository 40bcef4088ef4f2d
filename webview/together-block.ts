import { shortClock } from './clock.ts';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import { shortName } from './looks-part.ts';
import type { TogetherView } from './protocol/telemetry-view.ts';

/** Things that belong together: where it begins, then each with why it belongs to the others. @param at when it was read */
export function togetherBlock({ what, since, root, reason, members, more }: TogetherView, at: number): HTMLElement {
  return h(
    'article',
    { class: 'together' },
    h('h3', {}, icon('cross', 14), what, ' ', h('em', {}, `since ${shortClock(since, at)}`)),
    root !== '' && h('p', { class: 'root' }, 'It begins at ', h('strong', {}, shortName(root)), `: ${reason}`),
    h(
      'ul',
      {},
      ...members.map(({ source, message, since: began, why }) =>
        h(
          'li',
          {},
          h('span', { class: 'source' }, source),
          ' ',
          message,
          h('span', { class: 'why' }, ` ${why}${began === null ? '' : `, since ${shortClock(began, at)}`}`),
        ),
      ),
    ),
    more > 0 && h('p', { class: 'note' }, more === 1 ? '1 more is not shown.' : `${more} more are not shown.`),
  );
}
