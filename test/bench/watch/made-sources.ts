import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { MadeFleet } from './made-metrics.ts';
import { instantData, rangeData } from './made-metrics.ts';
import { tracesOf } from './made-traces.ts';

export interface SourceLoad extends MadeFleet {
  spansPerMinute: number;
}

/** A request that was answered. */
export interface Answered {
  path: string;
  /** When it came and when its answer had been sent, `performance.now()`. */
  from: number;
  to: number;
  bytes: number;
}

const RULES = 100;

/** Speaks the APIs of Prometheus and of Jaeger over HTTP, and tells of a healthy fleet of made services. */
export class MadeSources {
  readonly url: string;
  readonly answered: readonly Answered[];
  readonly #server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: ReturnType<typeof createServer>, answered: readonly Answered[]) {
    this.#server = server;
    this.answered = answered;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async open(load: SourceLoad): Promise<MadeSources> {
    const answered: Answered[] = [];
    const server = createServer((request, response) => void answer(load, request, response, answered));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new MadeSources(server, answered);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function answer(
  load: SourceLoad,
  request: IncomingMessage,
  response: ServerResponse,
  answered: Answered[],
): Promise<void> {
  const from = performance.now();
  const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://x');
  let form = '';
  for await (const chunk of request) form += String(chunk);
  const words = new URLSearchParams(form);
  const word = (name: string) => searchParams.get(name) ?? words.get(name) ?? '';
  const body = bodyOf(load, path, word);
  response.on('finish', () =>
    answered.push({ path, from, to: performance.now(), bytes: Buffer.byteLength(body ?? '') }),
  );
  if (body === undefined)
    return void response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}

function bodyOf(load: SourceLoad, path: string, word: (name: string) => string): string | undefined {
  const success = (data: string) => `{"status":"success","data":${data}}`;
  switch (path) {
    case '/api/v1/status/buildinfo':
      return success('{"version":"3.5.0","revision":"made"}');
    case '/api/v1/query':
      return success(instantData(load, word('query')));
    case '/api/v1/query_range': {
      const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(word(name))) as [number, number, number];
      return success(rangeData(load, { query: word('query'), start, end, step }));
    }
    case '/api/v1/alerts':
      return success(JSON.stringify({ alerts: [elsewhere()] }));
    case '/api/v1/rules':
      return success(JSON.stringify({ groups: [{ name: 'made', interval: 15, rules: rules() }] }));
    case '/api/v3/services':
      return JSON.stringify({ services: load.services });
    case '/api/v3/traces': {
      const time = (name: string) => Date.parse(word(`query.start_time_${name}`));
      const limit = Number(word('query.search_depth') || word('query.num_traces'));
      return tracesOf(load, word('query.service_name'), time('min'), time('max'), limit);
    }
    default:
      return undefined;
  }
}

/** Of a namespace that is not watched. */
function elsewhere(): object {
  const labels = { alertname: 'QueueLong', namespace: 'another', severity: 'warning' };
  return {
    labels,
    annotations: {},
    state: 'firing',
    activeAt: new Date(Date.now() - 600_000).toISOString(),
    value: '1',
  };
}

function rules(): object[] {
  return Array.from({ length: RULES }, (_, index) => ({
    ...{ type: 'alerting', name: `Rule${index}`, query: 'rate(errors_total[5m]) > 1', duration: 60, keepFiringFor: 0 },
    ...{
      health: 'ok',
      state: 'inactive',
      lastEvaluation: new Date().toISOString(),
      labels: {},
      annotations: {},
      alerts: [],
    },
  }));
}
