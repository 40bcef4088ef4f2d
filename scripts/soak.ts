import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SoakTally } from '../test/soak/soak-suite.ts';
import { SUITES } from '../test/soak/suites.ts';

/**
 * `npm run soak -- NAME [BEGINNING]`: one long suite in full, or those of its items whose names begin so. Every finished
 * item is recorded, so that an interrupted soak goes on where it stopped; the record belongs to one commit, and another
 * commit starts afresh.
 */
const root = join(import.meta.dirname, '..');
const [name, ...words] = process.argv.slice(2);
const suite = SUITES.find((candidate) => candidate.name === name);
const beginning = words.join(' ');
const items = suite?.items.filter((item) => item.startsWith(beginning)) ?? [];
if (suite && items.length === 0) {
  process.stderr.write(`no item of ${suite.name} begins with '${beginning}'; they are: ${suite.items.join(', ')}\n`);
  process.exit(64);
}
if (!suite) {
  const list = SUITES.map((one) => `  ${one.name.padEnd(14)} ${one.summary}`).join('\n');
  process.stderr.write(`usage: npm run soak -- NAME [BEGINNING OF ITEMS]\n${list}\n`);
  process.exit(64);
}

interface SoakReport {
  suite: string;
  /** Commit that was tested; `+changes` when the work tree differed from it. */
  commit: string;
  items: Record<string, SoakTally & { seconds: number }>;
}

const git = (...args: string[]) => execFileSync('git', args, { cwd: root }).toString().trim();
const commit = git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') ? '+changes' : '');
const folder = join(root, 'test-results');
const file = join(folder, `soak-${suite.name}-${commit}.json`);

function load(): SoakReport {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SoakReport;
  } catch {
    return { suite: suite!.name, commit, items: {} };
  }
}

const report = load();
mkdirSync(folder, { recursive: true });
const done = Object.keys(report.items).length;
if (done > 0) process.stderr.write(`going on after ${done} finished item(s) of commit ${commit}\n`);
const opening = suite.open();
// What was started is stopped again, also what is still starting; a second signal ends it at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  const stop = () => opening.then((started) => started.close()).finally(() => process.exit(130));
  process.once(signal, () => void stop());
}
const session = await opening;
try {
  for (const item of items) {
    if (report.items[item]) continue;
    const started = performance.now();
    const tally = await session.run(item);
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    const { passed, failed } = tally;
    report.items[item] = { ...tally, seconds };
    writeFileSync(`${file}.new`, `${JSON.stringify(report, null, 2)}\n`);
    renameSync(`${file}.new`, file);
    process.stderr.write(`${suite.name} ${item}: ${passed} passed, ${failed} failed (${seconds} s)\n`);
  }
} finally {
  await session.close();
}
const all = Object.values(report.items);
for (const failure of all.flatMap(({ failures }) => failures)) process.stderr.write(`FAILED ${failure}\n`);
const figures = new Map<string, number>();
for (const [name, value] of all.flatMap((one) => Object.entries(one.figures ?? {}))) {
  figures.set(name, (figures.get(name) ?? 0) + value);
}
for (const [name, value] of figures) process.stdout.write(`${name}: ${value}\n`);
const [passed, failed] = [all.reduce((sum, one) => sum + one.passed, 0), all.reduce((sum, one) => sum + one.failed, 0)];
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
