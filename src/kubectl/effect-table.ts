import type { Positionals } from './targets.ts';

/**
 * What running a command can do.
 * `read` reads the cluster; `virtual` posts reviews that leave no state; `write` changes objects in a way that can be
 * undone; `irreversible` changes state that cannot be brought back; `interactive` needs a person at a terminal;
 * `local` touches only this machine; `execute` runs code or opens streams outside the API's control.
 */
export type EffectClass = 'read' | 'virtual' | 'write' | 'irreversible' | 'interactive' | 'local' | 'execute';

/** How an action is taken back; the gateway's journal has one replay for each. */
export type UndoStrategy =
  | 'nothing-to-undo'
  | 'delete-created'
  | 'restore-object'
  | 'restore-scale-target'
  | 'restore-node'
  | 'uncordon'
  | 'recreate'
  | 'recreated-by-controller'
  | 'impossible';

/**
 * Whether `--dry-run=server` is true: `works`, `absent` (no such flag), `rejected` (flag shown, server mode refused),
 * `lies` (some other flag makes it really write), `not-needed` (the command writes nothing).
 */
export type DryRunTruth = 'works' | 'absent' | 'rejected' | 'lies' | 'not-needed';

/** The fixed part of one command's effect; flags may change it (effect.ts). */
export interface EffectEntry {
  class: EffectClass;
  dryRun: DryRunTruth;
  undo: UndoStrategy;
  positionals: Positionals;
}

type Row = [paths: string, entry: EffectEntry];

const entry = (
  effectClass: EffectClass,
  dryRun: DryRunTruth,
  undo: UndoStrategy,
  positionals: Positionals = 'none',
): EffectEntry => ({ class: effectClass, dryRun, undo, positionals });

const READ = entry('read', 'not-needed', 'nothing-to-undo');
const READ_TYPED = entry('read', 'not-needed', 'nothing-to-undo', 'typed');
const LOCAL = entry('local', 'not-needed', 'nothing-to-undo');
const VIRTUAL = entry('virtual', 'not-needed', 'nothing-to-undo');
const CREATE = entry('write', 'works', 'delete-created');
const RESTORE = entry('write', 'works', 'restore-object', 'typed');
const RESTORE_PAIRS = entry('write', 'works', 'restore-object', 'typed-then-pairs');
const NO_DRY_RUN = entry('write', 'absent', 'restore-object', 'typed');
const STREAM = entry('execute', 'absent', 'impossible', 'pod');

const ROWS: readonly Row[] = [
  ['explain|api-resources|api-versions|version|cluster-info|cluster-info dump|top|events|top node|top pod', READ],
  ['get|describe|wait|rollout history|rollout status', READ_TYPED],
  ['logs', entry('read', 'not-needed', 'nothing-to-undo', 'pod')],
  ['auth can-i|auth whoami', VIRTUAL],
  ['diff', entry('virtual', 'not-needed', 'nothing-to-undo')],
  ['apply view-last-applied', READ_TYPED],
  ['kustomize|completion|help|options|plugin|plugin list|config|config view|config current-context', LOCAL],
  ['config get-clusters|config get-contexts|config get-users|auth|set|rollout|certificate|alpha', LOCAL],
  ['alpha kuberc|alpha kuberc view|kuberc|kuberc view', LOCAL],
  // Preferences add flags and aliases to later commands, unseen.
  ['alpha kuberc set|kuberc set', entry('local', 'absent', 'impossible')],
  [
    'config set|config unset|config set-cluster|config set-context|config set-credentials',
    entry('local', 'absent', 'impossible'),
  ],
  [
    'config use-context|config rename-context|config delete-cluster|config delete-context|config delete-user',
    entry('local', 'absent', 'impossible'),
  ],
  ['apply', entry('write', 'works', 'restore-object')],
  ['apply set-last-applied', entry('write', 'works', 'restore-object')],
  ['apply edit-last-applied|edit', entry('interactive', 'absent', 'impossible', 'typed')],
  ['create|create clusterrole|create clusterrolebinding|create configmap|create cronjob|create deployment', CREATE],
  ['create ingress|create job|create namespace|create poddisruptionbudget|create priorityclass|create quota', CREATE],
  ['create role|create rolebinding|create secret|create secret docker-registry|create secret generic', CREATE],
  ['create secret tls|create service|create service clusterip|create service externalname', CREATE],
  ['create service loadbalancer|create service nodeport|create serviceaccount', CREATE],
  ['create token', entry('irreversible', 'absent', 'impossible')],
  ['replace', entry('write', 'works', 'restore-object')],
  ['patch', RESTORE],
  ['delete', entry('write', 'works', 'recreate', 'typed')],
  ['label|annotate', RESTORE_PAIRS],
  ['taint', entry('write', 'works', 'restore-node', 'typed-then-pairs')],
  ['scale', entry('write', 'works', 'restore-object', 'typed')],
  ['autoscale', entry('write', 'works', 'restore-scale-target', 'typed')],
  ['expose', entry('write', 'works', 'delete-created', 'typed')],
  ['run', entry('write', 'works', 'delete-created')],
  ['set image|set env|set resources|set selector|set serviceaccount|set subject', RESTORE_PAIRS],
  ['rollout undo', RESTORE],
  ['rollout restart|rollout pause|rollout resume', NO_DRY_RUN],
  ['cordon|uncordon', entry('write', 'works', 'restore-node', 'nodes')],
  ['drain', entry('write', 'works', 'uncordon', 'nodes')],
  ['auth reconcile', entry('irreversible', 'rejected', 'impossible')],
  ['certificate approve|certificate deny', entry('irreversible', 'absent', 'impossible')],
  ['debug', entry('irreversible', 'absent', 'impossible', 'pod')],
  ['exec|attach|port-forward', STREAM],
  ['cp|proxy', entry('execute', 'absent', 'impossible')],
];

const BY_PATH = new Map(ROWS.flatMap(([paths, value]) => paths.split('|').map((path) => [path, value] as const)));

/** The entry of a command path such as `rollout undo`; undefined for commands nobody has judged: refuse those. */
export function effectEntry(path: readonly string[]): EffectEntry | undefined {
  return BY_PATH.get(path.join(' '));
}

/** Every judged command path. */
export function judgedPaths(): string[] {
  return [...BY_PATH.keys()];
}
