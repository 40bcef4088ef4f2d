import type { ClusterErrorReason } from '../../domain/cluster-error.ts';
import { ClusterError, messageOf } from '../../domain/cluster-error.ts';
import { parseJson } from '../../json/lossless-json.ts';
import { parseApiRequest } from './api-request.ts';
import { NO_ANSWER } from './forward.ts';
import { UpstreamError } from './upstream.ts';
import { oneLine } from '../../text/plain-text.ts';

/** Turns a failed connection into a typed error. */
export function connectionError(error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  if (error instanceof UpstreamError) {
    if (error.cause instanceof ClusterError) return error.cause;
    const reasons = { unreachable: 'unreachable', credentials: 'exec-plugin', tls: 'tls', aborted: 'aborted' } as const;
    return new ClusterError(reasons[error.failure], error.message);
  }
  return new ClusterError('unreachable', messageOf(error));
}

/** Turns an error answer into a typed error; 403 names the missing right, 401 says to log in. */
export function statusError(method: string, path: string, status: number, body: string): ClusterError {
  if (status === 401) {
    const message =
      'the API server does not accept the credentials (401): they have expired or were revoked; log in again';
    return new ClusterError('unauthorized', message, 401);
  }
  const said = oneLine(messageIn(body) || body, 300);
  // The gateway's own words: it stands between us and the API server.
  if (status === 403 && said.startsWith('refused by Stratus')) return new ClusterError('forbidden', said, 403);
  if ((status === 502 || status === 504) && said.startsWith(NO_ANSWER)) {
    return new ClusterError('unreachable', said.slice(NO_ANSWER.length), status);
  }
  if (status === 403) return new ClusterError('forbidden', forbiddenText(method, path, said), 403);
  const reasons: Record<number, ClusterErrorReason> = { 404: 'not-found', 409: 'conflict' };
  return new ClusterError(
    reasons[status] ?? 'api',
    `${shortPath(path)}: ${said || `HTTP ${status}`} (${status})`,
    status,
  );
}

function forbiddenText(method: string, path: string, said: string): string {
  try {
    const { verb, resource, subresource, group, namespace, kind } = parseApiRequest(method, path);
    if (kind === 'resource') {
      const name = `${resource}${group ? `.${group}` : ''}${subresource ? `/${subresource}` : ''}`;
      const where = namespace ? ` in namespace ${namespace}` : '';
      return `no right to ${verb} ${name}${where} (403): ask for an RBAC rule with verb ${verb} on resource ${name}`;
    }
  } catch {
    // Not a resource path: the server's own words are the best there is.
  }
  return `${method} ${shortPath(path)} is forbidden (403): ${said}`;
}

function messageIn(body: string): string {
  try {
    const { message } = parseJson(body) as { message?: unknown };
    return typeof message === 'string' ? message : '';
  } catch {
    // No Status: the code alone speaks.
    return '';
  }
}

/** A path without its query, for messages. */
export function shortPath(path: string): string {
  return oneLine(path.split('?')[0] ?? '', 120);
}
