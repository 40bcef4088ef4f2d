import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/domain/telemetry.ts';
import type { AdapterCase, ReachOptions } from '../../support/telemetry/adapters.ts';
import { ADAPTERS, clientAt } from '../../support/telemetry/adapters.ts';
import { NOW } from '../../support/telemetry/forms.ts';
import type { Responder, SourceServer } from '../../support/telemetry/source-server.ts';
import { serverPool } from '../../support/telemetry/source-server.ts';
import { redact } from '../../../src/text/redact.ts';
import { FakeClock, settleTasks, whileTimePasses } from '../../support/fake-clock.ts';
import { authorityCertificate } from '../cluster/certificates.ts';

const serve = serverPool(afterEach);
const never = new AbortController().signal;

function reasonOf(answer: Answer<unknown>): string {
  return answer.state === 'ok' ? `ok: ${JSON.stringify(answer.value)}` : `${answer.state}: ${answer.reason}`;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settleTasks();
}

const json = (status: number, body: string, headers: Record<string, string> = {}): Responder =>
  (_asked, response) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body); // prettier-ignore

/** What a server may do instead of answering, and what is said of it. */
const CASES: readonly [what: string, route: Responder, reason: RegExp][] = [
  ['401', json(401, '{"error":"no"}'), /wants credentials: configure them \(it says: no\)/],
  ['403', json(403, '{"message":"not you"}'), /(forbids the question: .*|does not allow \w+: have that granted) \(it says: not you\)/],
  ['404', json(404, ''), /has no \/\S*: check its address and base path/],
  ['429', json(429, '', { 'retry-after': '7' }), /takes no more questions now: ask again in 7 s/],
  ['500', json(500, '{"error":"boom"}'), /HTTP 500: see (its log \(it says: boom\)|the status of AWS)/],
  ['503 with a page', (_asked, response) => response.writeHead(503).end('<html>sorry</html>'), /HTTP 503: see (its log|the status of AWS)$/],
  ['a page instead of data', (_asked, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<form>'), /a login or proxy page/],
  ['a page that calls itself JSON', json(200, '\n<!DOCTYPE html><html></html>'), /a login or proxy page/],
  ['no JSON', json(200, 'hello'), /no JSON|not of VictoriaLogs/],
  ['half of its JSON', json(200, '{"status":"succ'), /no JSON|not of VictoriaLogs/],
  ['another form', json(200, '[1]'), /in a form that is not the documented one|not of VictoriaLogs/],
  ['a redirect to another host', (_asked, response) => response.writeHead(302, { location: 'https://login.example.com/' }).end(), /sends requests on to login\.example\.com, a login page perhaps/],
  ['a redirect without end', ({ path }, response) => response.writeHead(302, { location: path }).end(), /sends requests on: configure the final address/],
  ['an answer that breaks off', (_asked, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('{"status"');
    response.socket?.end();
  }, /broke off its answer/],
  ['more than 10 MB', (_asked, response) => endless(response), /more than 10 MB: ask for less/],
  ['more than 10 MB, announced', (_asked, response) => response.writeHead(200, { 'content-length': '99999999' }).write('[') , /more than 10 MB: ask for less/],
]; // prettier-ignore

function endless(response: ServerResponse): void {
  const piece = ' '.repeat(1 << 20);
  const more = (): void => {
    if (!response.destroyed) response.write(piece, () => more());
  };
  more();
}

describe.each(ADAPTERS)('$name', (adapter: AdapterCase) => {
  const open = (route: unknown): Promise<SourceServer> => serve({ ...adapter.routes, [adapter.path]: route });
  const ask = (url: string, options?: ReachOptions) => adapter.ask(clientAt(url, new FakeClock(), options), never);

  it('says ok of a server that has nothing to tell', async () => {
    const { url } = await serve(adapter.routes);
    expect(await ask(url)).toEqual({ state: 'ok', value: [], asOf: NOW });
  });

  it.each(CASES)('%s is unknown', async (_what, route, reason) => {
    const { url } = await open(route);
    const clock = new FakeClock();
    const answer = await whileTimePasses(clock, adapter.ask(clientAt(url, clock), never), 50);
    expect(reasonOf(answer)).toMatch(new RegExp(`^unknown: Source at 127\\.0\\.0\\.1:\\d+ .*(?:${reason.source})`));
    // What says what to do is shown in full.
    expect(redact(reasonOf(answer))).toBe(reasonOf(answer));
  });

  it('nobody there is unknown', async () => {
    const server = await serve({});
    await server.close();
    expect(reasonOf(await ask(server.url))).toMatch(/^unknown: Source at \S+ cannot be reached: connection refused/);
  });

  it('a server that never answers is unknown when its time is over', async () => {
    const server = await open(() => undefined);
    const clock = new FakeClock();
    const work = adapter.ask(clientAt(server.url, clock), never);
    await until(() => server.asked.some(({ path }) => path === adapter.path));
    await clock.advance(30_000);
    expect(reasonOf(await work)).toMatch(/^unknown: Source at \S+ did not answer within 10 s/);
  });

  it('a question that is given up is unknown at once', async () => {
    const server = await open(() => undefined);
    const gone = new AbortController();
    const work = adapter.ask(clientAt(server.url, new FakeClock()), gone.signal);
    await until(() => server.asked.some(({ path }) => path === adapter.path));
    gone.abort();
    expect(reasonOf(await work)).toMatch(/^unknown: .*was not waited for/);
    expect(reasonOf(await adapter.ask(clientAt(server.url, new FakeClock()), gone.signal))).toMatch(/^unknown/);
  });

  it('is left alone for as long as it asks for', async () => {
    const server = await open(json(429, '', { 'retry-after': '60' }));
    const clock = new FakeClock();
    const client = clientAt(server.url, clock);
    await adapter.ask(client, never);
    const before = server.asked.length;
    expect(reasonOf(await adapter.ask(client, never))).toMatch(/wants to be left alone: ask again in 60 s/);
    expect(server.asked).toHaveLength(before);
    await clock.advance(60_000);
    await adapter.ask(client, never);
    expect(server.asked.length).toBeGreaterThan(before);
  });

  it('certificates are checked, by an authority of its own where one is named', async () => {
    const { url } = await serve(adapter.routes, {});
    expect(reasonOf(await ask(url))).toMatch(
      /^unknown: .*not signed by an authority that is known here; name the file/,
    );
    expect(await ask(url, { authority: authorityCertificate })).toMatchObject({ state: 'ok' });
    const other = url.replace('127.0.0.1', 'localhost');
    expect(reasonOf(await ask(other, { authority: authorityCertificate }))).toMatch(/certificate is for another name/);
    expect(reasonOf(await ask(url.replace('https', 'http')))).toMatch(/^unknown: .*(connection was closed|speak HTTP)/);
    const plain = await serve(adapter.routes);
    expect(reasonOf(await ask(plain.url.replace('http', 'https')))).toMatch(/does not speak TLS there; use http/);
  });

  it('nothing secret is in what is said, though the server repeats it', async () => {
    const token = 'tok-1234567890';
    const { url } = await open(({ headers }: { headers: { authorization?: string } }, response: ServerResponse) =>
      response.writeHead(401).end(`bad ${headers.authorization}`),
    );
    const reason = reasonOf(await ask(url, { credential: { kind: 'bearer', token } }));
    expect(reason).toMatch(/refuses the credentials: renew or correct them/);
    expect(reason).not.toContain(token);
    const password = 'pass word 1234';
    const basic = reasonOf(await ask(url, { credential: { kind: 'basic', user: 'u', password } }));
    expect(basic).toMatch(/refuses the credentials/);
    expect(basic).not.toContain(Buffer.from(`u:${password}`).toString('base64'));
  });

  it('credentials follow to no other server', async () => {
    const other = await serve({ '*': {} });
    const { url } = await open((_asked: unknown, response: ServerResponse) =>
      response.writeHead(307, { location: `${other.url}/x` }).end(),
    );
    expect((await ask(url, { credential: { kind: 'bearer', token: 'tok-1234567890' } })).state).toBe('unknown');
    expect(other.asked).toEqual([]);
  });

  it.each([
    [90_000, 'its clock is 91 s ahead of the clock here'],
    [-600_000, 'its clock is 600 s behind the clock here'],
    [1_000, undefined],
  ])('a clock that is %i ms ahead is told, and the answer speaks of our time', async (ahead, note) => {
    const date = new Date(NOW + ahead).toUTCString();
    const routes = Object.fromEntries(
      Object.entries(adapter.routes).map(([path, body]) => [
        path,
        json(200, typeof body === 'string' ? body : JSON.stringify(body), { date }),
      ]),
    );
    const { url } = await serve(routes);
    const answer = await ask(url);
    expect(answer).toMatchObject({ state: 'ok', asOf: NOW });
    expect(answer.state === 'ok' ? answer.note : '').toBe(note);
  });
});
