import { forwardedHeaders, lengthOf } from './forward.ts';
import type { Handler } from './messages.ts';
import type { Upstream, UpstreamRequest, UpstreamResponse } from './upstream.ts';
import { Readable } from 'node:stream';

/**
 * The gateway's own requests, outside every mode: pre-images, discovery, rights. Never handed to anybody else.
 * Rejects with UpstreamError when there is no answer.
 */
export function passAsUpstream(upstream: Upstream): Handler {
  return {
    handle: async ({ method, url, headers, body, signal }) =>
      upstream.request({
        method,
        path: url,
        headers: { ...forwardedHeaders(headers), ...lengthOf(body) },
        ...(body ? { body } : {}),
        signal,
      }),
  };
}

/** A gateway mode in the shape of an upstream, for code that only knows how to talk to an API server. */
export function asTransport(handler: Handler): Upstream {
  return {
    async request({ method, path, headers, body, signal }: UpstreamRequest): Promise<UpstreamResponse> {
      const response = await handler.handle({
        method,
        url: path,
        headers,
        body: body ?? null,
        signal: signal ?? new AbortController().signal,
      });
      return { ...response, body: Buffer.isBuffer(response.body) ? Readable.from([response.body]) : response.body };
    },
  };
}
