import { badge, button, progressRing } from './components.ts';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import type { SpendView } from './protocol/agents-view.ts';
import type { RunSnapshot, Tone } from './protocol/run-snapshot.ts';

export type HeaderData = Pick<
  RunSnapshot,
  'headline' | 'target' | 'mode' | 'canCancel' | 'cancelling' | 'result' | 'again'
> & {
  back: boolean;
  lockNote: string;
  /** What models took, once the run has ended; null where none was asked. */
  spent: SpendView | null;
};

export interface HeaderActions {
  cancel(): void;
  repeat(): void;
  copySummary(): void;
}

/**
 * Where the run is pinned, what it does, and what it took.
 * @param title and elapsed live on from one drawing to the next
 */
export function renderHeader(
  { headline, target, mode, canCancel, cancelling, result, again, back, lockNote, spent }: HeaderData,
  title: HTMLElement,
  elapsed: HTMLElement,
  actions: HeaderActions,
): (HTMLElement | false)[] {
  const { tone, detail } = headline;
  return [
    h(
      'p',
      { class: 'pin' },
      h('span', { class: 'unseen' }, 'Pinned target: '),
      target.protected && badge('guard', icon('shield', 12), 'protected'),
      h('strong', {}, target.namespace),
      h('span', { class: 'at' }, '@'),
      h('strong', {}, target.context),
      h('span', { class: 'server' }, target.server),
      h('span', { class: 'mode' }, mode),
      elapsed,
    ),
    h(
      'div',
      { class: 'headline' },
      h(
        'div',
        { class: 'said' },
        h('span', { class: 'badge' }, toneIcon(tone, back)),
        h(
          'div',
          { class: 'words' },
          h('div', { role: 'status' }, title),
          detail !== '' && h('p', { class: 'detail' }, detail),
          lockNote !== '' && h('p', { class: 'lock-note', role: 'status' }, icon('warning', 14), lockNote),
        ),
      ),
      h(
        'div',
        { class: 'buttons' },
        button({ focus: 'summary', click: actions.copySummary }, 'Copy summary'),
        (canCancel || cancelling) &&
          button(
            { focus: 'cancel', disabled: cancelling, click: actions.cancel },
            cancelling ? 'Stopping…' : 'Cancel run',
          ),
        again !== '' && button({ focus: 'again', click: actions.repeat }, again),
      ),
    ),
    result !== null &&
      h(
        'dl',
        { class: 'facts' },
        fact(result.attempts === 1 ? 'attempt' : 'attempts', String(result.attempts)),
        fact(result.writes === 1 ? 'write of the fix' : 'writes of the fix', String(result.writes)),
        result.undoWrites > 0 &&
          fact(result.undoWrites === 1 ? 'write of the undo' : 'writes of the undo', String(result.undoWrites)),
        fact('seconds', result.seconds.toFixed(1)),
        spent !== null && fact(spent.calls === 1 ? 'call of a model' : 'calls of models', String(spent.calls)),
        spent !== null && fact('tokens', spent.tokens),
        spent !== null && fact('for models', spent.cost),
      ),
  ];
}

/** @param back something was taken back */
function toneIcon(tone: Tone, back: boolean): Element {
  if (tone === 'busy') return progressRing('large');
  const names = { ask: 'question', good: 'check', warn: back ? 'back' : 'warning', bad: 'cross' } as const;
  return icon(names[tone], 20);
}

function fact(name: string, value: string): HTMLElement {
  return h('div', {}, h('dt', {}, name), h('dd', {}, value));
}
