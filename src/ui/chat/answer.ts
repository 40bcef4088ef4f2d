import type { TransactionSummary } from '../../domain/transaction.ts';
import type { Target } from '../../domain/target.ts';
import { placeOf } from '../../domain/target.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import { presentable } from '../../text/redact.ts';
import type { CommandId } from '../editor/contributions.ts';
import { Command } from '../editor/contributions.ts';
import { editorWords } from '../editor/editor-words.ts';
import { codeMarkdown, plainMarkdown } from '../views/markdown-text.ts';
import { inWords } from './in-words.ts';
import type { Told } from './told.ts';
import { LINKED_COMMANDS, commandLink, toldMarkdown, toldPlain } from './told-text.ts';

/** Where an answer goes, piece by piece. */
export interface AnswerSink {
  /** @param commands those that links in the text may run; none by default */
  markdown(text: string, commands?: readonly CommandId[]): void;
  button(title: string, command: CommandId, args: readonly unknown[]): void;
  progress(text: string): void;
}

export interface ChatQuestion {
  /** Word after the slash; empty where there is none. */
  command: string;
  prompt: string;
}

export type Place = Pick<Target, 'context' | 'namespace'>;

/** What answers are made of. Nothing in it can write. */
export interface ChatWorld {
  /** The current run of this window, else its latest; null when there was none. */
  run(): { told: Told; place: Place } | null;
  /** What was chosen last; null when nothing was yet. */
  chosen(): Place | null;
  /** Looks at a namespace, with playbooks alone. */
  diagnose(place: Place, signal: AbortSignal): Promise<Told>;
  /** Newest first. */
  changes(): Promise<TransactionSummary[]>;
  /** A model that may put facts into words; null where none may be asked. */
  phrase: ((prompt: string, signal: AbortSignal) => AsyncIterable<string>) | null;
}

/** What can be asked next. */
export interface Outcome {
  followUps: { prompt: string; label: string; command: string }[];
}

const CHANGES = 10;
const NAMED = /(?:^|\s)(?:-n|--namespace|namespace)[\s=]+([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)(?=$|[\s,.;?!])/;
const RUN = { prompt: '', label: 'Start a run', command: 'run' };
const EXPLAIN = { prompt: '', label: 'Explain the incident', command: 'explain' };
const LIST = { prompt: '', label: 'What was changed?', command: 'changes' };

/**
 * Answers a question about an incident. Facts come from the run or from playbooks, always; a model only puts them into words
 * above them. Nothing is ever changed: a run begins by a button, and asks before it writes.
 */
export async function answer(
  question: ChatQuestion,
  world: ChatWorld,
  sink: AnswerSink,
  signal: AbortSignal,
): Promise<Outcome> {
  if (question.command === 'changes') return tellChanges(world, sink);
  const named = NAMED.exec(question.prompt)?.[1];
  const run = world.run();
  const chosen = run?.place ?? world.chosen();
  const place = chosen && named ? { ...chosen, namespace: named } : chosen;
  if (question.command === 'run') return offerRun(place, sink);
  if (!place) {
    sink.markdown('No cluster and namespace were chosen in this editor yet. I look only where you chose to.');
    sink.button('Diagnose…', Command.diagnose, []);
    return { followUps: [] };
  }
  const told = run && place.namespace === run.place.namespace ? run.told : await look(place, world, sink, signal);
  if (!told) return { followUps: [EXPLAIN] };
  await phrase(question, told, world, sink, signal);
  sink.markdown(toldMarkdown(told), LINKED_COMMANDS);
  if (told === run?.told) sink.button('Show Run', Command.showRun, []);
  return { followUps: told.causes.length > 0 || told.wrong.length > 0 ? [RUN, LIST] : [LIST] };
}

async function look(place: Place, world: ChatWorld, sink: AnswerSink, signal: AbortSignal): Promise<Told | null> {
  sink.progress(`Reading ${presentable(placeOf(place), 300)}; nothing is changed`);
  try {
    return await world.diagnose(place, signal);
  } catch (error) {
    signal.throwIfAborted();
    sink.markdown(`${codeMarkdown(placeOf(place))} could not be read: ${plainMarkdown(editorWords(messageOf(error)))}`);
    return null;
  }
}

async function phrase(
  question: ChatQuestion,
  told: Told,
  { phrase: model }: ChatWorld,
  sink: AnswerSink,
  signal: AbortSignal,
): Promise<void> {
  if (!model) return;
  try {
    await inWords(
      question.prompt,
      toldPlain(told),
      (prompt) => model(prompt, signal),
      (text) => sink.markdown(text),
    );
    sink.markdown("\n\n*These words are a model's. What was read, and where:*\n\n");
  } catch (error) {
    signal.throwIfAborted();
    sink.markdown(`\n\n*The model did not put it into words: ${plainMarkdown(messageOf(error))}*\n\n`);
  }
}

function offerRun(place: Place | null, sink: AnswerSink): Outcome {
  const where = place ? ` for ${codeMarkdown(placeOf(place))}` : '';
  sink.markdown(
    `A run${where} looks, finds the cause, and shows each plan in the run view. Nothing is changed before you approve it there.`,
  );
  sink.button('Mitigate…', Command.mitigate, place ? [{ context: place.context, namespace: place.namespace }] : []);
  return { followUps: [EXPLAIN] };
}

async function tellChanges(world: ChatWorld, sink: AnswerSink): Promise<Outcome> {
  const all = await world.changes();
  const shown = all.slice(0, CHANGES);
  if (shown.length === 0) sink.markdown('Stratus has changed nothing yet.');
  else
    sink.markdown(
      [
        'Latest changes of Stratus, newest first:',
        '',
        ...shown.map(({ id, title, status, context, namespace, openedAt }) => {
          const link = commandLink(Command.explainTransaction, [{ transaction: id }]);
          const where = codeMarkdown(placeOf({ context, namespace }));
          return `- ${plainMarkdown(openedAt)}, ${where}: ${plainMarkdown(title)}, **${plainMarkdown(status)}** · [explain](${link})`;
        }),
        ...(all.length > shown.length ? ['', `${all.length - shown.length} older ones are in the history.`] : []),
      ].join('\n'),
      [Command.explainTransaction],
    );
  sink.button('Show History of Changes', Command.showHistory, []);
  return { followUps: [EXPLAIN] };
}
