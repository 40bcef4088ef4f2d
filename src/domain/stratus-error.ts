import type { ClusterErrorReason } from './cluster-error.ts';

/** What went wrong, for programs: exit codes, buttons and JSON are chosen by it, never by the words of a message. */
export type ErrorCode =
  | ClusterErrorReason
  | 'usage'
  | 'locked'
  | 'undo-unfinished'
  | 'kubectl-missing'
  | 'journal-damaged'
  | 'journal-unwritable'
  | 'untrusted-path'
  | 'in-use'
  | 'out-of-order'
  | 'unknown-transaction'
  | 'unknown-run'
  | 'log-damaged'
  | 'nothing-to-do'
  | 'target-moved'
  | 'bad-key'
  | 'model'
  | 'internal';

/** Codes of troubles that pass by themselves: the same again may succeed. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['unreachable', 'conflict', 'locked', 'in-use']);
/** Codes of troubles that a setting (kubeconfig, path of kubectl) cures. */
const SETTINGS: ReadonlySet<ErrorCode> = new Set([
  'no-kubeconfig', 'bad-kubeconfig', 'unknown-context', 'exec-plugin', 'kubectl-missing',
]); // prettier-ignore

/** The same for every bundle: an editor loads the application as one of its own, with classes of its own. */
const BRAND = Symbol.for('stratus.error');

/** A problem that people are told of. `message` is one line and says what to do. */
export class StratusError extends Error {
  readonly code: ErrorCode;
  readonly [BRAND] = true;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StratusError';
    this.code = code;
  }

  /** Whether the same again may succeed. */
  get retry(): boolean {
    return PASSING.has(this.code);
  }

  /** Whether a setting cures it. */
  get bySetting(): boolean {
    return SETTINGS.has(this.code);
  }
}

/** Whether a thrown value is a StratusError, whichever bundle made it: `instanceof` only knows those of its own. */
export function isStratusError(error: unknown): error is StratusError {
  return error instanceof Error && BRAND in error;
}

/** The code of any thrown value; `internal` for what nobody foresaw. */
export function codeOf(error: unknown): ErrorCode {
  return isStratusError(error) ? error.code : 'internal';
}

/** An error for programs that read JSON. */
export function errorJson(error: unknown): { type: 'error'; code: ErrorCode; message: string; retry: boolean } {
  const message = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
  return { type: 'error', code: codeOf(error), message, retry: isStratusError(error) && error.retry };
}
