import * as z from 'zod';
import type { AttemptRecord } from '../../../domain/brain.ts';
import { oneLine } from '../../../text/plain-text.ts';
import type { Talk } from '../talk/case.ts';
import { openTalk, quoted } from '../talk/case.ts';
import { severityText } from '../talk/listing.ts';
import { masked } from '../talk/masked.ts';
import { askFor } from '../talk/structured.ts';
import { commandsOf } from './mitigation.ts';

const REFLECTION = z.object({ lesson: z.string().min(1).max(600) });

/** What an attempt teaches, one or two sentences (paper: reflection). @throws ChatError, StratusError `model` */
export async function reflect(one: Talk, { attempt, plan, outcome, reason }: AttemptRecord): Promise<string> {
  const talk = openTalk(one, 'learning from the attempt', 'reflection', {
    attempt: String(attempt),
    title: quoted(one, oneLine(plan.title, 300)),
    commands: quoted(one, commandsOf(plan).join('\n')),
    outcome,
    reason: quoted(one, oneLine(reason, 600)),
    severity: quoted(one, severityText(one.context.severity)),
  });
  const form = { name: 'submit_reflection', description: 'What the attempt teaches.', schema: REFLECTION };
  const { lesson } = await askFor(talk, form, 400);
  return oneLine(masked(lesson, one.use), 500);
}
