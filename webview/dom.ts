export type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | ((event: Event) => void) | undefined>;

/** An HTML element. Functions become listeners (`click`), true becomes an empty attribute, false and undefined none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. Colours come from classes: the policy allows no inline styles. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function fill<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

/**
 * A part of the page that is drawn again only when its data changed, so that focus, selection and what a screen
 * reader is saying survive the stream of snapshots.
 */
export class Part<T> {
  readonly element: HTMLElement;
  readonly #render: (data: T) => Child[];
  #shown = '';

  constructor(element: HTMLElement, render: (data: T) => Child[]) {
    this.element = element;
    this.#render = render;
  }

  update(data: T): void {
    const shown = JSON.stringify(data);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = document.activeElement;
    const key = focused && this.element.contains(focused) ? focused.getAttribute('data-focus') : null;
    const children = this.#render(data).filter((child): child is Node | string => Boolean(child));
    this.element.replaceChildren(...children);
    this.element.hidden = children.length === 0;
    if (key) this.element.querySelector<HTMLElement>(`[data-focus="${CSS.escape(key)}"]`)?.focus();
  }

  /** Draws again at the next update whatever its data. */
  invalidate(): void {
    this.#shown = '';
  }
}
