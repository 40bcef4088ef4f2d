import type { Readable } from 'node:stream';
import type { KubeObject } from '../../domain/kube-object.ts';
import { parseJson, printJson } from '../../json/lossless-json.ts';
import { isMap } from '../../json/json-map.ts';

/** A request as a gateway mode receives it, from a loopback client or from our own code. */
export interface GatewayRequest {
  method: string;
  /** Path with query. */
  url: string;
  /** Lower-case names. */
  headers: Record<string, string | undefined>;
  body: Readable | Buffer | null;
  signal: AbortSignal;
}

export interface GatewayResponse {
  status: number;
  headers: Record<string, string>;
  body: Readable | Buffer;
}

export interface Handler {
  handle(request: GatewayRequest): Promise<GatewayResponse>;
}

/** The API server takes no larger body either. */
const MAX_BODY = 3 * 1024 * 1024;

/** @throws Error when longer than `limit` bytes */
export async function readAll(body: Readable | Buffer | null | undefined, limit = MAX_BODY): Promise<Buffer> {
  if (!body) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > limit) throw new Error(`body is longer than ${limit} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

export function jsonResponse(status: number, value: unknown, headers: Record<string, string> = {}): GatewayResponse {
  const body = Buffer.from(printJson(value));
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json', 'content-length': String(body.length) },
    body,
  };
}

const REASONS: Record<number, string> = {
  403: 'Forbidden',
  404: 'NotFound',
  406: 'NotAcceptable',
  409: 'Conflict',
  415: 'UnsupportedMediaType',
  502: 'ServiceUnavailable',
  504: 'Timeout',
};

/** A Kubernetes Status object, which kubectl prints as the server's own error. */
export function statusResponse(code: number, message: string): GatewayResponse {
  return jsonResponse(code, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: REASONS[code] ?? 'Unknown',
    code,
  });
}

/** What the API server answered, for kubectl: the object, or the error when there is none. */
export function answerResponse(answer: {
  status: number;
  object: KubeObject | null;
  message: string;
}): GatewayResponse {
  return answer.object ? jsonResponse(answer.status, answer.object) : statusResponse(answer.status, answer.message);
}

export function notFound(path: string): GatewayResponse {
  return statusResponse(404, `${path} does not exist (rehearsal: an earlier write removes it)`);
}

export function parseObject(bytes: Buffer): KubeObject | null {
  return readObject(bytes).object;
}

/** The JSON object that a body is, or why it is none. */
export function readObject(bytes: Buffer): { object: KubeObject | null; problem: string } {
  try {
    const value = parseJson(bytes.toString('utf8'));
    if (isMap(value)) return { object: value as unknown as KubeObject, problem: '' };
    return { object: null, problem: 'the answer is no JSON object' };
  } catch (error) {
    return { object: null, problem: `the answer cannot be read: ${(error as Error).message}` };
  }
}

/** The message of a Status object, else a piece of the body. */
export function messageOf(bytes: Buffer): string {
  const status = parseObject(bytes);
  const text = status && typeof status.message === 'string' ? status.message : bytes.toString('utf8');
  return text.slice(0, 500);
}
