import { flagIsOn, lastFlag } from '../parse.ts';
import type { Check, CheckInput, Problem, Rewrite } from '../problem.ts';
import { isNeverDeleted, isWorkload } from '../resources.ts';
import { isCategory } from '../targets.ts';
import type { Target } from '../targets.ts';

function show(target: Target): string {
  const kind = target.kind?.kind ?? `"${target.word}"`;
  return target.name === undefined ? kind : `${kind} ${target.name}`;
}

/** `scale` in place of `delete` for one workload named as TYPE/NAME or TYPE NAME. */
function scaleToZero(input: CheckInput, target: Target): Rewrite | undefined {
  const { parsed, argv } = input;
  const verb = parsed.verbIndexes[0];
  if (verb === undefined || input.effect.targets.length !== 1 || target.name === undefined) return undefined;
  const known = new Set(['namespace', 'context']);
  const edits: Rewrite['edits'][number][] = [];
  for (const use of parsed.flags) {
    if (known.has(use.name)) continue;
    edits.push({ kind: 'remove', index: use.index });
    if (use.form === 'separate') edits.push({ kind: 'remove', index: use.valueIndex });
  }
  const plural = target.kind?.plural ?? '';
  if (plural === 'jobs' || plural === 'cronjobs') {
    return {
      title: 'Suspend instead of deleting',
      safe: false,
      edits: [
        ...edits,
        { kind: 'replace', index: verb, word: 'patch' },
        { kind: 'insert', index: argv.length, word: '--type=merge' },
        { kind: 'insert', index: argv.length, word: '--patch={"spec":{"suspend":true}}' },
      ],
    };
  }
  if (plural === 'daemonsets') return undefined;
  return {
    title: 'Scale to 0 instead of deleting',
    safe: false,
    edits: [
      ...edits,
      { kind: 'replace', index: verb, word: 'scale' },
      { kind: 'insert', index: argv.length, word: '--replicas=0' },
    ],
  };
}

/** Kinds without data of their own that claims depend on. */
const STORAGE_SETUP = new Set(['storageclasses', 'csidrivers', 'csinodes', 'volumeattachments']);

function targetProblem(input: CheckInput, target: Target): Problem | undefined {
  const at = { first: target.index, last: target.index };
  if (isCategory(target.word)) {
    return { ...at, rule: 'delete-many', message: `"${target.word}" deletes objects of many kinds; name each object` };
  }
  if (!target.kind) {
    return {
      ...at,
      rule: 'delete-unknown-kind',
      message: `"${target.word}" is not a built-in kind, so its deletion cannot be judged; delete built-in kinds by name only`,
    };
  }
  if (isNeverDeleted(target.kind) || (input.audience === 'human' && target.kind.plural === 'persistentvolumeclaims')) {
    return {
      ...at,
      rule: 'delete-protected-kind',
      message: `deleting ${show(target)} cannot be undone; ${target.kind.plural === 'namespaces' ? 'delete or scale the objects inside it by name' : 'leave it in place'}`,
    };
  }
  if (input.audience === 'human' && STORAGE_SETUP.has(target.kind.plural)) {
    return {
      ...at,
      rule: 'delete-protected-kind',
      mild: true,
      message: `claims that name ${show(target)} find no volume any more; make sure that none is left`,
    };
  }
  if (isNodeOrWorkload(target) && !(input.audience === 'human' && keepsDependents(input.parsed))) {
    const rewrite = scaleToZero(input, target);
    const isNode = target.kind.plural === 'nodes';
    const problem: Problem = {
      ...at,
      rule: 'delete-workload',
      message: isNode
        ? `deleting ${show(target)} loses its identity; use: kubectl cordon ${target.name ?? 'NODE'}`
        : `deleting ${show(target)} loses its identity and history; ${target.kind.plural.endsWith('jobs') ? 'suspend it' : 'scale it to 0'} instead`,
    };
    return rewrite && !isNode ? { ...problem, rewrite } : problem;
  }
  return undefined;
}

