import * as z from 'zod';
import { refLabel } from '../../../domain/kube-object.ts';
import { eventGroups, groupFact } from '../evidence/event-groups.ts';
import { Answer } from './answer.ts';
import { readableKind } from './kinds.ts';
import { plainName, viewOf } from './subject.ts';
import type { Tool } from './tool.ts';

const EVENTS = z.object({
  kind: z.string().max(80).optional().describe('Only events about objects of this kind.'),
  name: z.string().max(253).optional().describe('Only events about objects whose name is, or begins with, this.'),
  warnings: z.boolean().optional().describe('Only warnings.'),
});

export const getEvents: Tool<z.infer<typeof EVENTS>> = {
  name: 'get_events',
  description: 'Events, grouped by object and reason with counts and times: warnings first, latest first.',
  schema: EVENTS,
  async run({ kind, name, warnings }, desk) {
    const view = viewOf(desk);
    if (!view.known('Event')) throw new Error('unknown: events could not be read');
    const wanted = kind ? readableKind(kind).kind : null;
    const start = name ? plainName(name) : '';
    const groups = eventGroups(view).filter(
      ({ object, type }) =>
        (!wanted || object.kind === wanted) && object.name.startsWith(start) && (!warnings || type === 'Warning'),
    );
    const answer = new Answer(desk.evidence);
    if (groups.length === 0) {
      const others = [...new Set(eventGroups(view).map(({ object }) => refLabel(object)))];
      return answer
        .say(
          `No such events. The API server forgets them, after an hour by default. There are events about: ${others.slice(0, 15).join(', ') || 'nothing'}`,
        )
        .text('');
    }
    return answer
      .show(
        groups.map((group) => groupFact(group, view.now)),
        true,
      )
      .text('ask with kind, name or warnings: true');
  },
};
