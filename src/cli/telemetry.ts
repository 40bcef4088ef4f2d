import type { StratusApp } from '../run/app.ts';
import type { CommandIo, OpenApp } from './command-line.ts';
import { parseCommand, TARGET_OPTIONS } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { TELEMETRY_OPTIONS, telemetryConfig } from './telemetry-options.ts';
import { presentableValue } from '../text/redact.ts';
import { UsageError } from './usage.ts';

/** `stratus telemetry find | test`: what could be read, and what of it answers. Read-only. */
export async function telemetryCommand(args: string[], io: CommandIo, open: OpenApp): Promise<number> {
  const parsed = parseCommand('telemetry', args, {
    ...TARGET_OPTIONS,
    ...TELEMETRY_OPTIONS,
    json: { type: 'boolean' },
  });
  const [action, ...more] = parsed.positionals;
  if ((action !== 'find' && action !== 'test') || more.length > 0)
    throw new UsageError("telemetry: say find or test; see 'stratus telemetry --help'");
  const app = await open(telemetryConfig(parsed, process.env));
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  const never = new AbortController().signal;
  if (action === 'find') return found(await app.telemetry.find(target, never), parsed.flag('json'), io);
  const { opened, notes } = presentableValue(await app.telemetry.test(target, never));
  const works = opened.every(({ problem }) => problem === null);
  if (parsed.flag('json')) io.stdout(`${JSON.stringify({ sources: opened, notes })}\n`);
  else if (opened.length === 0) io.stdout("no telemetry is configured; 'stratus telemetry find' looks for some\n");
  for (const { role, name, version, problem, note } of parsed.flag('json') ? [] : opened)
    io.stdout(
      `${role.padEnd(8)} ${problem ?? `${name}${version ? ` ${version}` : ''} answers`}${note ? `; ${note}` : ''}\n`,
    );
  for (const note of notes) io.stderr(`stratus: ${note}\n`);
  return works ? EXIT.ok : EXIT.error;
}

const FLAGS = { metrics: '--prometheus', alerts: '--alertmanager', traces: '--traces', logs: '--logs' } as const;

function found(result: Awaited<ReturnType<StratusApp['telemetry']['find']>>, json: boolean, io: CommandIo): number {
  const { found: sources, notes } = presentableValue(result);
  if (json) {
    const told = sources.map(({ spec, name, version, url }) => ({ role: spec.role, name, version, url }));
    io.stdout(`${JSON.stringify({ found: told, notes })}\n`);
    return EXIT.ok;
  }
  for (const { spec, name, version, url } of sources)
    io.stdout(`${spec.role.padEnd(8)} ${name}${version ? ` ${version}` : ''}: ${FLAGS[spec.role]} ${url}\n`);
  if (sources.length === 0) io.stdout('no Service of the cluster looks like a source of telemetry and answers\n');
  else io.stdout("'stratus mitigate --find-telemetry' uses them; the options above name them one by one\n");
  for (const note of notes) io.stderr(`stratus: ${note}\n`);
  return EXIT.ok;
}
