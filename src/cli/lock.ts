import type { StratusApp } from '../run/app.ts';
import type { CommandIo } from './command-line.ts';
import { parseCommand, TARGET_OPTIONS } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { UsageError } from './usage.ts';

/** `stratus lock status | break`. */
export async function lockCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const parsed = parseCommand('lock', args, { ...TARGET_OPTIONS, yes: { type: 'boolean' }, json: { type: 'boolean' } });
  const [action, extra] = parsed.positionals;
  if (extra !== undefined || (action !== 'status' && action !== 'break')) {
    throw new UsageError("lock: status or break; see 'stratus lock --help'");
  }
  if (action === 'break' && !parsed.flag('yes')) {
    throw new UsageError('lock: breaking a lock lets two writers in if its owner still lives; add --yes if it is gone');
  }
  const app = await open();
  const target = await app.pin(parsed.text('context'), parsed.text('namespace'));
  if (action === 'break') await app.breakLock(target);
  const status = await app.lockStatus(target);
  if (parsed.flag('json')) io.stdout(`${JSON.stringify(status)}\n`);
  else {
    const holder = status.holder ? ` by ${status.holder}, ${status.phase}, renewed ${status.renewedAt}` : '';
    io.stdout(`${status.state}${holder} (${status.level})\n`);
  }
  return EXIT.ok;
}
