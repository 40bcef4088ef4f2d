import { button } from './components.ts';
import { h } from './dom.ts';
import type { IconName } from './icons.ts';
import { icon } from './icons.ts';
import type { KeptWatchView } from './protocol/kept-watch-view.ts';

export interface KeptWatchActions {
  stop(): void;
  answer(answer: 'undo' | 'keep'): void;
}

type State = KeptWatchView['state'];

const TITLES: Record<State, string> = {
  watching: 'Watched after the change',
  asking: 'Worse since the change was kept',
  undoing: 'Being taken back: worse since it was kept',
  held: 'Watched after the change: it held',
  undone: 'Taken back: worse since it was kept',
  left: 'Worse since the change was kept, and left so',
  unfinished: 'Worse since the change was kept, and not wholly taken back',
  unknown: 'How it went on after the change is not known',
  stopped: 'Not watched any more',
};

const SIGNS: Record<State, [IconName, 'good' | 'warn' | 'bad' | 'calm']> = {
  watching: ['search', 'calm'],
  asking: ['question', 'bad'],
  undoing: ['back', 'warn'],
  held: ['check', 'good'],
  undone: ['back', 'warn'],
  left: ['warning', 'bad'],
  unfinished: ['warning', 'bad'],
  unknown: ['question', 'warn'],
  stopped: ['cross', 'calm'],
};

/**
 * What became of what the run kept, for as long as that is watched.
 * @param left how long it still is; lives on from one drawing to the next
 */
export function renderKeptWatch(
  { state, objects, reason }: KeptWatchView,
  left: HTMLElement,
  actions: KeptWatchActions,
): (HTMLElement | false)[] {
  const [sign, tone] = SIGNS[state];
  const isOpen = state === 'watching' || state === 'asking';
  const way = (name: string, kind: 'primary' | 'secondary', text: string, click: () => void) =>
    button({ kind, focus: `kept-${name}`, click }, text);
  return [
    h('h2', { class: tone }, icon(sign, 14), TITLES[state]),
    state === 'watching' &&
      h('p', {}, 'What gets worse because of it is shown here, with the way back. Time left: ', left),
    reason !== '' &&
      h(
        'p',
        { class: 'said', role: 'status' },
        state === 'watching' ? `Nothing is known at the moment: ${reason}` : reason,
      ),
    isOpen &&
      objects.length > 0 &&
      h('ul', { class: 'objects' }, ...objects.map((name) => h('li', {}, h('code', {}, name)))),
    state === 'watching' &&
      h(
        'div',
        { class: 'buttons' },
        way('stop', 'secondary', 'Stop watching', () => actions.stop()),
      ),
    state === 'asking' &&
      h(
        'div',
        { class: 'buttons' },
        way('undo', 'primary', 'Undo the change', () => actions.answer('undo')),
        way('keep', 'secondary', 'Keep it', () => actions.answer('keep')),
      ),
  ];
}
