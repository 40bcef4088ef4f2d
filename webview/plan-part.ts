import { badge, button, progressRing, textField } from './components.ts';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import type { PlanView, StepView, WriteView } from './protocol/plan-view.ts';

export interface PlanActions {
  approve(hash: string): void;
  reject(hash: string, reason: string): void;
  openDiff(hash: string, step: number, write: number): void;
  copyCommand(hash: string | null, step: number): void;
}

export interface PlanData {
  plan: PlanView | null;
  protected: boolean;
  context: string;
  /** The finding that the plan answers; shown elsewhere, so a title that only repeats it is left out. */
  cause: string;
  /** Others ran before it: each is named, and by the number of its attempt. */
  several: boolean;
}

const FATES: Record<PlanView['fate'], string> = {
  proposed: 'What will change',
  running: 'What is being changed',
  interrupted: 'What was being changed',
  kept: 'What was changed',
  undone: 'What was changed, and undone',
  unfinished: 'What was changed, and not fully undone',
  rejected: 'What was proposed, and rejected',
  failed: 'What was proposed, and did not run',
};

/** Changes that ran before the one in hand, in their order. */
export function renderEarlier(plans: PlanView[], actions: PlanActions): HTMLElement[] {
  return plans.flatMap((plan) => [
    h('h2', {}, headingOf(plan, true)),
    h('p', { class: 'plan-title' }, plan.title),
    h('ol', { class: 'steps' }, ...plan.steps.map((step, index) => renderStep(plan, step, index, actions))),
  ]);
}

function headingOf({ fate, attempt }: PlanView, several: boolean): string {
  return several ? `${FATES[fate]} in attempt ${attempt}` : FATES[fate];
}

/** What will change, and how each part of it is undone; the answer right below. */
export function renderPlan(
  { plan, protected: guarded, context, cause, several }: PlanData,
  actions: PlanActions,
): HTMLElement[] {
  if (!plan) return [];
  const parts: (HTMLElement | false)[] = [
    h('h2', {}, headingOf(plan, several)),
    (several || plan.title !== cause) && h('p', { class: 'plan-title' }, plan.title),
    plan.needsPerson !== '' && plan.fate === 'proposed' && !plan.awaiting && needsPerson(plan.needsPerson),
    h('ol', { class: 'steps' }, ...plan.steps.map((step, index) => renderStep(plan, step, index, actions))),
    plan.fate === 'proposed' && plan.reach.length > 0 && renderReach(plan.reach),
    plan.expects !== '' && h('p', { class: 'expects' }, h('span', { class: 'key' }, 'Expected'), plan.expects),
  ];
  if (plan.awaiting && plan.hash) parts.push(renderAnswer(plan.hash, plan.needsPerson, guarded, context, actions));
  return parts.filter((part): part is HTMLElement => part !== false);
}

/** How far the change reaches beyond what it writes. */
function renderReach([first, ...more]: string[]): HTMLElement {
  return h(
    'div',
    { class: 'reach' },
    h('p', { class: 'expects' }, h('span', { class: 'key' }, 'Reaches'), first ?? ''),
    more.length > 0 && h('ul', {}, ...more.map((text) => h('li', {}, text))),
  );
}

function renderStep(plan: PlanView, step: StepView, index: number, actions: PlanActions): HTMLElement {
  const state = step.ok ? step.state : 'failed';
  return h(
    'li',
    { class: `step ${state}` },
    h(
      'div',
      { class: 'command' },
      state === 'running'
        ? progressRing()
        : state === 'done'
          ? icon('check')
          : state === 'failed'
            ? icon('cross')
            : state === 'undone'
              ? icon('back')
              : prompt(),
      h('code', {}, step.command),
      button(
        {
          kind: 'quiet',
          focus: `copy-${plan.attempt}-${index}`,
          label: `Copy command ${step.command}`,
          click: () => actions.copyCommand(plan.hash, index),
        },
        'Copy',
      ),
    ),
    step.why !== '' && step.why !== plan.title && h('p', { class: 'why' }, step.why),
    step.problem !== '' && h('p', { class: 'problem' }, step.problem),
    step.partial &&
      h(
        'p',
        { class: 'note' },
        'Rehearsed before the steps above it have run; it is rehearsed again right before it runs.',
      ),
    ...step.writes.map((write) => renderWrite(plan, index, write, actions)),
    plan.fate === 'proposed' && step.reach.length > 0 && renderReach(step.reach),
    plan.hash === null &&
      plan.fate === 'proposed' &&
      step.problem === '' &&
      h('p', { class: 'note' }, 'Being rehearsed on the server (dry run) …'),
  );
}

function prompt(): HTMLElement {
  return h('span', { class: 'prompt', 'aria-hidden': 'true' }, '$');
}

const VERBS: Record<WriteView['verb'], string> = {
  create: 'creates',
  change: 'changes',
  delete: 'deletes',
  run: 'runs in',
};

