import { checkContent } from './checks/check-content.ts';
import { checkData } from './checks/check-data.ts';
import { checkDelete } from './checks/check-delete.ts';
import { checkDryRun } from './checks/check-dry-run.ts';
import { checkExposure } from './checks/check-exposure.ts';
import { checkHang } from './checks/check-hang.ts';
import { checkIdentity } from './checks/check-identity.ts';
import { checkRights } from './checks/check-rights.ts';
import { checkSecretOutput } from './checks/check-secret-output.ts';
import { effectOf } from './effect.ts';
import type { CommandEffect } from './effect.ts';
import { childNamed, defaultGrammar } from './grammar/grammar.ts';
import type { Grammar } from './grammar/grammar-types.ts';
import { parseKubectl } from './parse.ts';
import type { ParsedCommand, ParseError } from './parse.ts';
import type { Audience, JudgeOptions, Problem } from './problem.ts';
import type { CommandRule } from './rules.ts';

/** What is known about one argv: how kubectl reads it, what it does and what is wrong with it. */
export interface Judgement {
  parsed: ParsedCommand | ParseError;
  effect?: CommandEffect;
  problems: readonly Problem[];
}

/** Commands that only hold other commands. */
const GROUPS = new Set([
  'config',
  'auth',
  'set',
  'rollout',
  'certificate',
  'plugin',
  'top',
  'alpha',
  'kuberc',
  'alpha kuberc',
]);

const CHECKS = [
  checkIdentity,
  checkContent,
  checkRights,
  checkDryRun,
  checkDelete,
  checkData,
  checkHang,
  checkExposure,
  checkSecretOutput,
];

const RULE_OF_ERROR: Readonly<Record<ParseError['code'], CommandRule>> = {
  'unknown-command': 'unknown-command',
  'unknown-flag': 'unknown-flag',
  'missing-value': 'bad-arguments',
  'bad-value': 'bad-arguments',
  'bad-syntax': 'bad-arguments',
};

function errorMessage(error: ParseError, argv: readonly string[]): string {
  switch (error.code) {
    case 'unknown-command':
      return `kubectl has no command "${argv[error.index] ?? ''}": it would run a plugin of that name; use a built-in command`;
    case 'unknown-flag':
      return `kubectl ${error.path.join(' ')} has no such flag (${error.message}); leave it out`;
    default:
      return `${error.message}; correct the value`;
  }
}

/** A flag before the verb whose separate value is itself a kubectl command, so that a reader sees the wrong verb. */
function misleadingFlag(parsed: ParsedCommand, argv: readonly string[], grammar: Grammar): Problem[] {
  const verb = parsed.verbIndexes[0];
  if (verb === undefined) return [];
  const use = parsed.flags.find(
    (flag) => flag.form === 'separate' && flag.valueIndex < verb && childNamed(grammar.root, flag.value),
  );
  if (!use) return [];
  return [
    {
      rule: 'misleading-flag',
      first: use.index,
      last: use.valueIndex,
      message: `"${use.value}" is the value of ${argv[use.index] ?? ''}; the command that runs is "${parsed.path.join(' ')}", put it first`,
    },
  ];
}

function unfinished(parsed: ParsedCommand): Problem[] {
  if (parsed.help || parsed.command.children.size === 0) return [];
  const word = parsed.positionals[0];
  const at = { first: word?.index ?? parsed.verbIndexes[0] ?? 0, last: word?.index ?? parsed.verbIndexes.at(-1) ?? 0 };
  const name = parsed.path.join(' ');
  if (name === 'create' && word)
    return [
      {
        rule: 'unknown-command',
        ...at,
        message: `kubectl create has no kind "${word.value}": it would run a plugin of that name`,
      },
    ];
  if (GROUPS.has(name) && word) {
    return [
      {
        rule: 'unknown-command',
        ...at,
        message: `kubectl ${name} has no command "${word.value}"; use one of ${[...parsed.command.children.keys()].join(', ')}`,
      },
    ];
  }
  return [];
}

/** Judges an argv (without the leading word kubectl). The first problem is the most important one. */
export function judgeArgv(
  argv: readonly string[],
  audience: Audience,
  options: JudgeOptions = {},
  grammar: Grammar = defaultGrammar(),
): Judgement {
  const parsed = parseKubectl(argv, grammar);
  if (!parsed.ok) {
    const rule = RULE_OF_ERROR[parsed.code];
    return {
      parsed,
      problems: [{ rule, first: parsed.index, last: parsed.index, message: errorMessage(parsed, argv) }],
    };
  }
  const problems = misleadingFlag(parsed, argv, grammar);
  problems.push(...unfinished(parsed));
  const effect = effectOf(parsed);
  if (!effect) {
    const at = { first: parsed.verbIndexes[0] ?? 0, last: parsed.verbIndexes.at(-1) ?? 0 };
    problems.push({
      rule: 'unjudged-command',
      ...at,
      message: `nobody has judged kubectl ${parsed.path.join(' ')}; use another command`,
    });
    return { parsed, problems };
  }
  for (const check of CHECKS) problems.push(...check({ argv, parsed, effect, audience, options }));
  return { parsed, effect, problems };
}
