import { defaultGrammar } from '../../../src/kubectl/grammar/grammar.ts';
import type { CommandSpec, FlagSpec, Grammar } from '../../../src/kubectl/grammar/grammar-types.ts';
import { parseKubectl } from '../../../src/kubectl/parse.ts';
import { judgeWithKubectl } from './harness.ts';
import type { HarnessVerdict } from './harness.ts';

/** A small seeded generator (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const WORDS = [
  'ns',
  'pods',
  'x',
  'pod/x',
  'a=b',
  'delete',
  'get',
  'label',
  'server',
  'none',
  'true',
  'false',
  '1',
  '-1',
  '',
  '-',
  '--',
  '30s',
  '-5s',
  '1h30m',
  'undo',
  'Delete',
  'help',
  'cm',
  'deploy',
  'sa',
  '0x1f',
  '1_000',
  '010',
  'a,b',
  '"a",b',
  'k=v:NoSchedule-',
  'x\u00e9',
  '=',
  '--=',
  '---',
  '-=',
  't',
  'F',
  'yes',
];

function commands(root: CommandSpec): CommandSpec[] {
  return [root, ...[...root.children.values()].flatMap(commands)];
}

/** Argvs that mix commands, their flags in every spelling, flags of others, values and rubbish. */
export function randomArgvs(count: number, seed: number, grammar: Grammar = defaultGrammar()): string[][] {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const all = commands(grammar.root);
  const anyFlags = all.flatMap((command) => [...command.flags.values()]);
  const flagWords = (flag: FlagSpec): string[] => {
    const name = random() < 0.1 ? flag.name.replaceAll('-', '_') : flag.name;
    const value =
      random() < 0.5 && flag.type !== 'string'
        ? pick(['true', 'false', '5', '30s', 'server', 'a,b', 'a=b'])
        : pick(WORDS);
    const style = random();
    if (flag.short && style < 0.35) {
      if (style < 0.1) return [`-${flag.short}${value}`];
      if (style < 0.18) return [`-${flag.short}=${value}`];
      if (style < 0.26) return [`-${pick(anyFlags).short ?? 'A'}${flag.short}`, value];
      return random() < 0.5 ? [`-${flag.short}`] : [`-${flag.short}`, value];
    }
    if (style < 0.6) return [`--${name}=${value}`];
    return random() < 0.4 ? [`--${name}`] : [`--${name}`, value];
  };
  return Array.from({ length: count }, () => {
    const command = pick(all);
    const words: string[][] = command.path.map((name, index) => {
      const alias = index === command.path.length - 1 && random() < 0.3 ? command.aliases[0] : undefined;
      return [alias ?? name];
    });
    const extra = Math.floor(random() * 6);
    for (let index = 0; index < extra; index++) {
      const flags = [...command.flags.values()];
      const kind = random();
      const piece =
        kind < 0.6
          ? flagWords(pick(flags))
          : kind < 0.68
            ? flagWords(pick(anyFlags))
            : kind < 0.72
              ? pick([['--help'], ['-h'], ['--help=false'], ['-h=false'], ['--helpx']])
              : [pick(WORDS)];
      const at = random() < 0.75 ? words.length : Math.floor(random() * (words.length + 1));
      words.splice(at, 0, piece);
    }
    return words.flat();
  });
}

/** Our parse in the harness's form. */
function ours(argv: readonly string[], grammar: Grammar): Omit<HarnessVerdict, 'err'> {
  const parsed = parseKubectl(argv, grammar);
  if (!parsed.ok) {
    const kind = parsed.code === 'unknown-command' ? 'unknown-command' : 'flag-error';
    return { path: [...parsed.path], uses: [], args: [], dash: -1, kind };
  }
  const help = parsed.flags.findLast((use) => use.name === 'help');
  const isHelp = help !== undefined && /^(1|t|T|true|True|TRUE)$/.test(help.value);
  const dash = parsed.dash;
  return {
    path: [...parsed.path],
    uses: parsed.flags.map((use) => [use.name, use.value]),
    args: parsed.positionals.map((item) => item.value),
    dash,
    kind: isHelp ? 'help' : 'ok',
  };
}

/** One argv that is read differently. */
export interface Difference {
  argv: readonly string[];
  kubectl: HarnessVerdict;
  ours: Omit<HarnessVerdict, 'err'>;
}

/** A release other than the default: its grammar and the harness that holds its command tree. */
export interface Release {
  grammar: Grammar;
  binary: string;
}

/** Compares our parse with kubectl's on random argvs: command, every flag assignment, arguments and kind of error. */
export function compareWithKubectl(count: number, seed: number, release?: Release): Difference[] {
  const grammar = release?.grammar ?? defaultGrammar();
  const argvs = randomArgvs(count, seed, grammar);
  const verdicts = judgeWithKubectl(argvs, release?.binary);
  return argvs.flatMap((argv, index) => {
    const kubectl = verdicts[index];
    if (!kubectl) return [];
    const mine = ours(argv, grammar);
    const failed = kubectl.kind === 'unknown-command' || kubectl.kind === 'flag-error';
    const same =
      kubectl.kind === mine.kind &&
      JSON.stringify(kubectl.path) === JSON.stringify(mine.path) &&
      (failed ||
        (JSON.stringify(kubectl.uses) === JSON.stringify(mine.uses) &&
          JSON.stringify(kubectl.args) === JSON.stringify(mine.args) &&
          kubectl.dash === mine.dash));
    return same ? [] : [{ argv, kubectl, ours: mine }];
  });
}