function renderWrite(plan: PlanView, step: number, write: WriteView, actions: PlanActions): HTMLElement {
  const { hash } = plan;
  const key = `diff-${plan.attempt}-${step}-${write.index}`;
  return h(
    'div',
    { class: `write ${write.verb}` },
    h(
      'div',
      { class: 'object' },
      h('span', { class: 'verb' }, VERBS[write.verb]),
      h('strong', {}, write.object),
      hash !== null &&
        write.verb !== 'run' &&
        button(
          {
            kind: 'quiet',
            focus: key,
            label: `Compare ${write.object} before and after`,
            click: () => actions.openDiff(hash, step, write.index),
          },
          icon('compare', 14),
          'Compare',
        ),
    ),
    write.changes.length > 0 && renderChanges(write),
    h(
      'p',
      { class: `inverse ${write.undo}` },
      icon(write.undo === 'exact' || write.undo === 'consequences' ? 'back' : 'warning', 14),
      h('span', { class: 'key' }, 'Undo'),
      h('span', {}, write.inverse),
      fidelity(write),
    ),
  );
}

const FIDELITY: Record<WriteView['undo'], string> = {
  exact: 'exact',
  consequences: 'exact except',
  unknown: 'effects unknown',
  losses: 'with losses',
  'one-way': 'cannot be taken back',
};

/** How close to the state before the undo gets, known before anything runs. */
function fidelity({ undo, residue }: WriteView): HTMLElement {
  const rest = residue.join('; ');
  return h('span', { class: 'fidelity' }, badge('', FIDELITY[undo]), rest !== '' && ` ${rest}`);
}

function renderChanges({ changes, moreChanges }: WriteView): HTMLElement {
  return h(
    'table',
    { class: 'changes' },
    h('caption', { class: 'unseen' }, 'Fields that change'),
    h(
      'tr',
      { class: 'unseen' },
      h('th', { scope: 'col' }, 'Field'),
      h('th', { scope: 'col' }, 'Before'),
      h('th', { scope: 'col' }, 'After'),
    ),
    ...changes.map(({ path, before, after }) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, ...breakable(path)),
        h(
          'td',
          { class: wordsOf(before) },
          before === null ? h('span', { class: 'absent' }, 'absent') : h('del', {}, before),
        ),
        h(
          'td',
          { class: wordsOf(after) },
          h('span', { class: 'to' }, icon('arrow', 12)),
          after === null ? h('span', { class: 'absent' }, 'removed') : h('ins', {}, after),
        ),
      ),
    ),
    moreChanges > 0 &&
      h('tr', {}, h('td', { class: 'more', colspan: 3 }, `and ${moreChanges} more: Compare shows all`)),
  );
}

/** Longest value that is not broken amid a word, in characters. */
const WHOLE = 28;

function wordsOf(value: string | null): string {
  return value !== null && value.split(/\s+/).some((word) => word.length > WHOLE) ? 'long' : 'whole';
}

/** A path that is broken between its parts before it is broken within one. */
function breakable(path: string): (string | HTMLElement)[] {
  return path.split(/(?<=\.)|(?=\[)/).flatMap((part, index) => (index === 0 ? [part] : [h('wbr'), part]));
}

/** Prominent: whoever approves has to read it. */
function needsPerson(reason: string): HTMLElement {
  return h(
    'p',
    { class: 'needs-person' },
    icon('warning', 20),
    h('span', {}, h('strong', {}, 'A person has to look at this plan'), `: ${reason}`),
  );
}

function renderAnswer(
  hash: string,
  wanted: string,
  guarded: boolean,
  context: string,
  actions: PlanActions,
): HTMLElement {
  const reason = textField({
    focus: 'reason',
    label: 'Why is the plan rejected?',
    placeholder: 'Why? (helps the next plan)',
    maxLength: 500,
  });
  const form = h(
    'form',
    {
      class: 'rejection',
      hidden: true,
      submit: (event) => {
        event.preventDefault();
        actions.reject(hash, reason.value);
      },
    },
    reason,
    button({ submit: true, focus: 'reject-send' }, 'Reject plan'),
  );
  const open = button(
    {
      focus: 'reject',
      expanded: false,
      click: () => {
        form.hidden = !form.hidden;
        open.setAttribute('aria-expanded', String(!form.hidden));
        if (!form.hidden) reason.focus();
      },
    },
    icon('cross', 14),
    'Reject…',
  );
  return h(
    'div',
    { class: 'answer' },
    wanted !== '' && needsPerson(wanted),
    h(
      'div',
      { class: 'buttons' },
      button(
        { kind: 'primary', focus: 'approve', click: () => actions.approve(hash) },
        icon('check', 14),
        'Approve and run',
      ),
      open,
      form,
    ),
    h(
      'p',
      { class: 'note' },
      guarded
        ? `${context} is protected: you will be asked to type its name. `
        : 'Runs exactly this and nothing else. Undone by itself if things do not get better. ',
      h('span', { class: 'hash' }, `plan ${hash.slice(0, 10)}`),
    ),
  );
}
