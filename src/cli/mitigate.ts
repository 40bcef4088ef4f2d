import { DEFAULT_OPTIONS } from '../domain/run-event.ts';
import type { RunResult } from '../domain/run-event.ts';
import { BRAINS } from '../run/incidents.ts';
import type { AskApproval } from '../run/incident/run-ports.ts';
import type { CommandIo, OpenApp } from './command-line.ts';
import { needConsent, numberOption, parseCommand, rejectPositionals, TARGET_OPTIONS } from './command-line.ts';
import { exitCodeOfRun } from './exit-code.ts';
import { USUAL_WATCH_S, watchAfterRun } from './kept-watch.ts';
import { lockText } from './lock.ts';
import { TerminalView } from './terminal.ts';
import { painter } from './paint.ts';
import { runSummary } from './run-summary.ts';
import { adviceForRun } from './advice.ts';
import { checkContext, consent, CONSENT_OPTIONS, policyOf } from './consent.ts';
import { readPlanFile } from './plan-file.ts';
import { TELEMETRY_OPTIONS, telemetryConfig } from './telemetry-options.ts';
import { UsageError } from './usage.ts';
import { counted } from '../text/plain-text.ts';
import type { AutonomyPolicy } from '../domain/autonomy.ts';
import { decide } from '../domain/autonomy.ts';

/** `stratus mitigate`: one incident from detection to its end. */
export async function mitigateCommand(args: string[], io: CommandIo, open: OpenApp): Promise<number> {
  const parsed = parseCommand('mitigate', args, {
    ...TARGET_OPTIONS,
    brain: { type: 'string' },
    ...CONSENT_OPTIONS,
    json: { type: 'boolean' },
    check: { type: 'string', multiple: true },
    ...TELEMETRY_OPTIONS,
    plan: { type: 'string', multiple: true },
    timeout: { type: 'string' },
    watch: { type: 'string' },
    'max-attempts': { type: 'string' },
    'max-callers': { type: 'string' },
    'commit-rule': { type: 'string' },
    'all-or-nothing': { type: 'boolean' },
  });
  rejectPositionals('mitigate', parsed);
  const brain = parsed.text('brain');
  if (brain !== undefined && !BRAINS.includes(brain)) {
    throw new UsageError(`mitigate: unknown brain '${brain}'; this version has: ${BRAINS.join(', ')}`);
  }
  const commitRule = parsed.text('commit-rule') ?? 'strict';
  if (commitRule !== 'strict' && commitRule !== 'paper') {
    throw new UsageError(`mitigate: --commit-rule is strict or paper, not '${commitRule}'`);
  }
  const maxAttempts = numberOption('mitigate', parsed, 'max-attempts', [1, 10]) ?? DEFAULT_OPTIONS.maxAttempts;
  const maxCallers = numberOption('mitigate', parsed, 'max-callers', [0, 100_000]);
  const seconds = numberOption('mitigate', parsed, 'timeout', [1, 86_400]);
  const watched =
    numberOption('mitigate', parsed, 'watch', [0, 86_400]) ?? (io.confirm && !parsed.flag('yes') ? USUAL_WATCH_S : 0);
  const plans = parsed.list('plan').map(readPlanFile);
  const policy = policyOf(parsed, io);
  needConsent('mitigate', policy.mode === 'all', io);

  const app = await open(telemetryConfig(parsed, process.env));
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  checkContext('mitigate', policy, target.context);
  const run = await app.incidents.mitigate({
    target,
    ...(brain === undefined ? {} : { brain }),
    checks: parsed.list('check'),
    plans,
    options: {
      ...DEFAULT_OPTIONS,
      maxAttempts,
      commitRule,
      allOrNothing: parsed.flag('all-or-nothing'),
      ...(maxCallers === undefined ? {} : { maxCallers }),
      ...(seconds === undefined ? {} : { wallClockMs: seconds * 1000 }),
    },
    askApproval: approval(policy, target.context, io),
    ...(policy.unattended || !io.confirm
      ? {}
      : { askBudget: (limit, signal) => io.confirm!(`${limit}. May the model spend as much again?`, signal) }),
  });
  if (parsed.flag('json')) run.onEvent((event) => io.stdout(`${JSON.stringify(jsonLine(event))}\n`));
  else {
    // Only for people to see beforehand; taking the lock tells for itself what is wrong with it.
    const lock = await app.lock.status(target).catch(() => null);
    if (lock) io.stderr(`writer lock: ${lockText(lock)}\n`);
    const view = new TerminalView(io.stderr, painter(io.colours.stderr));
    run.onEvent((event) => view.show(event));
  }
  let interrupts = 0;
  const interrupt = io.onInterrupt(() => {
    interrupts += 1;
    io.stderr(
      interrupts === 1
        ? 'stratus: stopping; an open transaction is undone and verified first\n'
        : "stratus: still undoing; if you kill this process now, 'stratus recover' finishes the undo\n",
    );
    run.cancel();
  });
  const result = await run.start();
  interrupt.dispose();
  if (!parsed.flag('json')) io.stdout(runSummary(result, run.events(), io.colours.stdout));
  // Whoever reads the events as data may not read this, but the log of the job keeps it.
  else if (adviceForRun(result)) io.stderr(`stratus: ${result.outcome}: ${adviceForRun(result)}\n`);
  const back =
    watched > 0 && interrupts === 0 ? await watchAfterRun(app, run, watched, policy.unattended === true, io) : null;
  return back ?? exitCodeOfRun(result);
}

function approval(policy: AutonomyPolicy, context: string, io: CommandIo): AskApproval {
  return async ({ plan, steps, hash }, signal) => {
    const question = `Run this transaction (${counted(plan.steps.length, 'command')}, undoable)?`;
    const { needsPerson } = plan;
    const asked = needsPerson ? `${needsPerson}.\n${question}` : question;
    const by = await consent(policy, steps, context, asked, io, signal, needsPerson);
    if (by) return { approve: true, hash, by };
    const decision = decide(policy, steps, context, needsPerson);
    return decision.type === 'refuse'
      ? { approve: false, reason: decision.reason, ...(needsPerson ? { final: true as const } : {}) }
      : { approve: false, reason: 'rejected at the terminal' };
  };
}

/** The result line of the contract has the outcome at its top level. */
function jsonLine(event: { type: string }): unknown {
  if (event.type !== 'result' || !('result' in event)) return event;
  return { type: 'result', ...(event.result as RunResult) };
}
