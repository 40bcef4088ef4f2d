import { isMap, isSeq } from 'yaml';
import { foreignShell } from '../regions/region.ts';
import type { RegionCollector } from './region-collector.ts';
import { itemsOf, stringOf, valueAt, valueOf } from './yaml-tree.ts';

const OTHER_LANGUAGES = new Set(['python', 'python3', 'node', 'perl', 'ruby', 'deno', 'php']);
/** Published actions that run the text of an input in a shell, and the name of that input. */
const SHELL_ACTIONS: Readonly<Record<string, string>> = {
  'appleboy/ssh-action': 'script',
  'azure/cli': 'inlineScript',
  'nick-fields/retry': 'command',
};

/** What a GitHub workflow, a GitHub action or a CircleCI configuration runs. False: the document is none of them. */
export function addWorkflow(root: unknown, regions: RegionCollector): boolean {
  const jobs = valueOf(root, 'jobs');
  const steps = valueAt(root, 'runs', 'steps');
  if (!isMap(jobs) && !isSeq(steps)) return false;
  const visit = (list: unknown, job: unknown): void => {
    for (const step of itemsOf(list)) {
      const run = valueOf(step, 'run');
      const shell = stepShell(step, root, job);
      if (isMap(run)) regions.script(valueOf(run, 'command'));
      else if (OTHER_LANGUAGES.has(shell)) regions.program(run);
      else regions.script(run, foreignShell(shell));
      const action = /^[^@]*/.exec(stringOf(valueOf(step, 'uses')) ?? '')?.[0].toLowerCase() ?? '';
      const input = Object.hasOwn(SHELL_ACTIONS, action) ? SHELL_ACTIONS[action] : undefined;
      if (input) regions.script(valueAt(step, 'with', input));
      for (const condition of ['when', 'unless']) visit(valueAt(step, condition, 'steps'), job);
    }
  };
  if (isMap(jobs)) for (const pair of jobs.items) visit(valueOf(pair.value, 'steps'), pair.value);
  visit(steps, undefined);
  const commands = valueOf(root, 'commands');
  if (isMap(commands)) for (const pair of commands.items) visit(valueOf(pair.value, 'steps'), undefined);
  return true;
}

/** The shell of a step, if one is named. */
function stepShell(step: unknown, root: unknown, job: unknown): string {
  const shell =
    stringOf(valueOf(step, 'shell')) ??
    stringOf(valueAt(job, 'defaults', 'run', 'shell')) ??
    stringOf(valueAt(root, 'defaults', 'run', 'shell'));
  return /^[\w.]*/.exec(shell ?? '')?.[0] ?? '';
}
