import { flagIsOn, lastFlag } from '../parse.ts';
import type { Check, Problem } from '../problem.ts';

const MODES = new Set(['server', 'client', 'none', 'true', 'false', 'unchanged']);

const WRITES = new Set(['none', 'false']);

/** Rules about dry runs that are not what they seem. */
export const checkDryRun: Check = ({ parsed, effect, argv }) => {
  if (parsed.help) return [];
  const problems: Problem[] = [];
  const uses = parsed.flags.filter((use) => use.name === 'dry-run');
  const last = uses.at(-1);
  const values = new Set(uses.map((use) => use.value));
  if (last && values.size > 1) {
    const first = uses[0] ?? last;
    problems.push({
      rule: 'dry-run-overridden',
      first: first.index,
      last: first.index,
      message: `this is overridden: the last value counts, --dry-run=${last.value}; give it once`,
    });
  }
  const detached =
    last?.form === 'implied' ? parsed.positionals.find((item) => item.index === last.index + 1) : undefined;
  if (last && detached && MODES.has(detached.value)) {
    problems.push({
      rule: 'dry-run-detached',
      first: last.index,
      last: detached.index,
      message: `"${detached.value}" is read as an object name; write --dry-run=${detached.value}`,
      // What ran as a client's dry run would write after all with none or false, and may miss the word as its name.
      ...(WRITES.has(detached.value)
        ? {}
        : {
            rewrite: {
              title: `Use --dry-run=${detached.value}`,
              safe: false,
              edits: [
                { kind: 'replace', index: last.index, word: `--dry-run=${detached.value}` },
                { kind: 'remove', index: detached.index },
              ],
            },
          }),
    });
  } else if (last && (last.value === 'unchanged' || last.value === 'true' || last.value === '1')) {
    problems.push({
      rule: 'dry-run-deprecated',
      first: last.index,
      last: last.index,
      message: 'this old spelling means --dry-run=client; say which mode is meant',
      rewrite: {
        title: 'Use --dry-run=client',
        safe: true,
        edits: [{ kind: 'replace', index: last.index, word: '--dry-run=client' }],
      },
    });
  }
  if (last && values.size === 1 && (last.value === 'none' || last.value === 'false')) {
    problems.push({
      rule: 'dry-run-none',
      first: last.index,
      last: last.index,
      message: '--dry-run=none really writes; leave it out or use --dry-run=server',
    });
  }
  const asked = last && last.value !== 'none' && last.value !== 'false';
  if (asked && effect.dryRunTruth === 'lies') {
    problems.push({
      rule: 'dry-run-ignored',
      first: last.index,
      last: last.index,
      message: `kubectl ignores --dry-run together with ${lastFlag(parsed, 'raw') ? '--raw' : '--edit'} and really writes; remove that flag`,
    });
  }
  if (asked && effect.dryRunTruth === 'rejected' && last.value === 'server') {
    problems.push({
      rule: 'dry-run-rejected',
      first: last.index,
      last: last.index,
      message: `kubectl ${effect.command} refuses --dry-run=server; only client mode exists`,
    });
  }
  if (
    asked &&
    flagIsOn(parsed, 'force') &&
    (effect.command === 'apply' || effect.command === 'replace') &&
    last.value === 'server'
  ) {
    problems.push({
      rule: 'dry-run-rejected',
      first: last.index,
      last: last.index,
      message: 'kubectl refuses --dry-run=server together with --force; drop --force',
    });
  }
  const inside = parsed.positionals.find((item) => item.afterDash && /^--dry[-_]run(=|$)/.test(item.value));
  // A program in a container may well have an option of this name, and exec itself has none.
  if (inside && effect.class !== 'execute') {
    problems.push({
      rule: 'dry-run-ignored',
      first: inside.index,
      last: inside.index,
      message: 'after -- this belongs to the arguments, not to kubectl; put it before --',
    });
  }
  return problems.filter((problem) => argv[problem.first] !== undefined);
};
