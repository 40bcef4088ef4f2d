import { isMap, isSeq } from 'yaml';
import type { ProgramLanguage } from '../regions/program.ts';
import { foreignShell } from '../regions/region.ts';
import type { RegionCollector } from './region-collector.ts';
import { itemsOf, stringOf, valueAt, valueOf } from './yaml-tree.ts';

const OTHER_LANGUAGES: Readonly<Record<string, ProgramLanguage>> = {
  python: 'python',
  python3: 'python',
  node: 'javascript',
  deno: 'javascript',
  ruby: 'ruby',
  perl: 'any',
  php: 'any',
};
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
      else if (Object.hasOwn(OTHER_LANGUAGES, shell)) regions.program(run, OTHER_LANGUAGES[shell]);
      else regions.script(run, foreignShell(shell));
      const action = /^[^@]*/.exec(stringOf(valueOf(step, 'uses')) ?? '')?.[0].toLowerCase() ?? '';
      const input = Object.hasOwn(SHELL_ACTIONS, action) ? SHELL_ACTIONS[action] : undefined;
      if (input) regions.script(valueAt(step, 'with', input));
      if (action === 'azure/powershell') regions.script(valueAt(step, 'with', 'inlineScript'), 'PowerShell');
      if (action === 'actions/github-script') regions.program(valueAt(step, 'with', 'script'), 'javascript');
      addAction(step, regions);
      for (const condition of ['when', 'unless']) visit(valueAt(step, condition, 'steps'), job);
    }
  };
  if (isMap(jobs)) for (const pair of jobs.items) visit(valueOf(pair.value, 'steps'), pair.value);
  visit(steps, undefined);
  const commands = valueOf(root, 'commands');
  if (isMap(commands)) for (const pair of commands.items) visit(valueOf(pair.value, 'steps'), undefined);
  return true;
}

/** An action, or an image used as one, whose program is kubectl. */
function addAction(step: unknown, regions: RegionCollector): void {
  const uses = valueOf(step, 'uses');
  const name = stringOf(uses) ?? '';
  if (!/\bkubectl\b/.test(name)) return;
  const args = ['args', 'command', 'cmd'].map((key) => valueAt(step, 'with', key)).find((node) => node !== undefined);
  if (/^\s*kubectl\s/.test(stringOf(args) ?? '')) regions.script(args);
  else if (args !== undefined) regions.pieces(uses, [args]);
}

/** The shell of a step, if one is named. */
function stepShell(step: unknown, root: unknown, job: unknown): string {
  const shell =
    stringOf(valueOf(step, 'shell')) ??
    stringOf(valueAt(job, 'defaults', 'run', 'shell')) ??
    stringOf(valueAt(root, 'defaults', 'run', 'shell'));
  return /^[\w.]*/.exec(shell ?? '')?.[0] ?? '';
}
