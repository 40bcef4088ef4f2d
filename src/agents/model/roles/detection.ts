import * as z from 'zod';
import type { Finding } from '../../../domain/finding.ts';
import { oneLine } from '../../../text/plain-text.ts';
import type { Case } from '../talk/case.ts';
import { openTalk, quoted } from '../talk/case.ts';
import { citedFacts, objectNamed } from '../talk/grounding.ts';
import { severityText } from '../talk/listing.ts';
import { masked } from '../talk/masked.ts';
import { askFor } from '../talk/structured.ts';

const DETECTION = z.object({
  incident: z.boolean().describe('whether there is an incident'),
  symptoms: z
    .array(
      z.object({
        kind: z.string().max(80),
        name: z.string().max(253),
        namespace: z.string().max(63).optional(),
        text: z.string().max(300).describe('what is wrong with it, one line'),
        evidence: z.array(z.string().max(12)).max(8).describe('ids such as E3'),
      }),
    )
    .max(10),
});

/**
 * αD (paper, section on agents): symptoms beyond those that oracles measured. It raises and never clears: whatever it
 * answers, what an oracle calls unhealthy stays so.
 * @returns findings without a fix; those whose object or evidence does not exist are left out and told
 */
export async function detect(one: Case): Promise<Finding[]> {
  const { context } = one;
  const talk = openTalk(one, 'is there an incident', 'detection', {
    namespace: context.target.namespace,
    severity: quoted(one, severityText(context.severity)),
    case: quoted(one, one.file),
  });
  const form = {
    name: 'submit_detection',
    description: 'Whether there is an incident, and its symptoms.',
    schema: DETECTION,
  };
  const { incident, symptoms } = await askFor(talk, form, 1_200);
  const ill = context.severity.known && context.severity.items.length > 0;
  if (!incident && ill)
    context.emit({ type: 'thought', text: 'the model sees no incident; what the oracles measured stands' });
  return symptoms.flatMap(({ text, evidence, ...named }): Finding[] => {
    const object = objectNamed(one, named);
    const facts = citedFacts(one, evidence);
    if (!object || facts.length === 0) {
      const why = object ? 'it cites no evidence that was shown' : 'no such object was read';
      context.emit({
        type: 'thought',
        text: oneLine(`left out what the model says about ${named.kind} ${named.name}: ${why}`),
      });
      return [];
    }
    const message = oneLine(masked(text, one.use));
    return [
      {
        id: oneLine(`model-symptom:${object.kind}/${object.namespace ?? ''}/${object.name}`),
        rule: 'model',
        severity: 'info',
        object,
        message,
        evidence: facts,
        fixes: [],
        unfixed: 'a symptom that a model named; no oracle measures it',
      },
    ];
  });
}
