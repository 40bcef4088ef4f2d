import { clock } from './clock.ts';
import { h } from './dom.ts';
import type { LogEntry } from './protocol/run-snapshot.ts';

/** Who it was, and what that one does. */
export const WHO: Record<LogEntry['who'], [name: string, meaning: string]> = {
  detection: ['health', 'Reads how healthy everything is, and judges a change by it'],
  diagnosis: ['cause', 'Looks for the cause; reads only'],
  mitigation: ['change', 'Proposes a change and, once it is approved, makes it'],
  undo: ['undo', 'Takes a change back and checks that all is as before'],
  stratus: ['stratus', 'The run itself'],
  you: ['you', 'What you asked for or decided'],
};
/** The clock of the page, which is not always the one of the editor's remote machine. */
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The stream of what happened. Entries are only added, so that a screen reader reads each once. */
export class LogPart {
  readonly element: HTMLElement;
  readonly #window: HTMLElement;
  readonly #list = h('ol');
  #run = '';
  #last = 0;

  constructor() {
    this.#window = h(
      'div',
      { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-labelledby': 'log-title', tabindex: 0 },
      this.#list,
    );
    this.element = h(
      'section',
      { class: 'log-part' },
      h('h2', { id: 'log-title' }, 'What happened', ' ', h('small', {}, ZONE)),
      this.#window,
    );
  }

  update(run: string, entries: LogEntry[]): void {
    if (run !== this.#run) {
      this.#run = run;
      this.#last = 0;
      this.#list.replaceChildren();
    }
    const shown = this.#window;
    const atEnd = shown.scrollHeight - shown.scrollTop - shown.clientHeight < 24;
    for (const entry of entries) {
      if (entry.id <= this.#last) continue;
      this.#last = entry.id;
      this.#list.append(renderEntry(entry));
    }
    this.element.hidden = this.#last === 0;
    // Someone who scrolled up is reading.
    if (atEnd) shown.scrollTop = shown.scrollHeight;
  }
}

function renderEntry({ at, who, kind, text, output }: LogEntry): HTMLElement {
  return h(
    'li',
    { class: `entry-${kind} by-${who}` },
    h('time', { datetime: new Date(at).toISOString() }, clock(at)),
    h('span', { class: 'who', title: WHO[who][1] }, WHO[who][0]),
    h('div', { class: 'text' }, kind === 'command' ? h('code', {}, text) : text, output !== '' && h('pre', {}, output)),
  );
}
