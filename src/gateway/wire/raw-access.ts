import { forwardedHeaders } from './forward.ts';
import type { Handler } from './messages.ts';
import type { Upstream } from './upstream.ts';

/**
 * The gateway's own requests, outside every mode: pre-images, discovery, rights. Never handed to anybody else.
 * Rejects with UpstreamError when there is no answer.
 */
export function passAsUpstream(upstream: Upstream): Handler {
  return {
    handle: async ({ method, url, headers, body, signal }) =>
      upstream.request({ method, path: url, headers: forwardedHeaders(headers), ...(body ? { body } : {}), signal }),
  };
}
