import { ClusterError, messageOf } from '../../domain/cluster-error.ts';
import type { GatewayRequest, GatewayResponse } from './messages.ts';
import { statusResponse } from './messages.ts';
import type { Upstream } from './upstream.ts';
import { UpstreamError } from './upstream.ts';

/** Request headers that may reach the API server; everything else (credentials, impersonation, upgrades) is dropped. */
const FORWARDED = [
  'accept', 'content-type', 'user-agent', 'kubectl-command', 'kubectl-session',
  // They name a tenant to a Service behind the API server, which has no use for them.
  'x-scope-orgid', 'thanos-tenant', 'accountid', 'projectid',
]; // prettier-ignore
/** Response headers that reach the client. */
const RETURNED = [
  'content-type', 'content-length', 'warning', 'retry-after', 'audit-id', 'etag', 'cache-control', 'date', 'age',
]; // prettier-ignore

export function forwardedHeaders(headers: GatewayRequest['headers']): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of FORWARDED) if (headers[name] !== undefined) result[name] = headers[name];
  return result;
}

/** How the gateway tells that its upstream gave no answer. */
export const NO_ANSWER = 'no answer from the API server: ';

export function returnedHeaders(headers: Record<string, string>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of RETURNED) if (headers[name] !== undefined) result[name] = headers[name];
  return result;
}

/** Passes a request through without touching its body; no answer becomes 502 or 504 with the reason. */
export async function passThrough(
  upstream: Upstream,
  request: GatewayRequest,
  overrides: { path?: string; headers?: Record<string, string> } = {},
): Promise<GatewayResponse> {
  try {
    const answer = await upstream.request({
      method: request.method,
      path: overrides.path ?? request.url,
      headers: { ...forwardedHeaders(request.headers), ...overrides.headers },
      ...(request.body ? { body: request.body } : {}),
      signal: request.signal,
    });
    return { status: answer.status, headers: returnedHeaders(answer.headers), body: answer.body };
  } catch (error) {
    return noAnswer(error);
  }
}

/** 502 or 504 with the reason. @throws the error itself when it is no UpstreamError */
export function noAnswer(error: unknown): GatewayResponse {
  if (error instanceof UpstreamError) {
    return statusResponse(error.maybeSent ? 504 : 502, `${NO_ANSWER}${error.message}`);
  }
  throw error;
}

/** What a client hears when the gateway's own work round its request failed. */
export function failed(error: unknown): GatewayResponse {
  if (error instanceof UpstreamError) return noAnswer(error);
  const unreachable = error instanceof ClusterError && error.reason === 'unreachable';
  return unreachable
    ? statusResponse(502, `${NO_ANSWER}${error.message}`)
    : statusResponse(500, `Stratus gateway: ${messageOf(error)}`);
}
