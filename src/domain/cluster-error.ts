/** Why the cluster could not be used; user interfaces map all of them to exit code 4. */
export type ClusterErrorReason =
  | 'no-kubeconfig'
  | 'bad-kubeconfig'
  | 'unknown-context'
  | 'unreachable'
  | 'tls'
  | 'unauthorized'
  | 'exec-plugin'
  | 'forbidden'
  | 'unknown-namespace'
  | 'not-found'
  | 'conflict'
  | 'aborted'
  | 'api';

/** A cluster or configuration problem. `message` is one line and says what to do. */
export class ClusterError extends Error {
  readonly reason: ClusterErrorReason;
  /** HTTP status of the API server's answer, when there was one. */
  readonly status: number | null;

  constructor(reason: ClusterErrorReason, message: string, status: number | null = null) {
    super(oneLine(message, 500));
    this.name = 'ClusterError';
    this.reason = reason;
    this.status = status;
  }
}

/**
 * Untrusted text made safe to show: control characters (escape sequences included) become spaces, runs of white
 * space one space, and at most `limit` characters are kept.
 */
export function oneLine(text: string, limit = 300): string {
  const flat = text
    .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
  const trimmed = flat.replace(/ {2,}/g, ' ').trim();
  return trimmed.length > limit ? `${trimmed.slice(0, limit - 1)}…` : trimmed;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
