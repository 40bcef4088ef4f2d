import type { ApiRequest } from '../wire/api-request.ts';
import { parseApiRequest, UnreadableRequest } from '../wire/api-request.ts';
import { passThrough } from '../wire/forward.ts';
import type { GatewayRequest, GatewayResponse, Handler } from '../wire/messages.ts';
import { parseObject, readAll, statusResponse } from '../wire/messages.ts';
import type { ControlGrant } from '../wire/control-grant.ts';
import type { GatewayMode, ModeGrants } from './policy.ts';
import { CONTROL_REASON, judgeRequest } from './policy.ts';
import { readRedacted } from '../secrets/read-redacted.ts';
import { carriesSecrets } from '../secrets/redact.ts';
import type { Upstream } from '../wire/upstream.ts';
import type { Verdict } from '../content/verdict.ts';

/** A refusal in the gateway's own words, with the rule it comes from. */
export interface Refusal {
  rule: string;
  reason: string;
  method: string;
  path: string;
}

/** exec, attach and port-forward ask for a connection that the gateway could not see into. */
export function streamRefusal(method: string, path: string): Refusal {
  return {
    rule: 'upgrade',
    reason: 'streams in both directions (exec, attach, port-forward) are refused',
    method,
    path,
  };
}

/** Parses and judges; a refusal is returned as the response to send. */
export function screen(
  mode: GatewayMode,
  request: GatewayRequest,
  grants: ModeGrants,
  onRefusal: (refusal: Refusal) => void,
): { parsed: ApiRequest; verdict: Exclude<Verdict, { action: 'refuse' }> } | { response: GatewayResponse } {
  const deny = (rule: string, reason: string) => {
    onRefusal({ rule, reason, method: request.method, path: request.url.split('?')[0]!.slice(0, 300) });
    return { response: refusalResponse(rule, reason) };
  };
  const upgrade = request.headers.upgrade ?? (/\bupgrade\b/i.test(request.headers.connection ?? '') ? 'upgrade' : '');
  if (upgrade || request.method === 'CONNECT')
    return deny('upgrade', 'streams in both directions (exec, attach, port-forward) are refused');
  const impersonation = Object.keys(request.headers).find((name) => name.startsWith('impersonate-'));
  if (impersonation)
    return deny('impersonation', 'acting as somebody else (--as) is refused: the target and its user are pinned');
  let parsed: ApiRequest;
  try {
    parsed = parseApiRequest(request.method, request.url);
  } catch (error) {
    if (error instanceof UnreadableRequest && mode !== 'probe') return deny('unreadable', error.message);
    if (!(error instanceof UnreadableRequest)) throw error;
    parsed = opaque(request);
  }
  const verdict = judgeRequest(mode, parsed, grants);
  return verdict.action === 'refuse' ? deny(verdict.rule, verdict.reason) : { parsed, verdict };
}

/** A probe is compared as a whole with what the engineer gave, so that it need not be understood. */
function opaque(request: GatewayRequest): ApiRequest {
  const [path = '', query = ''] = request.url.split('?', 2);
  const none = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '' };
  return {
    method: request.method,
    path,
    query: new URLSearchParams(query),
    kind: 'other',
    verb: 'get',
    dryRun: false,
    ...none,
  };
}

export function refusalResponse(rule: string, reason: string): GatewayResponse {
  return statusResponse(403, `refused by Stratus (${rule}): ${reason}`);
}

/**
 * The modes that hold no journal: read, probe, control and undo. Forwards what the policy lets through; in read mode
 * Secret values are blanked, and an answer in a form that cannot be blanked is refused.
 */
export class Monitor implements Handler {
  readonly #upstream: Upstream;
  readonly #mode: 'read' | 'probe' | 'control' | 'undo';
  readonly #grants: ModeGrants;
  readonly #onRefusal: (refusal: Refusal) => void;

  constructor(
    upstream: Upstream,
    mode: 'read' | 'probe' | 'control' | 'undo',
    grants: ModeGrants = {},
    onRefusal: (refusal: Refusal) => void = () => undefined,
  ) {
    this.#upstream = upstream;
    this.#mode = mode;
    this.#grants = grants;
    this.#onRefusal = onRefusal;
  }

  /** For the listener: stream requests never reach {@link handle}. */
  readonly refuseStream = (method: string, path: string): void => this.#onRefusal(streamRefusal(method, path));

  async handle(request: GatewayRequest): Promise<GatewayResponse> {
    const screened = screen(this.#mode, request, this.#grants, this.#onRefusal);
    if ('response' in screened) return screened.response;
    if (this.#mode === 'control' && screened.parsed.verb === 'create')
      return this.#controlledCreate(request, screened.parsed);
    if (this.#mode === 'read' && carriesSecrets(screened.parsed)) {
      return readRedacted(request, screened.parsed, (asked) => passThrough(this.#upstream, asked));
    }
    return passThrough(this.#upstream, request);
  }

  /** The name of what is created stands in the body: it must be a granted one. */
  async #controlledCreate(request: GatewayRequest, parsed: ApiRequest): Promise<GatewayResponse> {
    const bytes = await readAll(request.body);
    const name = parsed.name || parseObject(bytes)?.metadata?.name;
    const granted = (grant: ControlGrant) =>
      grant.group === parsed.group &&
      grant.resource === parsed.resource &&
      grant.namespace === parsed.namespace &&
      grant.subresource === parsed.subresource &&
      grant.name === name;
    if (!this.#grants.control?.some(granted)) {
      const reason = CONTROL_REASON;
      this.#onRefusal({ rule: 'control', reason, method: request.method, path: parsed.path });
      return refusalResponse('control', reason);
    }
    return passThrough(this.#upstream, { ...request, body: bytes });
  }
}
