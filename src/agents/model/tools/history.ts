import * as z from 'zod';
import { refLabel, refOf } from '../../../domain/kube-object.ts';
import { changedFields } from '../../../kube/changed-fields.ts';
import { managersOf } from '../../../kube/managed-fields.ts';
import { containersOf } from '../../../kube/pod-template.ts';
import type { Revision } from '../../../kube/revisions.ts';
import { revisionsOf } from '../../../kube/revisions.ts';
import { presentableValue } from '../../../text/redact.ts';
import { agoText, cleanFact, factOf } from '../evidence/facts.ts';
import { appliedFacts, changeText, recentChanges, revisionFacts } from '../evidence/recent-changes.ts';
import { Answer } from './answer.ts';
import type { SubjectArgs } from './subject.ts';
import { asInScope, objectInScope, objectNow, plainName, SUBJECT, viewOf } from './subject.ts';
import type { Tool } from './tool.ts';

const HISTORY = SUBJECT.extend({
  from: z.int().positive().optional().describe('Compare this revision …'),
  to: z.int().positive().optional().describe('… with this one. Default: the last change.'),
});

export const rolloutHistory: Tool<z.infer<typeof HISTORY>> = {
  name: 'rollout_history',
  description:
    'Revisions of a Deployment, StatefulSet or DaemonSet with images and ready pods, and what the last change (or from/to) changed.',
  schema: HISTORY,
  async run({ from, to, ...args }, desk) {
    const view = viewOf(desk);
    const workload = objectInScope(desk, args);
    const revisions = revisionsOf(view, workload);
    const answer = new Answer(desk.evidence).say(refLabel(refOf(workload)));
    if (revisions.length === 0) return answer.say('It keeps no revisions.').show(appliedFacts(workload)).text('');
    answer.show(revisions.map((revision) => factOf('revision', workload, revisionText(revision, view.now))));
    if (from === undefined && to === undefined) {
      const facts = revisionFacts(view, workload);
      answer.say(facts.length > 0 ? 'Last change' : 'There is no earlier revision to compare with.').show(facts);
      return answer.show(appliedFacts(workload)).text('ask with from and to');
    }
    const [before, after] = [from, to].map((number) => {
      const found = revisions.find((one) => (number === undefined ? one.current : one.number === number));
      if (!found)
        throw new Error(`there is no revision ${number}; there are ${revisions.map((one) => one.number).join(', ')}`);
      return found;
    }) as [Revision, Revision];
    const fields = changedFields(...(presentableValue([before.template, after.template]) as [unknown, unknown]));
    answer.say(`From revision ${before.number} to ${after.number}: ${fields.length === 0 ? 'no difference' : ''}`);
    return answer
      .show(fields.map((field) => cleanFact('revision', workload, changeText(field), `spec.template.${field.path}`)))
      .text('');
  },
};

const CHANGES = z.object({
  name: z.string().max(253).optional().describe('Only objects whose name is, or begins with, this.'),
  minutes: z.number().positive().optional().describe('Only changes of the last minutes.'),
});

export const getRecentChanges: Tool<z.infer<typeof CHANGES>> = {
  name: 'recent_changes',
  description:
    'What changed in scope, latest first: rollouts, fields that differ from what was applied, who wrote what.',
  schema: CHANGES,
  async run({ name = '', minutes }, desk) {
    const view = viewOf(desk);
    const since = minutes === undefined ? 0 : view.now - minutes * 60_000;
    const all = recentChanges(view);
    const changes = all.filter(
      ({ object, at }) => object.metadata.name.startsWith(plainName(name)) && (at === 0 || at >= since),
    );
    const answer = new Answer(desk.evidence);
    if (changes.length === 0)
      answer.say(
        `No such change is recorded${
          all.length > 0
            ? `; changed were ${all
                .slice(0, 20)
                .map(({ object }) => refLabel(refOf(object)))
                .join(', ')}`
            : ''
        }.`,
      );
    for (const { object, at, facts } of changes) {
      answer.say(`${refLabel(refOf(object))}${at > 0 ? `, ${agoText(view.now - at)} ago` : ''}`).show(facts);
    }
    return answer.text('ask with a name or minutes');
  },
};

export const whoChangedWhat: Tool<SubjectArgs> = {
  name: 'who_changed_what',
  description:
    "Who wrote which fields of one object, and when, by the API server's own record (managedFields); also controllers and status.",
  schema: SUBJECT,
  async run(args, desk) {
    const { object, note } = await objectNow(desk, args);
    const kept = managersOf(object).length > 0 ? object : asInScope(desk, object);
    const view = viewOf(desk);
    const made = Date.parse(object.metadata.creationTimestamp ?? '');
    const answer = new Answer(desk.evidence).say(
      `${refLabel(refOf(object))}${Number.isNaN(made) ? '' : `, made ${agoText(view.now - made)} ago`} ${note}`,
    );
    const facts = managersOf(kept).map(({ by, at, operation, subresource, fields }) => {
      const when = at === null ? '' : `, last ${agoText(view.now - at)} ago`;
      return factOf(
        'spec',
        object,
        `${by || 'somebody'} (${operation}${subresource ? ` of ${subresource}` : ''}${when}): ${fields.join(', ') || 'no fields'}`,
        'metadata.managedFields',
      );
    });
    if (facts.length === 0) answer.say('The server keeps no record of writers for it.');
    return answer.show(facts).show(appliedFacts(object)).text('get_object shows its fields');
  },
};

function revisionText({ number, current, readyPods, template, source }: Revision, now: number): string {
  const made = Date.parse(source.metadata.creationTimestamp ?? '');
  const images = containersOf(template?.spec).map(({ image }) => image);
  const parts = [
    `revision ${number}${current ? ' (in use)' : ''}`,
    ...(Number.isNaN(made) ? [] : [`made ${agoText(now - made)} ago`]),
  ];
  return [...parts, `${readyPods} pods ready`, `images ${images.join(', ')}`].join(', ');
}
