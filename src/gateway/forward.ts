import type { GatewayRequest, GatewayResponse } from './messages.ts';
import { statusResponse } from './messages.ts';
import type { Upstream } from './upstream.ts';
import { UpstreamError } from './upstream.ts';

/** Request headers that may reach the API server; everything else (credentials, impersonation, upgrades) is dropped. */
const FORWARDED = ['accept', 'content-type', 'user-agent', 'kubectl-command', 'kubectl-session'];
/** Response headers that reach the client. */
const RETURNED = ['content-type', 'content-length', 'warning', 'retry-after', 'audit-id', 'etag', 'cache-control'];

export function forwardedHeaders(headers: GatewayRequest['headers']): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of FORWARDED) if (headers[name] !== undefined) result[name] = headers[name];
  return result;
}

/** Node sends no length by itself with a DELETE, and the server would take its body for the next request. */
export function lengthOf(body: unknown): Record<string, string> {
  return Buffer.isBuffer(body) ? { 'content-length': String(body.length) } : {};
}

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
      headers: { ...forwardedHeaders(request.headers), ...overrides.headers, ...lengthOf(request.body) },
      ...(request.body ? { body: request.body } : {}),
      signal: request.signal,
    });
    return { status: answer.status, headers: returnedHeaders(answer.headers), body: answer.body };
  } catch (error) {
    return noAnswer(error);
  }
}

export function noAnswer(error: unknown): GatewayResponse {
  if (error instanceof UpstreamError) {
    return statusResponse(error.maybeSent ? 504 : 502, `no answer from the API server: ${error.message}`);
  }
  throw error;
}
