/**
 * The third writer of the lock race: holds the application as an editor does and runs commands in it. Takes one JSON
 * document per line on standard input and answers each with one on standard output.
 */
import { createInterface } from 'node:readline';
import type { AppConfig } from '../../../src/run/app-config.ts';
import { LockedByAnother } from '../../../src/run/lock-refusal.ts';
import { createApp } from '../../../src/run/create-app.ts';

interface Order {
  config: AppConfig;
  context: string;
  namespace: string;
  argv: string[];
}

async function carryOut({ config, context, namespace, argv }: Order): Promise<string> {
  const app = await createApp(config);
  try {
    const target = await app.targets.pin(context, namespace);
    const { result } = await app.shell.run(target, argv, [], new AbortController().signal);
    return result.ok ? 'done' : `failed: ${result.problem}`;
  } catch (error) {
    return error instanceof LockedByAnother ? 'locked' : `failed: ${(error as Error).message}`;
  } finally {
    await app.dispose();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await carryOut(JSON.parse(line) as Order))}\n`);
}
