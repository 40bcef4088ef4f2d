import * as z from 'zod';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../domain/kube-object.ts';
import { eventGroups, groupFact } from '../evidence/event-groups.ts';
import { factOf, objectFacts } from '../evidence/facts.ts';
import { wiringFacts } from '../evidence/wiring.ts';
import { selectorMapMatches } from '../../../kube/labels.ts';
import { Answer } from './answer.ts';
import { readableKind } from './kinds.ts';
import { looksUnwell, objectState } from './object-state.ts';
import type { SubjectArgs } from './subject.ts';
import { asInScope, KIND, NAMESPACE, namespaceOf, objectNow, SUBJECT, viewOf } from './subject.ts';
import type { Tool, ToolDesk } from './tool.ts';

const LIST = z.object({
  kind: KIND,
  namespace: NAMESPACE,
  labels: z.string().max(500).optional().describe('Only objects with these labels: app=geo,tier=api.'),
  unhealthy: z.boolean().optional().describe('Only objects that look unwell.'),
});

export const listObjects: Tool<z.infer<typeof LIST>> = {
  name: 'list_objects',
  description:
    'Lists objects of a kind with their state, one line each. Kinds as kubectl calls them; values of Secrets are never shown.',
  schema: LIST,
  async run({ kind, namespace, labels, unhealthy }, desk) {
    const exact = readableKind(kind);
    const view = viewOf(desk);
    const place = namespaceOf(desk, exact, namespace);
    const inScope = view.known(exact.kind) && view.inScope(place);
    const all = inScope ? view.all(exact.kind, place) : await read(desk, exact, place);
    const wanted = labels ? labelMap(labels) : null;
    const found = all
      .filter(({ metadata }) => !wanted || selectorMapMatches(wanted, metadata.labels))
      .filter((object) => !unhealthy || looksUnwell(view, object));
    const answer = new Answer(desk.evidence);
    answer.say(`${found.length} of ${all.length} ${exact.kind}${place ? ` in namespace ${place}` : ''}`);
    if (found.length === 0 && all.length > 0 && !unhealthy)
      answer.say(
        `there are ${all
          .slice(0, 20)
          .map(({ metadata }) => metadata.name)
          .join(', ')}`,
      );
    answer.show(
      found.map((object) => factOf('status', object, objectState(view, object))),
      true,
    );
    return answer.text('ask with labels or unhealthy: true');
  },
};

export const getObject: Tool<SubjectArgs> = {
  name: 'get_object',
  description:
    'Shows one object as it is now: spec and status without bookkeeping and defaults. Values of Secrets are never shown, only their keys.',
  schema: SUBJECT,
  async run(args, desk) {
    const { object, note } = await objectNow(desk, args);
    const answer = new Answer(desk.evidence).say(`${refLabel(refOf(object))} ${note}`);
    return answer
      .show(objectFacts(object))
      .text('describe_object, get_events and related_objects show other sides of it');
  },
};

export const describeObject: Tool<SubjectArgs> = {
  name: 'describe_object',
  description: 'Describes one object: its state, what it hangs together with, its events, then its fields.',
  schema: SUBJECT,
  async run(args, desk) {
    const { object, note } = await objectNow(desk, args);
    const view = viewOf(desk);
    const known = asInScope(desk, object);
    const events = eventGroups(view).filter((group) => refLabel(group.object) === refLabel(refOf(object)));
    const answer = new Answer(desk.evidence).say(`${refLabel(refOf(object))}: ${objectState(view, object)} ${note}`);
    if (wiringFacts(view, known).length > 0) answer.say('Related').show(wiringFacts(view, known));
    answer.say(
      view.known('Event') ? `Events: ${events.length === 0 ? 'none' : ''}` : 'Events: unknown, they could not be read',
    );
    answer.show(events.map((group) => groupFact(group, view.now)));
    return answer.say('Fields').show(objectFacts(object)).text('get_object shows its fields alone');
  },
};

async function read(
  desk: ToolDesk,
  kind: ReturnType<typeof readableKind>,
  namespace: string | undefined,
): Promise<KubeObject[]> {
  const list = await desk.reads.list({ apiVersion: kind.apiVersion, kind: kind.kind }, namespace);
  return list.map((object) => ({ ...object, apiVersion: kind.apiVersion, kind: kind.kind }) as KubeObject);
}

function labelMap(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new Error(`labels are written key=value,key=value, not '${pair.slice(0, 60)}'`);
      return [
        pair.slice(0, at).trim(),
        pair
          .slice(at + 1)
          .replace(/^=/, '')
          .trim(),
      ];
    }),
  );
}
