import { presentable } from '../../text/redact.ts';
import { Command } from '../editor/contributions.ts';
import { codeMarkdown, plainMarkdown } from '../views/markdown-text.ts';
import type { Told, ToldCause } from './told.ts';

/** Most causes and pieces of evidence of each that a chat shows; more are counted. */
const CAUSES = 8;
const EVIDENCE = 8;
const LONG = 600;

/** Commands that links of {@link toldMarkdown} may run. */
export const LINKED_COMMANDS = [Command.openEvidence] as const;

/** Facts as Markdown, each cause with its evidence and a link to where that can be looked at. Words of a cluster stay words. */
export function toldMarkdown({ place, headline, wrong, causes, done, notes }: Told): string {
  const lines = [`**${plainMarkdown(headline)}** (${codeMarkdown(place)})`];
  const list = (title: string, rows: readonly string[]) => {
    if (rows.length > 0) lines.push('', title, '', ...rows.map((row) => `- ${plainMarkdown(row)}`));
  };
  list('What is wrong:', wrong);
  for (const cause of causes.slice(0, CAUSES)) lines.push('', ...causeLines(cause));
  if (causes.length > CAUSES) lines.push('', `${causes.length - CAUSES} more causes are not shown here.`);
  list('What was done:', done);
  for (const note of notes) lines.push('', `*${plainMarkdown(note)}*`);
  return `${lines.join('\n')}\n`;
}

function causeLines({ message, object, evidence, explains, commands, unfixed, door }: ToldCause): string[] {
  const link = commandLink(Command.openEvidence, door ? [door] : []);
  const more = evidence.length - EVIDENCE;
  return [
    `### ${plainMarkdown(message)}`,
    '',
    `${codeMarkdown(object)} · [logs, events, YAML](${link})`,
    '',
    ...evidence.slice(0, EVIDENCE).map(({ where, text }) => `- ${plainMarkdown(where)}: ${codeMarkdown(text, LONG)}`),
    ...(more > 0 ? [`- ${more} more`] : []),
    ...(explains.length > 0 ? ['', `Explains: ${explains.map((text) => plainMarkdown(text)).join('; ')}`] : []),
    ...(commands.length > 0
      ? ['', 'Would mend it:', '', ...commands.map((text) => `- ${codeMarkdown(text, LONG)}`)]
      : []),
    ...(unfixed ? ['', `**No fix is known**: ${plainMarkdown(unfixed)}.`] : []),
  ];
}

/** Address that runs a command of the editor, where a text is trusted with it. */
export function commandLink(command: string, args: readonly unknown[]): string {
  return `command:${command}${args.length > 0 ? `?${encodeURIComponent(JSON.stringify(args))}` : ''}`;
}

/** Longest facts that a model is given to put into words, in characters. */
const FACTS = 12_000;

/** The same facts as plain text for a model. */
export function toldPlain({ place, headline, wrong, causes, done, notes }: Told): string {
  const lines = [
    `${headline} (${place})`,
    ...wrong.map((text) => `wrong: ${text}`),
    ...causes.flatMap(({ message, object, evidence, explains, commands, unfixed }) => [
      `cause: ${message} (${object})`,
      ...evidence.map(({ where, text }) => `  ${where}: ${text}`),
      ...explains.map((text) => `  explains: ${text}`),
      ...commands.map((text) => `  would mend it: ${text}`),
      ...(unfixed ? [`  no fix is known: ${unfixed}`] : []),
    ]),
    ...done.map((text) => `done: ${text}`),
    ...notes.map((text) => `note: ${text}`),
  ];
  return presentable(lines.join('\n'), FACTS);
}
