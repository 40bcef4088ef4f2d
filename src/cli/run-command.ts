import type { StratusApp } from '../run/app.ts';
import type { CommandIo } from './command-line.ts';
import { acceptOption, needConsent, parseCommand, rejectPositionals, TARGET_OPTIONS } from './command-line.ts';
import { CONSENT_OPTIONS, policyOf } from './consent.ts';
import { runOwnStep } from './own-step.ts';
import { UsageError } from './usage.ts';
import { readsOnly } from '../kubectl/confine.ts';

/** `stratus run -- ARGS`: rehearse, ask, run as one transaction that stays undoable. */
export async function runCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const dashes = args.indexOf('--');
  const parsed = parseCommand('run', dashes < 0 ? args : args.slice(0, dashes), {
    ...TARGET_OPTIONS,
    ...CONSENT_OPTIONS,
    accept: { type: 'string', multiple: true },
    json: { type: 'boolean' },
  });
  const argv = dashes < 0 ? [] : args.slice(dashes + 1);
  if (argv.length === 0)
    throw new UsageError("run: put the kubectl command after '--', for example: stratus run -- get pods");
  rejectPositionals('run', parsed);
  const accepted = acceptOption('run', parsed);
  const reads = readsOnly(argv);
  if (!reads) needConsent('run', parsed.flag('yes'), io);
  const policy = policyOf(parsed, io);
  const app = await open();
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  if (!reads) await app.transactions.refuseWhileOwed(target);
  return runOwnStep(
    {
      command: 'run',
      argv,
      accepted,
      rehearse: (signal) => app.shell.rehearse(target, argv, signal),
      run: (accept, signal) => app.shell.run(target, argv, accept, signal),
    },
    parsed,
    policy,
    target.context,
    io,
  );
}
