import { DYNAMIC, durationSeconds } from './flag-values.ts';
import { effectEntry } from './effect-table.ts';
import type { DryRunTruth, EffectClass, UndoStrategy } from './effect-table.ts';
import { flagIsOn, lastFlag } from './parse.ts';
import type { ParsedCommand } from './parse.ts';
import { isNeverDeleted, isWorkload } from './resources.ts';
import { namespaceOf, reachesAllNamespaces, targetsOf } from './targets.ts';
import type { Target } from './targets.ts';

/** Why a command may never come back, as a clause: "waits …". */
export interface HangRisk {
  why: string;
  /** What to add so that it ends, for example `--timeout=60s`; absent if nothing helps. */
  bound?: string;
}

/** What one parsed command does, with its flags taken into account. */
export interface CommandEffect {
  class: EffectClass;
  /** The command path, for example `rollout undo`. */
  command: string;
  /** True if the cluster may be changed when it runs. */
  writes: boolean;
  /** The dry-run that is really in force; `none` if the flag is absent, overridden or ignored by kubectl. */
  dryRun: 'none' | 'client' | 'server';
  dryRunTruth: DryRunTruth;
  hang?: HangRisk;
  undo: UndoStrategy;
  targets: readonly Target[];
  /** As given by -n; undefined: the kubeconfig's. */
  namespace?: string;
  allNamespaces: boolean;
  /** The write must run inside a transaction. */
  needsTransaction: boolean;
  /** A person must agree even where agents may act alone. */
  needsHuman: boolean;
}

function dryRunInForce(parsed: ParsedCommand, truth: DryRunTruth): CommandEffect['dryRun'] {
  if (truth === 'lies' || truth === 'rejected' || truth === 'absent') return 'none';
  const use = lastFlag(parsed, 'dry-run');
  if (!use) return 'none';
  if (use.value === 'server') return 'server';
  return use.value === 'none' || use.value === 'false' ? 'none' : 'client';
}

function truthOf(parsed: ParsedCommand, truth: DryRunTruth): DryRunTruth {
  const verb = parsed.path[0] ?? '';
  if (lastFlag(parsed, 'raw') && ['create', 'replace', 'delete'].includes(verb)) return 'lies';
  if (parsed.path.join(' ') === 'create' && flagIsOn(parsed, 'edit')) return 'lies';
  return truth;
}

/** True for the spellings that only print, such as `label --list` or `set env --local`. */
function onlyPrints(parsed: ParsedCommand): boolean {
  const path = parsed.path.join(' ');
  if ((path === 'label' || path === 'annotate' || path === 'set env') && flagIsOn(parsed, 'list')) return true;
  return flagIsOn(parsed, 'local') && /^(label|annotate|patch|taint|set )/.test(path);
}

const isTrueValue = (value: string | undefined): boolean => value === undefined || /^(1|t|true)$/i.test(value);

const STREAMS = new Set(['get', 'events', 'logs']);

/** `--request-timeout` also takes plain seconds. */
function requestSeconds(value: string): number {
  return /^\d+$/.test(value) ? Number(value) : (durationSeconds(value) ?? 0);
}

