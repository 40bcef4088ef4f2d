import { readdirSync } from 'node:fs';
import { join } from 'node:path';

interface Bench {
  /** Options that it takes; none where it is absent. */
  usage?: string;
  bench(args: readonly string[]): Promise<void>;
}

/** `npm run bench -- NAME`: one benchmark of test/bench; every figure is a ratio within one run or says what it is. */
const folder = join(import.meta.dirname, '..', 'test', 'bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));
const [name, ...rest] = process.argv.slice(2);
const usage = (text: string): never => {
  process.stderr.write(`usage: npm run bench -- ${text}\n`);
  process.exit(64);
};
if (!name || !names.includes(name)) usage(`NAME; one of: ${names.join(', ')}`);
const script = (await import(join(folder, `${name}.ts`))) as Bench;
if (rest.length > 0 && !script.usage) usage(`${name} (it takes no options)`);
try {
  await script.bench(rest);
} catch (error) {
  if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))) throw error;
  usage(`${name} ${script.usage}\n${error.message}`);
}
