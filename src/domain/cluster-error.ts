import { StratusError } from './stratus-error.ts';
import { oneLine } from '../text/plain-text.ts';

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
export class ClusterError extends StratusError {
  readonly reason: ClusterErrorReason;
  /** HTTP status of the API server's answer, when there was one. */
  readonly status: number | null;

  constructor(reason: ClusterErrorReason, message: string, status: number | null = null) {
    super(reason, oneLine(message, 500));
    this.name = 'ClusterError';
    this.reason = reason;
    this.status = status;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
