import { messageOf } from '../../domain/cluster-error.ts';
import { readAll, messageOf as statusMessage, parseObject } from './messages.ts';
import type { UpgradeAnswer, Upstream } from './upstream.ts';
import { UpstreamError } from './upstream.ts';
import { handshakeFor, WebSocketStream } from './web-socket.ts';

/** Version 5 can close standard input, so that a program that reads to its end ends. */
const PROTOCOL = 'v5.channel.k8s.io';
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const;
const CHUNK = 32 * 1024;
const MAX_STATUS = 64 * 1024;

export interface ExecRequest {
  namespace: string;
  pod: string;
  container: string;
  command: readonly string[];
  stdin: Buffer | null;
  /** Most bytes of standard output; more end the stream. */
  maxOutput: number;
  /** Bytes of standard error that are kept. */
  maxError: number;
  timeoutMs: number;
  /** It may change something. */
  changes: boolean;
  signal: AbortSignal;
}

export interface ExecResult {
  /** False: the server refused the request, so that nothing ran. */
  started: boolean;
  /** Null when the command was not seen to end: it may have run, in whole or in part, and may still run. */
  exitCode: number | null;
  stdout: Buffer;
  stderr: Buffer;
  /** Why there is no exit code 0; empty when there is. Never what the command printed. */
  problem: string;
}

/**
 * Runs one command in a container. Cutting the stream does not stop a process in the container.
 * @throws UpstreamError when nobody answered before it could start
 */
export async function execInContainer(upstream: Upstream, request: ExecRequest): Promise<ExecResult> {
  const limit = AbortSignal.timeout(request.timeoutMs);
  const signal = AbortSignal.any([request.signal, limit]);
  const result: ExecResult = {
    started: false,
    exitCode: null,
    stdout: Buffer.alloc(0),
    stderr: Buffer.alloc(0),
    problem: '',
  };
  const handshake = handshakeFor([PROTOCOL]);
  const answer = await open(upstream, request, handshake.headers, signal);
  if (!answer.upgraded) {
    const { status, body } = answer.response;
    // The status code speaks for an answer whose text cannot be read.
    const text = statusMessage(await readAll(body, MAX_STATUS).catch(() => Buffer.alloc(0)));
    return { ...result, problem: `the API server refused it (HTTP ${status}): ${text}` };
  }
  const stream = new WebSocketStream(answer.socket);
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const problem = handshake.problem(answer.headers);
    if (problem) return { ...result, problem: `the API server cannot stream: ${problem}` };
    if (signal.aborted) throw new Error('aborted');
    result.started = true;
    if (request.stdin) sendInput(stream, request.stdin);
    return await collect(stream, request, result);
  } catch (error) {
    return { ...result, problem: whyCut(request, limit, error) };
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

async function open(
  upstream: Upstream,
  request: ExecRequest,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<UpgradeAnswer> {
  if (!upstream.upgrade) throw new UpstreamError('unreachable', 'this connection has no streams', false);
  const query = new URLSearchParams({ container: request.container, stdout: 'true', stderr: 'true' });
  if (request.stdin) query.set('stdin', 'true');
  for (const word of request.command) query.append('command', word);
  const at = `/api/v1/namespaces/${encodeURIComponent(request.namespace)}/pods/${encodeURIComponent(request.pod)}`;
  return upstream.upgrade({ path: `${at}/exec?${query.toString()}`, headers, changes: request.changes, signal });
}

function sendInput(stream: WebSocketStream, input: Buffer): void {
  for (let at = 0; at < input.length; at += CHUNK)
    stream.send(Buffer.concat([Buffer.from([CHANNEL.stdin]), input.subarray(at, at + CHUNK)]));
  stream.send(Buffer.from([CHANNEL.close, CHANNEL.stdin]));
}

async function collect(stream: WebSocketStream, request: ExecRequest, result: ExecResult): Promise<ExecResult> {
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  const status: Buffer[] = [];
  let [outputSize, errorSize, statusSize] = [0, 0, 0];
  for await (const message of stream.messages()) {
    const data = message.subarray(1);
    switch (message[0]) {
      case CHANNEL.stdout:
        outputSize += data.length;
        if (outputSize > request.maxOutput)
          return { ...result, problem: `it printed more than ${request.maxOutput} bytes` };
        output.push(data);
        break;
      case CHANNEL.stderr:
        if (errorSize < request.maxError) errors.push(data.subarray(0, request.maxError - errorSize));
        errorSize += data.length;
        break;
      case CHANNEL.status:
        statusSize += data.length;
        if (statusSize > MAX_STATUS) throw new Error('the status is too long');
        status.push(data);
        break;
    }
  }
  const ended = { ...result, stdout: Buffer.concat(output), stderr: Buffer.concat(errors) };
  return { ...ended, ...exitOf(Buffer.concat(status)) };
}

/** What the last message says: a Status object, whose details hold the exit code. */
function exitOf(bytes: Buffer): Pick<ExecResult, 'exitCode' | 'problem'> {
  const status = parseObject(bytes) as {
    status?: unknown;
    reason?: unknown;
    message?: unknown;
    details?: { causes?: { reason?: unknown; message?: unknown }[] };
  } | null;
  if (status?.status === 'Success') return { exitCode: 0, problem: '' };
  if (!status) return { exitCode: null, problem: 'the stream ended without an exit code' };
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  const code = Number(cause?.message);
  if (status.reason === 'NonZeroExitCode' && Number.isInteger(code))
    return { exitCode: code, problem: `exit code ${code}` };
  return { exitCode: null, problem: `it did not run to its end: ${String(status.message).slice(0, 300)}` };
}

function whyCut({ timeoutMs, signal }: ExecRequest, limit: AbortSignal, error: unknown): string {
  if (signal.aborted) return 'it was stopped';
  if (limit.aborted) return `it did not end within ${timeoutMs / 1000} s, and may still run in the container`;
  return `the stream broke: ${messageOf(error)}`;
}
