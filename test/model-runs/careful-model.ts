import type { Script, ScriptedAnswer } from '../support/scripted-model.ts';
import { RequestView, type ListedLine, type Role } from './request-view.ts';

/** What is answered to a request instead of the careful answer; undefined: the careful one. `nth` of its role, from 0. */
export type Deviation = (view: RequestView, nth: number) => ScriptedAnswer | undefined;
export type Deviations = Partial<Record<Role, Deviation>>;

/**
 * A model that answers every role from the text of its request alone: it knows no fixture. It looks before it decides,
 * takes listed causes in their order with the evidence that stands beside them, and the first listed action that was not
 * tried and is meant against the likeliest cause.
 */
export function carefulModel(deviations: Deviations = {}): Script {
  const asked = new Map<Role, number>();
  return ({ body }) => {
    const view = new RequestView(body);
    const nth = asked.get(view.role) ?? 0;
    asked.set(view.role, nth + 1);
    return deviations[view.role]?.(view, nth) ?? carefulAnswer(view);
  };
}

export function carefulAnswer(view: RequestView): ScriptedAnswer {
  switch (view.role) {
    case 'detection':
      return calls('submit_detection', { incident: true, symptoms: [] });
    case 'diagnosis':
      return view.answers.length === 0 && !view.forced ? look(view) : diagnosis(view);
    case 'second':
      return diagnosis(view);
    case 'ranking':
      return calls('submit_ranking', { order: [...view.causes, ...view.actions].slice(0, 5).map(({ id }) => id) });
    case 'mitigation':
      return mitigation(view);
    case 'reflection':
      return calls('submit_reflection', {
        lesson: `It did not help: ${lineAfter(view.question, 'Why, in the words')}`,
      });
    case 'other':
      return { text: view.question.slice(0, 400) };
  }
}

export function calls(tool: string, args: unknown, text?: string): ScriptedAnswer {
  return { ...(text === undefined ? {} : { text }), calls: [{ tool, args }] };
}

/** Looks at the object of the first cause and at what happened to it. */
function look(view: RequestView): ScriptedAnswer {
  const [first] = view.causes;
  const subject = first && subjectOf(first);
  const tools = [
    { tool: 'get_events', args: { warnings: true } },
    ...(subject ? [{ tool: 'describe_object', args: subject }] : []),
  ].filter(({ tool }) => view.tools.includes(tool));
  return tools.length === 0 ? diagnosis(view) : { text: 'Let me look at what happened.', calls: tools };
}

function diagnosis(view: RequestView): ScriptedAnswer {
  const hypotheses = view.causes.slice(0, 3).flatMap((cause, index) => {
    const subject = subjectOf(cause);
    if (!subject) return [];
    const { id, text } = cause;
    return [
      {
        listed: id,
        ...subject,
        statement: text.replaceAll(/\[E\d+\]/g, '').slice(0, 300),
        evidence: RequestView.evidence(text),
        confidence: 0.9 - index * 0.2,
      },
    ];
  });
  return calls('submit_diagnosis', { hypotheses });
}

/** Rehearses what it means to do, and submits it. */
function mitigation(view: RequestView): ScriptedAnswer {
  const submitted = view.answers.length;
  const objections = view.answers.filter((answer) => /put right/.test(answer)).length;
  const action = untried(view)[objections];
  if (!action) return calls('submit_plan', { give_up: 'nothing listed is left to try' });
  if (submitted === 0 && view.tools.includes('rehearse') && !view.forced)
    return calls('rehearse', { actions: [action.id] });
  return calls('submit_plan', {
    actions: [action.id],
    expects: 'what was unhealthy is healthy',
    why: action.text.slice(0, 200),
  });
}

/** Listed actions against the likeliest causes first, without those whose commands stand among the attempts. */
export function untried({ question, actions }: RequestView): ListedLine[] {
  const [likeliest = ''] = /^- (\S+): /m.exec(after(question, 'Causes, most likely first'))?.slice(1) ?? [];
  const name = likeliest.slice(likeliest.lastIndexOf('/') + 1);
  const about = ({ text }: ListedLine) => name !== '' && text.includes(name);
  return [...actions.filter(about), ...actions.filter((action) => !about(action))];
}

/** `Kind/namespace/name: …` as a model names an object. */
function subjectOf({ text }: ListedLine): { kind: string; name: string; namespace?: string } | null {
  const [, kind, first, second] = /^([A-Za-z]+)\/([^\s/:]+)(?:\/([^\s/:]+))?: /.exec(text) ?? [];
  if (!kind || !first) return null;
  return second ? { kind, namespace: first, name: second } : { kind, name: first };
}

function after(text: string, heading: string): string {
  const at = text.indexOf(heading);
  return at < 0 ? '' : text.slice(at);
}

function lineAfter(text: string, heading: string): string {
  const lines = after(text, heading).split('\n').slice(1);
  return (lines.find((line) => line.trim() !== '' && !/^<\/?data-/.test(line)) ?? '').slice(0, 300);
}
