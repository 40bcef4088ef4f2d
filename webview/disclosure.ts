import type { Child } from './dom.ts';
import { h } from './dom.ts';

/**
 * Something that is made when it is first opened, and stays open when the part around it is drawn anew.
 * @param open names of those that are open; kept by the part
 */
export function disclosure(name: string, open: Set<string>, summary: string, content: () => Child[]): HTMLElement {
  let made = open.has(name);
  const element = h(
    'details',
    { open: made },
    h('summary', { 'data-focus': name }, summary),
    ...(made ? content() : []),
  );
  element.addEventListener('toggle', () => {
    if (element.open) open.add(name);
    else open.delete(name);
    if (!element.open || made) return;
    made = true;
    element.append(...content().filter((child): child is Node | string => Boolean(child)));
  });
  return element;
}
