import { button } from './components.ts';
import { h } from './dom.ts';
import type { OwedView } from './protocol/ending-view.ts';
import type { TransactionActions } from './side-parts.ts';

/** The ways out of an own transaction that came before the run; the headline says that there is one. */
export function renderOwed(
  { transaction, title, objects, state }: OwedView,
  actions: Pick<TransactionActions, 'inspect' | 'undo' | 'keep'>,
): (HTMLElement | false)[] {
  if (state === 'settled') return [];
  const way = (name: string, kind: 'primary' | 'secondary', text: string, click: () => void) =>
    button({ kind, focus: `owed-${name}`, click }, text);
  return [
    h('h2', {}, state === 'diverged' ? 'What was not fully restored' : 'What was interrupted'),
    h('p', { class: 'plan-title' }, title || transaction),
    objects.length > 0 && h('ul', { class: 'objects' }, ...objects.map((name) => h('li', {}, h('code', {}, name)))),
    h(
      'div',
      { class: 'buttons' },
      way('inspect', 'secondary', 'Show differences', () => actions.inspect(transaction)),
      way('undo', 'primary', 'Undo', () => actions.undo(transaction)),
      way('keep', 'secondary', 'Keep as it is', () => actions.keep(transaction)),
    ),
  ];
}
