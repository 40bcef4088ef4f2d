import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Target } from '../domain/target.ts';
import { stateFolder } from '../gateway/journal/state-folder.ts';
import type { StratusApp } from '../run/app.ts';
import { oneLine } from '../text/plain-text.ts';
import { quoteArgv } from '../text/shell-quote.ts';
import type { CommandIo } from './command-line.ts';
import { parseCommand, rejectPositionals, TARGET_OPTIONS } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { VERSION } from './version.ts';

/** `stratus mcp`: read-only tools for agents of others, until their client goes away. Standard output is the protocol's. */
export async function mcpCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const parsed = parseCommand('mcp', args, { ...TARGET_OPTIONS, plans: { type: 'string' } });
  rejectPositionals('mcp', parsed);
  const given = parsed.text('plans');
  const folder =
    given === undefined ? join(stateFolder(process.env, process.platform), 'proposed-plans') : resolve(given);
  const app = await open();
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  const stop = new AbortController();
  const interrupt = io.onInterrupt(() => stop.abort(new Error('stopped')));
  const { serveMcp } = await import('../serve/mcp-server.ts');
  try {
    await serveMcp({
      app,
      target,
      version: VERSION,
      keepPlan: (title, commands) => keepPlan(folder, target, title, commands),
      input: process.stdin,
      output: process.stdout,
      tell: (line) => io.stderr(`stratus: ${line}\n`),
      signal: stop.signal,
    });
  } finally {
    interrupt.dispose();
    // Whoever started this may keep its end of the pipe open.
    process.stdin.destroy();
  }
  return EXIT.ok;
}

/** A plan file for `stratus mitigate --plan`, readable for this user only. @returns the command that tries it */
export async function keepPlan(
  folder: string,
  { context, namespace }: Target,
  title: string,
  commands: readonly string[],
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `plan-${randomBytes(6).toString('hex')}.txt`);
  await writeFile(file, `# ${oneLine(title)}\n${commands.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
  return quoteArgv(['stratus', 'mitigate', '--context', context, '--namespace', namespace, '--plan', file]);
}
