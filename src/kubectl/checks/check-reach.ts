import { flagIsOn, lastFlag } from '../parse.ts';
import type { FlagUse } from '../parse.ts';
import { atFlag } from '../problem.ts';
import type { Check, CheckInput, Problem, Rewrite } from '../problem.ts';

/** Commands that change every object of a kind, or every match of a selector, without `--all`. */
function wholeKind(parsed: CheckInput['parsed'], effect: CheckInput['effect']): Problem[] {
  if (!effect.writes) return [];
  if (effect.command === 'drain') {
    const use = lastFlag(parsed, 'selector');
    return use
      ? [
          {
            rule: 'change-all',
            ...atFlag(use),
            message: 'this drains every node that matches at that moment, one after another; name the nodes',
          },
        ]
      : [];
  }
  if (effect.command !== 'rollout restart' || lastFlag(parsed, 'selector') || lastFlag(parsed, 'filename')) return [];
  const kind = effect.targets.find(({ name }) => name === undefined);
  if (!kind) return [];
  return [
    {
      rule: 'change-all',
      first: kind.index,
      last: kind.index,
      message: `without a name every ${kind.word} of the namespace restarts; name the objects`,
    },
  ];
}

/** kubectl takes a grace period and a timeout only together with `--force`. */
function withoutForce({ flags }: CheckInput['parsed'], force: FlagUse): Rewrite['edits'] {
  const bound = flags.filter(({ name }) => name === 'grace-period' || name === 'timeout');
  return [force, ...bound].flatMap((use) => [
    { kind: 'remove' as const, index: use.index },
    ...(use.form === 'separate' ? [{ kind: 'remove' as const, index: use.valueIndex }] : []),
  ]);
}

/** Flags that widen a change: prune, force, all, overrides, drain options. */
export const checkReach: Check = ({ parsed, effect, audience }) => {
  const problems: Problem[] = [];
  const on = (name: string): FlagUse | undefined => (flagIsOn(parsed, name) ? lastFlag(parsed, name) : undefined);
  const { command } = effect;
  if (parsed.help) return problems;
  const prune = command === 'apply' ? on('prune') : undefined;
  if (prune)
    problems.push({
      rule: 'prune',
      ...atFlag(prune),
      message: '--prune deletes every matching object the files do not mention; delete by name instead',
    });
  const force = command === 'apply' || command === 'replace' ? on('force') : undefined;
  if (force) {
    problems.push({
      rule: 'force-recreate',
      ...atFlag(force),
      message: `${command} --force deletes the live object first; ${command} without it`,
      rewrite: { title: 'Drop --force', safe: false, edits: withoutForce(parsed, force) },
    });
  }
  problems.push(...wholeKind(parsed, effect));
  const all = effect.writes && command !== 'delete' && command !== 'apply' ? on('all') : undefined;
  if (all)
    problems.push({
      rule: 'change-all',
      ...atFlag(all),
      message: '--all changes every object of the kind; name the objects',
    });
  if (command === 'run') {
    const use = lastFlag(parsed, 'overrides') ?? on('privileged');
    if (use && effect.writes)
      problems.push({
        rule: 'pod-overrides',
        ...atFlag(use),
        message: `--${use.name} can give the pod the whole node; create it from a reviewed manifest`,
      });
  } else if (audience === 'agent') {
    const use = lastFlag(parsed, 'overrides');
    if (use)
      problems.push({
        rule: 'pod-overrides',
        ...atFlag(use),
        message: '--overrides hides what is created; use the command’s own flags',
      });
  }
  if (command === 'drain' && effect.writes) {
    for (const name of ['force', 'disable-eviction', 'delete-emptydir-data', 'delete-local-data']) {
      const use = on(name);
      const isScratch = name.startsWith('delete-');
      if (use)
        problems.push({
          rule: 'drain-data-loss',
          ...atFlag(use),
          message: isScratch
            ? `--${name} empties the pods' emptyDir volumes; make sure that nothing in them is needed`
            : `--${name} deletes pods or data that do not come back; drain without it`,
          // Most drains need it: worth knowing, not a warning.
          ...(isScratch ? { mild: true } : {}),
        });
    }
  }
  if (command === 'taint' && effect.writes) {
    const evicting = parsed.positionals.find((item) => item.value.endsWith(':NoExecute'));
    if (evicting)
      problems.push({
        rule: 'taint-evicts',
        first: evicting.index,
        last: evicting.index,
        message: 'NoExecute evicts running pods at once; NoSchedule only keeps new ones away',
      });
  }
  if (command === 'auth can-i') {
    const slash = parsed.positionals[1];
    const [resource, sub] = slash?.value.split('/') ?? [];
    if (
      slash &&
      resource &&
      sub &&
      [
        'exec',
        'attach',
        'log',
        'portforward',
        'proxy',
        'scale',
        'status',
        'eviction',
        'token',
        'ephemeralcontainers',
      ].includes(sub)
    ) {
      problems.push({
        rule: 'can-i-subresource',
        first: slash.index,
        last: slash.index,
        message: `this asks about a ${resource} named "${sub}"; use ${resource} --subresource=${sub}`,
        rewrite: {
          title: `Use --subresource=${sub}`,
          safe: !lastFlag(parsed, 'subresource'),
          edits: [
            { kind: 'replace', index: slash.index, word: resource },
            { kind: 'insert', index: slash.index + 1, word: `--subresource=${sub}` },
          ],
        },
      });
    }
  }
  return problems;
};
