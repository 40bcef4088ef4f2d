export type ProblemKind =
  | 'unreachable'
  | 'tls'
  | 'slow'
  | 'cancelled'
  | 'unauthorized'
  | 'forbidden'
  /** It has no such path. */
  | 'missing'
  | 'limited'
  /** It does not take the question as it is. */
  | 'refused'
  | 'server'
  | 'too-large'
  | 'not-understood';

/**
 * Why a source gives no answer. `message` follows the name of the source ("cannot be reached: …"), says what to do, has
 * no full stop and no secret in it.
 */
export class SourceProblem extends Error {
  readonly kind: ProblemKind;
  /** Milliseconds that the source wants to be left alone. */
  readonly waitMs: number | null;

  constructor(kind: ProblemKind, message: string, options: ErrorOptions & { waitMs?: number } = {}) {
    super(message, options);
    this.name = 'SourceProblem';
    this.kind = kind;
    this.waitMs = options.waitMs ?? null;
  }
}

/** Whether an error is a problem of one of these kinds. */
export function isProblem(error: unknown, ...kinds: ProblemKind[]): error is SourceProblem {
  return error instanceof SourceProblem && kinds.includes(error.kind);
}
