import type { ModelProbe } from '../../run/models.ts';
import { codeMarkdown, plainMarkdown } from '../views/markdown-text.ts';

type ProbeName = ModelProbe['name'];

/** What Stratus does where a probe failed. */
const WITHOUT: Record<ProbeName, string> = {
  plain: 'Nothing can be had from this model: playbooks think alone until another is chosen, and the run says so.',
  'tool call': 'It cannot look for itself: it thinks about what Stratus has read already.',
  'forced tool':
    'Its answers are asked for as JSON text and checked. What does not fit is asked for once more, then dropped.',
  stream: 'Its answers appear as a whole, and its thoughts are not seen while it thinks.',
  'long context':
    'It forgets what stands far above: set `stratus.model.contextTokens` to what it can really hold, and less is shown to it.',
};

const ALL_WORK =
  'Everything that Stratus asks of a model works. Whether it is clever enough is another question: its plans are confined, rehearsed, judged and undone like any other.';

/** Result of the probes of a model as a Markdown document. */
export function probeText(model: string, probes: readonly ModelProbe[]): string {
  const failed = probes.filter(({ works }) => !works);
  const plain = failed.some(({ name }) => name === 'plain');
  const then = plain ? [WITHOUT.plain] : failed.map(({ name }) => WITHOUT[name]);
  return [
    `# ${probeHeadline(model, probes)}`,
    '',
    '| | probe | seen | seconds |',
    '|---|---|---|--:|',
    ...probes.map(
      ({ name, works, text, milliseconds }) =>
        `| ${works ? 'works' : '**fails**'} | ${name} | ${plainMarkdown(text)} | ${(milliseconds / 1_000).toFixed(1)} |`,
    ),
    '',
    '## What Stratus does with it',
    '',
    ...(then.length === 0 ? [ALL_WORK] : then.map((line) => `- ${line}`)),
    '',
    `Model: ${codeMarkdown(model)}. Nothing of your cluster was sent for this.`,
    '',
  ].join('\n');
}

/** The result in one line. */
export function probeHeadline(model: string, probes: readonly ModelProbe[]): string {
  const works = probes.filter((probe) => probe.works).length;
  return `${plainMarkdown(model)}: ${works} of ${probes.length} probes work`;
}
