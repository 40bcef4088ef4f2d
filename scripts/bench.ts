import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** `npm run bench -- NAME`: one benchmark of test/bench; every figure is a ratio within one run or says what it is. */
const folder = join(import.meta.dirname, '..', 'test', 'bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));
const [name, ...rest] = process.argv.slice(2);
if (!name || !names.includes(name) || rest.length > 0) {
  process.stderr.write(`usage: npm run bench -- NAME; one of: ${names.join(', ')}\n`);
  process.exit(64);
}
const { bench } = (await import(join(folder, `${name}.ts`))) as { bench: () => Promise<void> };
await bench();
