import { badge, button, progressBar } from './components.ts';
import { h } from './dom.ts';
import { WHO } from './log-part.ts';
import type { ModelsView, SpendView } from './protocol/agents-view.ts';

/** Which models were asked, what that took so far, and how much may still be spent. */
export function renderModels(models: ModelsView | null, showRequests: () => void): HTMLElement[] {
  if (!models || models.total.calls === 0) return [];
  const { names, roles, total, limits } = models;
  return [
    h('h2', {}, names.length > 1 ? 'Models' : 'Model'),
    ...names.map(({ name, scripted }) =>
      h('p', { class: 'model-name' }, h('strong', {}, name), scripted && ' ', scripted && badge('', 'scripted model')),
    ),
    h(
      'table',
      { class: 'spending' },
      h('caption', { class: 'unseen' }, 'What calls of models took'),
      h('tr', {}, ...['Role', 'Calls', 'Tokens', 'Cost'].map((title) => h('th', { scope: 'col' }, title))),
      ...roles.map((role) => row(WHO[role.who][0], role)),
      row('incident', total, 'total'),
    ),
    ...limits.map(({ used, limit, text }) =>
      h('div', { class: 'limit' }, h('span', {}, text), progressBar(`Budget: ${text}`, used, limit)),
    ),
    button({ kind: 'quiet', focus: 'requests', click: showRequests }, 'Show model requests'),
  ];
}

function row(name: string, { calls, tokens, cost }: SpendView, kind = ''): HTMLElement {
  return h(
    'tr',
    { class: kind },
    h('th', { scope: 'row' }, name),
    h('td', {}, String(calls)),
    h('td', {}, tokens),
    h('td', {}, cost),
  );
}
