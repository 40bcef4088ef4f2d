import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { PlanFile } from '../domain/finding.ts';
import { readLiteralCommand } from '../kubectl/literal-words.ts';
import { parseKubectl } from '../kubectl/parse.ts';
import type { OwnPlan } from '../run/brains/own-plans.ts';
import { UsageError } from './usage.ts';

/**
 * An engineer's plan: one kubectl command a line; empty lines and those that begin with `#` are skipped. The manifests
 * that it names stand beside it, and are read now: what is shown for approval is what runs.
 * @throws UsageError that names the line
 */
export function readPlanFile(path: string): OwnPlan {
  const lines = textOf(path).split(/\r?\n/);
  const files: PlanFile[] = [];
  const steps = lines.flatMap((line, index) => {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) return [];
    const where = `${path}, line ${index + 1}`;
    const read = readLiteralCommand(text);
    if (!read.ok) throw new UsageError(`mitigate: ${where}: ${read.message}`);
    const [program, ...argv] = read.words.map(({ value }) => value);
    if (program !== 'kubectl') throw new UsageError(`mitigate: ${where}: a command begins with kubectl`);
    return [{ argv: withManifests(argv, dirname(path), where, files) }];
  });
  if (steps.length === 0) throw new UsageError(`mitigate: ${path} holds no kubectl command`);
  return { title: `Your plan ${basename(path)}`, steps, files };
}

/** The words with each manifest as a file of the plan. */
function withManifests(argv: string[], folder: string, where: string, files: PlanFile[]): string[] {
  const parsed = parseKubectl(argv);
  const words = [...argv];
  // A command that kubectl does not know is refused by its rehearsal, which says what is wrong with it.
  for (const { name, value, index, valueIndex, form } of parsed.ok ? parsed.flags : []) {
    // What is neither a file beside the plan nor a list of such is refused by its rehearsal, too.
    if (name !== 'filename' || value === '-' || /^https?:/.test(value)) continue;
    const names = value.split(',').map((one) => {
      const content = textOf(resolve(folder, one), where);
      const file = { name: `manifest-${files.length + 1}`, content };
      files.push(file);
      return `{{${file.name}}}`;
    });
    if (form === 'separate') words[valueIndex] = names.join();
    else words[index] = `--filename=${names.join()}`;
  }
  return words;
}

function textOf(path: string, where?: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    throw new UsageError(`mitigate: ${where ? `${where}: ` : ''}cannot read ${path}: ${reason}`);
  }
}
