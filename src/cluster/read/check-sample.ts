import http from 'node:http';
import https from 'node:https';
import { ClusterError, messageOf } from '../../domain/cluster-error.ts';
import type { KubeApi } from '../../gateway/wire/kube-api.ts';
import type { ApiStatus } from '../../json/api-status.ts';
import { apiStatus } from '../../json/api-status.ts';
import { oneLine } from '../../text/plain-text.ts';

/** `unknown` says something about us (network, rights, API server), everything else about the service. */
export type SampleResult = { state: 'passed' } | { state: 'failed' | 'timeout' | 'unknown'; why: string };

const TIMEOUT_MS = 4_000;
const MAX_BODY = 64 << 10;

/** Local network trouble, not an answer of the service. */
const LOCAL = new Set(['EAI_AGAIN', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'EMFILE']);

/** One GET from this machine: no redirects, no proxy, nothing kept alive. @param expected status; null: below 400 */
export function sampleHttp(url: URL, expected: number | null, signal: AbortSignal): Promise<SampleResult> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    const client = url.protocol === 'https:' ? https : http;
    const request = client.get(url, {
      agent: false,
      signal: AbortSignal.any([signal, limit]),
      headers: { 'user-agent': 'stratus-check' },
    });
    const failed = (error: NodeJS.ErrnoException) => {
      if (signal.aborted) return reject(new ClusterError('aborted', 'the check was cancelled'));
      if (limit.aborted) return resolve({ state: 'timeout', why: `no answer within ${TIMEOUT_MS / 1000} s` });
      const why = oneLine(error.code ?? error.message, 100);
      resolve({ state: LOCAL.has(error.code ?? '') ? 'unknown' : 'failed', why });
    };
    request.on('error', failed);
    request.on('response', (response) => {
      response.on('error', failed);
      // The body is part of the answer: a server that breaks off has not answered.
      response.on('end', () => resolve(judge(response.statusCode ?? 0, expected)));
      response.resume();
    });
  });
}

/** One GET through the API server's service proxy. @param expected status; null: below 400 */
export async function sampleService(
  api: KubeApi,
  path: string,
  expected: number | null,
  signal: AbortSignal,
): Promise<SampleResult> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const { status, text } = await api.raw(path, AbortSignal.any([signal, limit]), MAX_BODY);
    const spoken = apiStatus(text);
    return spoken ? judgeApiServer(status, spoken) : judge(status, expected);
  } catch (error) {
    if (signal.aborted) throw new ClusterError('aborted', 'the check was cancelled');
    if (limit.aborted) return { state: 'timeout', why: `no answer within ${TIMEOUT_MS / 1000} s` };
    return { state: 'unknown', why: messageOf(error) };
  }
}

function judge(status: number, expected: number | null): SampleResult {
  const passed = expected === null ? status < 400 : status === expected;
  return passed ? { state: 'passed' } : { state: 'failed', why: `HTTP ${status}` };
}

/** Errors of the API server about the service (missing, no endpoints, not reachable) are failures of the service. */
function judgeApiServer(status: number, { reason = '', message = '' }: ApiStatus): SampleResult {
  const why = oneLine(message || reason || `HTTP ${status}`, 200);
  const aboutService =
    (status === 404 && /^services? ".*" not found/.test(message)) ||
    /^(no endpoints available for service|no service port|error trying to reach service)/.test(message);
  return { state: aboutService ? 'failed' : 'unknown', why };
}
