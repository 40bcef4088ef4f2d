import '@vscode-elements/elements/dist/vscode-badge/index.js';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-progress-bar/index.js';
import '@vscode-elements/elements/dist/vscode-progress-ring/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import type { Child } from './dom.ts';
import { h } from './dom.ts';

/** The controls of the page: the one file that knows whose they are. Their colours follow the editor's theme. */

export interface ButtonOptions {
  /** Name by which the focus is found again when a part is drawn anew. */
  focus: string;
  /** `quiet` looks like a link. */
  kind?: 'primary' | 'secondary' | 'quiet';
  /** Less high, to stand in a list. */
  small?: boolean;
  /** Spoken name, where the text alone does not tell it from others; begins with the text. */
  label?: string;
  disabled?: boolean;
  /** Sends the form in which it stands. */
  submit?: boolean;
  /** Whether what it opens is open; for buttons that open something on the page. */
  expanded?: boolean;
  click?: () => void;
}

export function button(options: ButtonOptions, ...children: Child[]): HTMLElement {
  const { focus, kind = 'secondary', small, label, disabled = false, submit, expanded, click } = options;
  return h(
    'vscode-button',
    {
      class: small ? `${kind} small` : kind,
      secondary: kind !== 'primary',
      type: submit ? 'submit' : 'button',
      'data-focus': focus,
      'aria-label': label,
      'aria-expanded': expanded === undefined ? undefined : String(expanded),
      disabled,
      // The library takes it out of reach, but does not say so.
      'aria-disabled': disabled ? 'true' : undefined,
      click: click && (() => click()),
      // It acts on the key, and the page would scroll by it, too.
      keydown: (event) => {
        if ((event as KeyboardEvent).key === ' ') event.preventDefault();
      },
    },
    ...children,
  );
}

/** A field of one line; `label` is its spoken name. */
export function textField(options: { focus: string; label: string; placeholder: string; maxLength: number }) {
  const { focus, label, placeholder, maxLength } = options;
  const field = h('vscode-textfield', { 'data-focus': focus, placeholder, maxlength: maxLength });
  field.label = label;
  return field;
}

/** A short word or number about what it stands beside. */
export function badge(name: string, ...children: Child[]): HTMLElement {
  return h('vscode-badge', { class: name }, ...children);
}

/** Turns while something is under way. What goes on is said beside it, so that nobody is told twice. */
export function progressRing(size: 'small' | 'large' = 'small'): HTMLElement {
  return h('vscode-progress-ring', {
    class: size,
    role: 'presentation',
    'aria-label': '',
    'aria-live': 'off',
    'aria-hidden': 'true',
  });
}

/**
 * How much of something is used. The library speaks whole numbers only, so it is given per cent.
 * @param label its spoken name
 */
export function progressBar(label: string, used: number, limit: number): HTMLElement {
  const percent = limit > 0 ? Math.min(100, (used / limit) * 100) : 100;
  return h('vscode-progress-bar', { 'aria-label': label, value: percent, max: 100 });
}

/** Makes everything that can be used within it out of reach. */
export function disableControls(root: Element): void {
  for (const control of root.querySelectorAll('vscode-button, vscode-textfield')) {
    control.setAttribute('disabled', '');
    control.setAttribute('aria-disabled', 'true');
  }
}