/** How long a command may block; see the rules that name each case. */
export function hangRisk(parsed: ParsedCommand, targets: readonly Target[]): HangRisk | undefined {
  if (parsed.help) return undefined;
  const path = parsed.path.join(' ');
  const timeout = lastFlag(parsed, 'timeout');
  const seconds = timeout?.value.includes(DYNAMIC) ? 1 : timeout ? durationSeconds(timeout.value) : undefined;
  const request = lastFlag(parsed, 'request-timeout')?.value;
  // A streaming request ends with it as any other.
  const streamEnds = request !== undefined && (request.includes(DYNAMIC) || requestSeconds(request) > 0);
  if (streamEnds && STREAMS.has(path)) return undefined;
  if ((path === 'get' || path === 'events') && (flagIsOn(parsed, 'watch') || flagIsOn(parsed, 'watch-only'))) {
    return { why: 'watches until it is stopped' };
  }
  if (path === 'logs' && flagIsOn(parsed, 'follow')) return { why: 'follows the log until the container ends' };
  if (
    path === 'rollout status' &&
    isTrueValue(lastFlag(parsed, 'watch')?.value) &&
    !(seconds !== undefined && seconds > 0)
  ) {
    return { why: 'waits until the rollout ends, which may be never', bound: '--timeout=60s' };
  }
  if (path === 'wait' && seconds !== undefined && seconds < 0)
    return { why: 'waits for a week (negative timeout)', bound: '--timeout=60s' };
  if (path === 'drain' && lastFlag(parsed, 'dry-run') === undefined && !(seconds !== undefined && seconds > 0)) {
    return { why: 'waits without end for pods that cannot be evicted', bound: '--timeout=120s' };
  }
  if (path === 'delete' && isTrueValue(lastFlag(parsed, 'wait')?.value) && lastFlag(parsed, 'dry-run') === undefined) {
    if (!(seconds !== undefined && seconds > 0) && targets.length > 0) {
      return { why: 'waits for finalizers, which may never finish', bound: '--timeout=60s' };
    }
  }
  if (path === 'attach' || path === 'proxy' || path === 'port-forward') return { why: 'runs until it is stopped' };
  return undefined;
}

function undoOf(parsed: ParsedCommand, undo: UndoStrategy, targets: readonly Target[]): UndoStrategy {
  const path = parsed.path.join(' ');
  if (path === 'delete') {
    if (targets.some(({ kind }) => kind && isNeverDeleted(kind))) return 'impossible';
    if (targets.every((target) => target.kind?.plural === 'pods')) return 'recreated-by-controller';
    return 'recreate';
  }
  if (targets.length > 0 && targets.every((target) => target.kind?.plural === 'nodes') && undo === 'restore-object')
    return 'restore-node';
  return undo;
}

/** Kinds whose deletion or change a person should agree to. */
function wantsHuman(parsed: ParsedCommand, targets: readonly Target[]): boolean {
  const path = parsed.path[0];
  if (path === 'drain' || path === 'replace') return true;
  if (path === 'taint') return parsed.positionals.some((item) => item.value.includes('NoExecute'));
  if (path !== 'delete') return false;
  return targets.some(
    (target) => !target.kind || target.kind.plural === 'persistentvolumeclaims' || isWorkload(target.kind),
  );
}

/** The effect of a parsed command; undefined if its command was never judged (refuse it). */
export function effectOf(parsed: ParsedCommand): CommandEffect | undefined {
  const entry = effectEntry(parsed.path);
  const command = parsed.path.join(' ');
  const namespace = namespaceOf(parsed);
  const base = {
    command,
    allNamespaces: reachesAllNamespaces(parsed),
    ...(namespace === undefined ? {} : { namespace }),
  };
  if (parsed.help) {
    return {
      ...base,
      class: 'local',
      writes: false,
      dryRun: 'none',
      dryRunTruth: 'not-needed',
      undo: 'nothing-to-undo',
      targets: [],
      needsTransaction: false,
      needsHuman: false,
    };
  }
  if (!entry) return undefined;
  const targets = targetsOf(parsed, entry.positionals);
  const truth = truthOf(parsed, entry.dryRun);
  const dryRun = dryRunInForce(parsed, truth);
  const risky = entry.class === 'write' || entry.class === 'irreversible';
  const harmless = risky && (dryRun !== 'none' || onlyPrints(parsed));
  const writes = !harmless && (risky || entry.class === 'interactive' || entry.class === 'execute');
  const hang = hangRisk(parsed, targets);
  return {
    ...base,
    class: harmless ? 'virtual' : entry.class,
    writes,
    dryRun,
    dryRunTruth: truth,
    ...(hang ? { hang } : {}),
    undo: writes ? undoOf(parsed, entry.undo, targets) : 'nothing-to-undo',
    targets,
    needsTransaction: writes && entry.class === 'write',
    needsHuman: writes && wantsHuman(parsed, targets),
  };
}
