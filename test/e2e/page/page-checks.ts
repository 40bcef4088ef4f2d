import * as assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

/** Names of controls and pictures, labels of fields, ids, headings: what a screen reader stands on. */
export const ACCESSIBILITY_CHECK = `(() => {
  const problems = [];
  const name = (e) => (e.getAttribute('aria-label') || e.textContent || '').trim();
  for (const e of document.querySelectorAll('button, [role=button], [role=img], a')) if (!name(e)) problems.push('no name: ' + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll('svg')) if (e.getAttribute('role') !== 'img' && e.getAttribute('aria-hidden') !== 'true') problems.push('picture: ' + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll('vscode-textfield')) if (!e.shadowRoot.querySelector('input').ariaLabel) problems.push('no label: ' + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll('vscode-button[disabled]')) if (e.ariaDisabled !== 'true') problems.push('not said to be disabled: ' + e.textContent);
  for (const e of document.querySelectorAll('[role=alert], [aria-live=assertive]')) if (!e.matches('.page-problem')) problems.push('interrupts: ' + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll('table')) if (!e.caption) problems.push('no caption');
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of ids) if (ids.filter((other) => other === id).length > 1) problems.push('id twice: ' + id);
  if (document.querySelectorAll('h1').length !== 1) problems.push('not one h1');
  if (!document.querySelector('main') || !document.documentElement.lang) problems.push('no main or language');
  if (document.querySelector('[role=log]')?.getAttribute('aria-live') !== 'polite') problems.push('log is not polite');
  if (document.querySelector('[style]')) problems.push('inline style');
  return problems;
})()`;

/** Visible text against what is behind it, as WCAG AA wants it: 4.5, or 3 for large text. */
export const CONTRAST_CHECK = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  // Words within a control of the library lie in a slot of it.
  const parent = (n) => n.assignedSlot ?? n.parentElement ?? n.getRootNode().host;
  const behind = (e) => { const layers = []; for (let n = e; n; n = parent(n)) layers.unshift(rgba(getComputedStyle(n).backgroundColor)); return layers.reduce((under, top) => over(top, under), [255, 255, 255, 1]); };
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const problems = [];
  for (const e of document.querySelectorAll('body *:not(svg):not(svg *)')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility() || e.closest('.unseen')) continue;
    const within = [...(e.shadowRoot?.querySelectorAll('slot') ?? [])].find((slot) => slot.name === '');
    const style = getComputedStyle(within ?? e), back = behind(within ?? e), front = over(rgba(style.color), back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize);
    const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < wanted) problems.push(e.className + ' ' + e.textContent.slice(0, 30) + ': ' + ratio.toFixed(2));
  }
  for (const e of document.querySelectorAll('svg text')) {
    const back = behind(e.ownerSVGElement.parentElement), color = rgba(getComputedStyle(e).fill);
    for (let n = e; n !== e.ownerSVGElement; n = n.parentElement) color[3] *= Number(getComputedStyle(n).opacity);
    const [a, b] = [light(over(color, back)), light(back)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) problems.push('drawn ' + e.textContent + ': ' + ((a + 0.05) / (b + 0.05)).toFixed(2));
  }
  return problems;
})()`;

/** Words of a drawing that touch or overlap. */
export const TOUCHING_LABELS = `(() => {
  const problems = [];
  for (const svg of document.querySelectorAll('svg[role=img]')) {
    const boxes = [...svg.querySelectorAll('text')].map((e) => [e.textContent, e.getBoundingClientRect()]);
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      if (p.left < q.right + 1 && q.left < p.right + 1 && p.top < q.bottom && q.top < p.bottom) problems.push(a + ' and ' + b);
    }));
  }
  return problems;
})()`;

/** Parts of the header that lie on one another, and words that are broken though they would fit. */
export const HEADER_CHECK = `(() => {
  const problems = [];
  const parts = [...document.querySelectorAll('header h1, header .detail, header .badge, header [role=button], header .elapsed')].map((e) => [e.textContent, e.getBoundingClientRect()]);
  parts.forEach(([a, p], i) => parts.slice(i + 1).forEach(([b, q]) => {
    if (p.left < q.right && q.left < p.right && p.top < q.bottom && q.top < p.bottom) problems.push(a + ' on ' + b);
  }));
  for (const e of document.querySelectorAll('header .words')) if (e.clientWidth < 180) problems.push('words have ' + e.clientWidth + ' px');
  if (document.documentElement.scrollWidth > window.innerWidth) problems.push('wider than its window');
  return problems;
})()`;

/** Fails with what people could not read, or a screen reader could not say, on the page as it is shown. */
export async function assertReadable(page: Page): Promise<void> {
  assert.deepEqual(await page.evaluate(CONTRAST_CHECK), []);
  assert.deepEqual(await page.evaluate(ACCESSIBILITY_CHECK), []);
}