/** The pods of a workload that is deleted so go on; there is a rule for that. */
function keepsDependents(parsed: CheckInput['parsed']): boolean {
  const value = lastFlag(parsed, 'cascade')?.value;
  return value === 'orphan' || value === 'false';
}

function isNodeOrWorkload(target: Target): boolean {
  return target.kind !== undefined && (isWorkload(target.kind) || target.kind.plural === 'nodes');
}

/** Rules about `kubectl delete`: what is deleted, how many, and how. */
export const checkDelete: Check = (input) => {
  const { parsed, effect } = input;
  if (effect.command !== 'delete' || parsed.help) return [];
  const problems: Problem[] = [];
  if (effect.writes) {
    const seen = new Set<string>();
    for (const target of effect.targets) {
      const problem = targetProblem(input, target);
      if (!problem || seen.has(`${problem.rule} ${problem.first}`)) continue;
      seen.add(`${problem.rule} ${problem.first}`);
      problems.push(problem);
    }
    problems.push(...checkMany(input), ...checkManner(input));
  }
  return problems;
};

function checkMany({ parsed, audience }: CheckInput): Problem[] {
  const problems: Problem[] = [];
  const all = lastFlag(parsed, 'all');
  if (all && flagIsOn(parsed, 'all')) {
    problems.push({
      rule: 'delete-many',
      first: all.index,
      last: all.index,
      message: '--all deletes every object of the kind; name the objects',
    });
  }
  const everywhere = lastFlag(parsed, 'all-namespaces');
  if (everywhere && flagIsOn(parsed, 'all-namespaces')) {
    problems.push({
      rule: 'delete-many',
      first: everywhere.index,
      last: everywhere.index,
      message: 'this deletes in every namespace; name the namespace and the objects',
    });
  }
  if (audience === 'agent') {
    for (const name of ['selector', 'field-selector']) {
      const use = lastFlag(parsed, name);
      if (use) {
        problems.push({
          rule: 'delete-many',
          first: use.index,
          last: use.valueIndex,
          message: `--${name} deletes whatever matches at that moment; list the objects first, then name them`,
        });
      }
    }
    for (const use of parsed.flags.filter((flag) => flag.name === 'filename' && flag.value !== '-')) {
      problems.push({
        rule: 'delete-from-file',
        first: use.index,
        last: use.valueIndex,
        message: 'the file decides what is deleted; name the objects instead of -f',
      });
    }
  }
  return problems;
}

function checkManner({ parsed }: CheckInput): Problem[] {
  const problems: Problem[] = [];
  const force = lastFlag(parsed, 'force');
  const grace = parsed.flags.findLast((use) => use.name === 'grace-period');
  const now = lastFlag(parsed, 'now');
  const forced = force && flagIsOn(parsed, 'force');
  const zero = grace !== undefined && Number(grace.value) === 0;
  if (forced || zero || (now && flagIsOn(parsed, 'now'))) {
    const uses = [
      forced ? force : undefined,
      zero ? grace : undefined,
      now && flagIsOn(parsed, 'now') ? now : undefined,
    ].filter((use) => use !== undefined);
    const first = uses[0];
    if (first) {
      problems.push({
        rule: 'force-delete',
        first: first.index,
        last: first.valueIndex,
        message: `${first.name === 'force' ? '--force' : `--${first.name}`} skips the graceful shutdown; delete without it`,
        rewrite: {
          title: 'Delete gracefully',
          safe: true,
          edits: uses.flatMap((use) => [
            { kind: 'remove' as const, index: use.index },
            ...(use.form === 'separate' ? [{ kind: 'remove' as const, index: use.valueIndex }] : []),
          ]),
        },
      });
    }
  }
  const cascade = lastFlag(parsed, 'cascade');
  if (cascade && keepsDependents(parsed)) {
    problems.push({
      rule: 'orphan-dependents',
      first: cascade.index,
      last: cascade.index,
      message: '--cascade=orphan leaves the dependents without an owner; delete with the default cascade',
    });
  }
  return problems;
}
