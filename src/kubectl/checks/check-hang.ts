import { flagIsOn, lastFlag } from '../parse.ts';
import type { FlagUse } from '../parse.ts';
import { atVerb, endOfFlags } from '../problem.ts';
import type { Check, CheckInput, Problem } from '../problem.ts';
import type { CommandRule } from '../rules.ts';

const STDIN_FILES = new Set(['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']);

const RULE_OF_COMMAND: Readonly<Record<string, CommandRule>> = {
  get: 'watch',
  events: 'watch',
  logs: 'follow-logs',
  'rollout status': 'rollout-status-unbounded',
  wait: 'wait-unbounded',
  drain: 'drain-unbounded',
  delete: 'delete-unbounded',
};

function onFlag(input: CheckInput, names: readonly string[]): FlagUse | undefined {
  return input.parsed.flags.findLast((use) => names.includes(use.name) && flagIsOn(input.parsed, use.name));
}

function checkRisk(input: CheckInput): Problem[] {
  const { effect, parsed, argv } = input;
  const rule = effect.hang && RULE_OF_COMMAND[effect.command];
  if (!effect.hang || !rule) return [];
  const use =
    onFlag(input, ['watch', 'watch-only', 'follow']) ??
    (rule === 'wait-unbounded' ? lastFlag(parsed, 'timeout') : undefined);
  const at = use && rule !== 'rollout-status-unbounded' ? { first: use.index, last: use.valueIndex } : atVerb(input);
  const bound = effect.hang.bound;
  const problem: Problem = {
    rule,
    ...at,
    message: `kubectl ${effect.command} ${effect.hang.why}; ${bound ? `add ${bound}` : 'leave that flag out'}`,
  };
  if (!bound) return [problem];
  const old = lastFlag(parsed, 'timeout');
  const edit = old
    ? [
        { kind: 'replace' as const, index: old.index, word: bound },
        ...(old.form === 'separate' ? [{ kind: 'remove' as const, index: old.valueIndex }] : []),
      ]
    : [{ kind: 'insert' as const, index: endOfFlags(argv, parsed), word: bound }];
  // What takes longer for good reasons would fail: the limit is a choice.
  return [{ ...problem, rewrite: { title: `Add ${bound}`, safe: false, edits: edit } }];
}

/** Rules about commands that wait for a person, for input or for ever. */
export const checkHang: Check = (input) => {
  const { parsed, effect, audience } = input;
  if (parsed.help) return [];
  const problems = checkRisk(input);
  const takesTerminal = ['exec', 'run', 'debug', 'attach'].includes(effect.command);
  if (takesTerminal) {
    const tty = onFlag(input, ['tty']);
    const stdin = onFlag(input, ['stdin']);
    const detached = lastFlag(parsed, 'attach')?.value === 'false';
    const waits = audience === 'agent' ? tty : tty && stdin && !detached ? tty : undefined;
    const use = waits ?? (audience === 'agent' ? (stdin ?? onFlag(input, ['attach', 'rm'])) : undefined);
    if (use) {
      problems.push({
        rule: 'interactive-flags',
        first: use.index,
        last: use.valueIndex,
        message: `--${use.name} waits for a terminal or input that is not there; leave it out`,
      });
    }
  }
  if (parsed.path.join(' ') === 'delete' && onFlag(input, ['interactive'])) {
    const use = onFlag(input, ['interactive']);
    if (use)
      problems.push({
        rule: 'interactive-flags',
        first: use.index,
        last: use.index,
        message: '--interactive asks a question; leave it out',
      });
  }
  if (effect.class === 'interactive') {
    problems.push({
      rule: 'interactive-command',
      ...atVerb(input),
      message: `kubectl ${effect.command} opens an editor and waits; use patch, set or apply`,
    });
  }
  const edit = onFlag(input, ['edit']);
  if (edit && effect.command.startsWith('create')) {
    problems.push({
      rule: 'interactive-command',
      first: edit.index,
      last: edit.index,
      message: '--edit opens an editor and waits; change the file or the arguments instead',
    });
  }
  if (effect.command === 'proxy' || effect.command === 'port-forward' || effect.command === 'attach') {
    problems.push({
      rule: 'blocking-command',
      ...atVerb(input),
      message: `kubectl ${effect.command} runs until it is stopped; it has no bounded form`,
    });
  }
  for (const use of parsed.flags.filter((flag) => flag.name === 'filename' || flag.name === 'patch-file')) {
    if (use.value.split(',').some((file) => STDIN_FILES.has(file))) {
      problems.push({
        rule: 'stdin-manifest',
        first: use.index,
        last: use.valueIndex,
        message: `${use.value} is standard input, which is closed here; use patch, set or create with arguments`,
      });
    }
  }
  return problems;
};
