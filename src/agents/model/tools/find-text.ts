import * as z from 'zod';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { flowText, memberPath } from '../evidence/flow-text.ts';
import { isMap } from '../../../json/json-map.ts';
import { cleanFact } from '../evidence/facts.ts';
import { prunedObject } from '../evidence/pruned-object.ts';
import { Answer } from './answer.ts';
import { viewOf } from './subject.ts';
import type { Tool } from './tool.ts';

const FIND = z.object({ text: z.string().min(2).max(200).describe('Text to look for, as it is; no pattern.') });
/** They only repeat what others say. */
const REPEATING = new Set(['Event', 'ReplicaSet', 'ControllerRevision', 'EndpointSlice']);
const FOUND = 60;

export const findText: Tool<z.infer<typeof FIND>> = {
  name: 'find_text',
  description:
    'Fields of any object in scope that hold a text: who names a host, a ConfigMap, an image. Credentials are not searched.',
  schema: FIND,
  async run({ text }, desk) {
    const view = viewOf(desk);
    const answer = new Answer(desk.evidence);
    const objects = Object.keys(desk.snapshot.objects)
      .filter((kind) => !REPEATING.has(kind))
      .flatMap((kind) => view.all(kind))
      // What a workload's template says, its pods say again.
      .filter((object) => object.kind !== 'Pod' || view.workloadOf(object) === object);
    const facts = objects.flatMap((object) => holding(object, text.toLowerCase())).slice(0, FOUND);
    if (facts.length === 0) answer.say(`No object in scope holds '${text}'.`);
    return answer.show(facts, true).text('look for a longer text');
  },
};

function holding(object: KubeObject, text: string) {
  return leavesOf(prunedObject(object), '')
    .filter(({ path, value }) => `${path} ${String(value)}`.toLowerCase().includes(text))
    .map(({ path, value }) =>
      cleanFact(path.startsWith('status') ? 'status' : 'spec', object, flowText(value, 200), path),
    );
}

function leavesOf(value: unknown, path: string): { path: string; value: unknown }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leavesOf(item, `${path}[${index}]`));
  if (!isMap(value)) return [{ path, value }];
  return Object.entries(value).flatMap(([key, item]) => leavesOf(item, memberPath(path, key)));
}
