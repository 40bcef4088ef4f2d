import { button } from './components.ts';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import type { BeliefView, CauseView, EvidenceView, FindingView, Look } from './protocol/finding-view.ts';
import { lookButtons, shortName } from './looks-part.ts';

export interface FindingActions {
  /** @param evidence -1 for the finding's own object */
  look(finding: string, evidence: number, look: Look): void;
  copy(finding: string): void;
  terminal(): void;
}

/** Causes, the one that the plan answers first, with what they rest on, what they explain and what can be opened. */
export function renderFindings(findings: CauseView[], actions: FindingActions): HTMLElement[] {
  if (findings.length === 0) return [];
  const isChosen = ({ chosen, symptoms }: CauseView) => chosen || symptoms.some((symptom) => symptom.chosen);
  const sorted = [...findings].sort((a, b) => Number(isChosen(b)) - Number(isChosen(a)));
  return [
    h('h2', {}, 'Why'),
    ...sorted.map((finding) =>
      h(
        'article',
        {
          class: `finding ${finding.severity}${isChosen(finding) ? ' chosen' : ''}${finding.unfixed ? ' unfixed' : ''}`,
        },
        h('p', { class: 'message' }, finding.unfixed !== '' && icon('search', 14), finding.message),
        finding.unfixed !== '' &&
          h('p', { class: 'no-fix' }, h('strong', {}, 'No fix is known'), `: ${finding.unfixed}.`),
        ...finding.beliefs.map(belief),
        finding.evidence.length > 0 && evidenceTable(finding, actions),
        doors(finding, actions),
        finding.symptoms.length > 0 && symptomList(finding.symptoms),
      ),
    ),
  ];
}

/** What to do about a cause by oneself: shown at once where no fix is known, else on demand. */
function doors(finding: CauseView, actions: FindingActions): HTMLElement {
  const { id, object, looks, unfixed } = finding;
  const more = [
    button({ kind: 'quiet', focus: `copy-${id}`, label: `Copy: ${object}`, click: () => actions.copy(id) }, 'Copy'),
    button(
      { kind: 'quiet', focus: `terminal-${id}`, label: 'Terminal, read only', click: () => actions.terminal() },
      'Terminal',
    ),
  ];
  const all = [...findingLooks(id, -1, object, looks, actions), ...more];
  if (unfixed !== '') return h('div', { class: 'doors' }, h('span', { class: 'name' }, shortName(object)), ...all);
  return h(
    'details',
    { class: 'doors' },
    h('summary', {}, `Open ${shortName(object)}`),
    h('div', { class: 'choices' }, ...all),
  );
}

function findingLooks(finding: string, evidence: number, object: string, looks: Look[], actions: FindingActions) {
  return lookButtons(`${finding}-${evidence}`, object, looks, (look) => actions.look(finding, evidence, look));
}

function evidenceTable(finding: FindingView, actions: FindingActions): HTMLElement {
  return h(
    'table',
    { class: 'evidence' },
    h('caption', { class: 'unseen' }, 'Evidence'),
    ...finding.evidence.map((evidence, index) =>
      evidenceRow(finding.id, evidence, index, (look) => actions.look(finding.id, index, look)),
    ),
  );
}

/** Where a fact was read, and what that means. */
const SOURCES: Record<string, [name: string, meaning: string]> = {
  spec: ['wanted', 'What the object asks for (its spec)'],
  status: ['status', 'What the cluster reports of the object'],
  event: ['event', 'What the cluster did, or could not do'],
  log: ['log', 'What a container wrote'],
  revision: ['earlier', 'An earlier revision of the object'],
  sibling: ['related', 'Another object that this one is compared with, or that uses it'],
  alert: ['alert', 'What a rule of the monitoring says'],
  metric: ['metric', 'What was measured'],
  trace: ['trace', 'What calls between services showed'],
};

/**
 * A fact with what can be opened about its object.
 * @param key tells its buttons from those of others
 */
export function evidenceRow(
  key: string,
  { source, object, field, text, looks }: EvidenceView,
  index: number,
  open: (look: Look) => void,
): HTMLElement {
  const name = [shortName(object), field !== '' && h('span', { class: 'field' }, ` ${field}`)];
  return h(
    'tr',
    {},
    h('td', { class: 'source', title: SOURCES[source]?.[1] }, SOURCES[source]?.[0] ?? source),
    h(
      'td',
      {},
      looks.length === 0
        ? h('span', {}, ...name)
        : h(
            'details',
            { class: 'doors' },
            h('summary', { title: 'Open logs, events, YAML' }, ...name),
            h('div', { class: 'choices' }, ...lookButtons(`${key}-${index}`, object, looks, open)),
          ),
    ),
    h('td', {}, h('code', {}, text)),
  );
}

/** Who takes it for the cause: confidence by the evidence, and what a model says of itself beside it. */
function belief({ confidence, own, by }: BeliefView): HTMLElement {
  const self = own === null ? '' : `; the model itself says ${own.toFixed(2)}`;
  return h('p', { class: 'belief' }, `Confidence ${confidence.toFixed(2)} by the evidence, says ${by}${self}`);
}

/** What a cause explains: closed, for it is not what has to be mended. */
function symptomList(symptoms: FindingView[]): HTMLElement {
  return h(
    'details',
    { class: 'symptoms' },
    h('summary', {}, symptoms.length === 1 ? 'Explains 1 symptom' : `Explains ${symptoms.length} symptoms`),
    h('ul', {}, ...symptoms.map(({ message }) => h('li', {}, message))),
  );
}
