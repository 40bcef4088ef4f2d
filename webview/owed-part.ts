import { h } from './dom.ts';
import type { OwedView } from './protocol.ts';
import type { TransactionActions } from './side-parts.ts';

/** The ways out of an own transaction that came before the run; the headline says that there is one. */
export function renderOwed(
  { transaction, title, objects, state }: OwedView,
  actions: Pick<TransactionActions, 'inspect' | 'undo' | 'keep'>,
): (HTMLElement | false)[] {
  if (state === 'settled') return [];
  const button = (name: string, kind: string, text: string, click: () => void) =>
    h('button', { class: kind, 'data-focus': `owed-${name}`, click }, text);
  return [
    h('h2', {}, state === 'diverged' ? 'What was not fully restored' : 'What was interrupted'),
    h('p', { class: 'plan-title' }, title || transaction),
    objects.length > 0 && h('ul', { class: 'objects' }, ...objects.map((name) => h('li', {}, h('code', {}, name)))),
    h(
      'div',
      { class: 'buttons' },
      button('inspect', 'secondary', 'Show differences', () => actions.inspect(transaction)),
      button('undo', 'primary', 'Undo', () => actions.undo(transaction)),
      button('keep', 'secondary', 'Keep as it is', () => actions.keep(transaction)),
    ),
  ];
}
