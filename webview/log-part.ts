import { h } from './dom.ts';
import type { LogEntry } from './protocol.ts';

const WHO: Record<LogEntry['who'], string> = {
  detection: 'detect',
  diagnosis: 'diagnose',
  mitigation: 'mitigate',
  undo: 'undo',
  stratus: 'stratus',
  you: 'you',
};

/** The stream of what happened. Entries are only added, so that a screen reader reads each once. */
export class LogPart {
  readonly element: HTMLElement;
  readonly #list: HTMLOListElement;
  #run = '';
  #last = 0;

  constructor() {
    this.#list = h('ol', {
      class: 'log',
      role: 'log',
      'aria-live': 'polite',
      'aria-labelledby': 'log-title',
      tabindex: 0,
    });
    this.element = h('section', { class: 'log-part' }, h('h2', { id: 'log-title' }, 'What happened'), this.#list);
  }

  update(run: string, entries: LogEntry[]): void {
    if (run !== this.#run) {
      this.#run = run;
      this.#last = 0;
      this.#list.replaceChildren();
    }
    const list = this.#list;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    for (const entry of entries) {
      if (entry.id <= this.#last) continue;
      this.#last = entry.id;
      list.append(renderEntry(entry));
    }
    this.element.hidden = this.#last === 0;
    // Someone who scrolled up is reading.
    if (atEnd) list.scrollTop = list.scrollHeight;
  }
}

function renderEntry({ at, who, kind, text, output }: LogEntry): HTMLElement {
  const time = new Date(at);
  return h(
    'li',
    { class: `entry-${kind} by-${who}` },
    h('time', { datetime: time.toISOString() }, time.toLocaleTimeString(undefined, { hour12: false })),
    h('span', { class: 'who' }, WHO[who]),
    h('div', { class: 'text' }, kind === 'command' ? h('code', {}, text) : text, output !== '' && h('pre', {}, output)),
  );
}
