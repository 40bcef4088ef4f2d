import type { ApiRequest } from '../wire/api-request.ts';
import type { GatewayRequest, GatewayResponse } from '../wire/messages.ts';
import { jsonResponse, parseObject, readAll, statusResponse } from '../wire/messages.ts';
import { jsonAccept, redactingWatch, redactSecretJson } from './redact.ts';

const MAX_SECRET_LIST = 64 * 1024 * 1024;

/**
 * The answer to a request that reads Secrets, with values hidden by `rewrite`: JSON is forced, everything else is refused.
 * @param send asks the server (or what stands for it) with the headers it is given
 */
export async function readRedacted(
  request: GatewayRequest,
  parsed: ApiRequest,
  send: (request: GatewayRequest) => Promise<GatewayResponse>,
  rewrite: (value: unknown) => unknown = redactSecretJson,
): Promise<GatewayResponse> {
  const accept = jsonAccept(request.headers.accept);
  const response = await send({ ...request, headers: { ...request.headers, accept } });
  if (!isJson(response.headers['content-type'])) {
    if (!Buffer.isBuffer(response.body)) response.body.destroy();
    return statusResponse(
      response.status >= 400 ? response.status : 406,
      'refused by Stratus (redaction): the answer is not JSON, so Secret values cannot be blanked',
    );
  }
  const headers = { ...response.headers };
  delete headers['content-length'];
  if (parsed.verb === 'watch' && response.status === 200 && !Buffer.isBuffer(response.body)) {
    const source = response.body;
    const body = redactingWatch(rewrite);
    source.on('error', (error) => body.destroy(error));
    body.on('close', () => source.destroy());
    return { status: 200, headers, body: source.pipe(body) };
  }
  const value = parseObject(await readAll(response.body, MAX_SECRET_LIST));
  return jsonResponse(response.status, rewrite(value), headers);
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/json(;|$)/.test(contentType ?? '');
}
