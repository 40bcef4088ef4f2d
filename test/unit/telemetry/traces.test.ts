import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer, Span, TraceQuery } from '../../../src/domain/telemetry.ts';
import { JaegerTraces } from '../../../src/telemetry/jaeger/jaeger-traces.ts';
import { TempoTraces } from '../../../src/telemetry/tempo/tempo-traces.ts';
import { idOf } from '../../../src/telemetry/traces/otlp.ts';
import { tidyTraces } from '../../../src/telemetry/traces/tidy-spans.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { clientAt } from '../../support/telemetry/adapters.ts';
import * as forms from '../../support/telemetry/forms.ts';
import type { Responder } from '../../support/telemetry/source-server.ts';
import { serverPool } from '../../support/telemetry/source-server.ts';

const { NOW } = forms;
const serve = serverPool(afterEach);
const never = new AbortController().signal;
const query: TraceQuery = { service: 'front', from: NOW - 60_000, to: NOW, limit: 10 };

function valueOf<T>(answer: Answer<T>): T {
  if (answer.state !== 'ok') throw new Error(answer.reason);
  return answer.value;
}

async function jaegerOf(routes: Record<string, unknown>) {
  const server = await serve(routes);
  return { server, source: new JaegerTraces(clientAt(server.url, new FakeClock())) };
}

const SPANS: forms.SpanForm[] = [
  { id: '2', parent: '1', service: 'back', kind: 2, at: 2, ms: 5, error: true, attributes: { 'http.status': '500' } },
  { id: '1', kind: 3, at: 0, ms: 10 },
];
const READ = [
  {
    trace: '0000000000000000000000000000000a', id: '0000000000000001', parent: null, service: 'front', operation: 'GET /',
    kind: 'client', startsAt: NOW, durationMs: 10, isError: false,
  },
  {
    trace: '0000000000000000000000000000000a', id: '0000000000000002', parent: '0000000000000001', service: 'back',
    operation: 'GET /', kind: 'server', startsAt: NOW + 2, durationMs: 5, isError: true,
  },
]; // prettier-ignore

describe('Jaeger', () => {
  it('is asked by API v3, with a depth, and its spans stand in order', async () => {
    const { server, source } = await jaegerOf({ '/api/v3/traces': forms.jaegerV3(...SPANS) });
    const [trace] = valueOf(await source.search({ ...query, minDurationMs: 3 }, never));
    expect(trace).toMatchObject(READ);
    expect(trace![1]!.attributes).toEqual({ 'http.status': '500', 'service.name': 'back' });
    expect(Object.fromEntries(server.asked[0]!.query)).toEqual({
      'query.service_name': 'front',
      'query.start_time_min': new Date(NOW - 60_000).toISOString(),
      'query.start_time_max': new Date(NOW).toISOString(),
      'query.search_depth': '10',
      'query.num_traces': '10',
      'query.duration_min': '3ms',
    });
  });

  it('says that it found nothing by 404, and that is an answer', async () => {
    const nothing: Responder = (_asked, response) =>
      response.writeHead(404).end('{"error":{"httpCode":404,"message":"No traces found"}}\n');
    const { server, source } = await jaegerOf({
      '/api/v3/traces': nothing,
      '/api/traces': forms.jaegerOlder(...SPANS),
    });
    expect(await source.search(query, never)).toEqual({ state: 'ok', value: [], asOf: NOW });
    expect(server.asked.map(({ path }) => path)).toEqual(['/api/v3/traces']);
  });

  it('takes a stream of documents', async () => {
    const body = SPANS.map((span) => JSON.stringify(forms.jaegerV3(span))).join('\n');
    const { source } = await jaegerOf({ '/api/v3/traces': body });
    expect(valueOf(await source.search(query, never))).toMatchObject([READ]);
    const broken = await jaegerOf({ '/api/v3/traces': `${body}\n{"error":{"message":"gone"}}` });
    expect(await broken.source.search(query, never)).toMatchObject({ state: 'unknown' });
  });

  it('an older one is asked by its page’s routes, and no longer by the others', async () => {
    const page: Responder = (_asked, response) => response.end('<!doctype html>');
    const { server, source } = await jaegerOf({
      '*': page, '/api/services': { data: ['front', 'back'], total: 2 }, '/api/traces': forms.jaegerOlder(...SPANS),
    }); // prettier-ignore
    expect(valueOf(await source.services(never))).toEqual(['back', 'front']);
    expect(valueOf(await source.search({ ...query, errorsOnly: true }, never))).toMatchObject([READ]);
    expect(server.asked.map(({ path }) => path)).toEqual(['/api/v3/services', '/api/services', '/api/traces']);
    expect(Object.fromEntries(server.asked[2]!.query)).toEqual({
      service: 'front', start: String((NOW - 60_000) * 1000), end: String(NOW * 1000), limit: '100', tags: '{"error":"true"}',
    }); // prettier-ignore
  });

  it('without a service every one is asked, and a trace of two comes once', async () => {
    const { server, source } = await jaegerOf({
      '/api/v3/services': { services: ['front', 'back'] }, '/api/v3/traces': forms.jaegerV3(...SPANS),
    }); // prettier-ignore
    const answer = await source.search({ from: query.from, to: query.to, limit: 10 }, never);
    expect(answer).toMatchObject({ value: [READ] });
    // What comes with each of its services comes twice through no fault of the server.
    expect(answer).not.toHaveProperty('note');
    expect(server.asked.map(({ query: asked }) => asked.get('query.service_name'))).toEqual([null, 'back', 'front']);
  });

  it('finds only what has an error, where that is asked for, among more than come back', async () => {
    const { server, source } = await jaegerOf({
      '/api/v3/traces': forms.jaegerV3({ id: '1', trace: 'b' }, { id: '2', trace: 'c', error: true }),
    });
    const traces = valueOf(await source.search({ ...query, errorsOnly: true }, never));
    expect(traces.map(([first]) => first!.trace.at(-1))).toEqual(['c']);
    expect(server.asked[0]!.query.get('query.search_depth')).toBe('100');
  });

  it('no services is an answer', async () => {
    const { source } = await jaegerOf({ '/api/v3/services': {} });
    expect(await source.services(never)).toEqual({ state: 'ok', value: [], asOf: NOW });
  });

  it('links to its page', async () => {
    const { server, source } = await jaegerOf({});
    expect(source.link('0a')).toBe(`${server.url}/trace/0a`);
    expect(source.link('../x')).toBeNull();
  });
});

describe('Tempo, by answers in its documented form', () => {
  const tempoOf = async (routes: Record<string, unknown>) => {
    const server = await serve(routes);
    return { server, source: new TempoTraces(clientAt(server.url, new FakeClock())) };
  };
  const id = '0000000000000000000000000000000a';

  it('finds traces by TraceQL and reads each', async () => {
    const { server, source } = await tempoOf({
      '/api/search': forms.tempoFound('a', 'b'),
      [`/api/v2/traces/${id}`]: { trace: { resourceSpans: forms.resourceSpans(...SPANS) }, status: 'COMPLETE' },
    });
    const answer = await source.search({ ...query, errorsOnly: true, minDurationMs: 5 }, never);
    expect(valueOf(answer)).toMatchObject([READ]);
    expect(answer).toMatchObject({ cut: '1 trace found and not given' });
    expect(Object.fromEntries(server.asked[0]!.query)).toEqual({
      q: '{ resource.service.name = "front" && status = error && duration >= 5ms }',
      start: String(NOW / 1000 - 60), end: String(NOW / 1000), limit: '10',
    }); // prettier-ignore
  });

  it('reads the older form, and names of services in both', async () => {
    const older = await tempoOf({
      '/api/search': forms.tempoFound('a'),
      [`/api/traces/${id}`]: { batches: forms.resourceSpans(...SPANS) },
      '/api/search/tag/service.name/values': { tagValues: ['front', 'back'] },
    });
    expect(valueOf(await older.source.search(query, never))).toMatchObject([READ]);
    expect(valueOf(await older.source.services(never))).toEqual(['back', 'front']);
    const newer = await tempoOf({
      '/api/v2/search/tag/resource.service.name/values': { tagValues: [{ type: 'string', value: 'front' }] },
    });
    expect(valueOf(await newer.source.services(never))).toEqual(['front']);
  });
});

describe('spans as they come', () => {
  const span = (id: string, parent: string | null, startsAt = 0, more: Partial<Span> = {}): Span => ({
    trace: 't', id, parent, service: 's', operation: 'o', kind: 'server', startsAt, durationMs: 1, isError: false,
    attributes: {}, ...more,
  }); // prettier-ignore
  const parentsOf = (spans: Span[]) =>
    Object.fromEntries(tidyTraces(spans, 10).traces[0]!.map(({ id, parent }) => [id, parent]));

  it('a circle is cut where it starts first', () => {
    expect(parentsOf([span('a', 'b', 2), span('b', 'c', 1), span('c', 'a', 3)])).toEqual({ a: 'b', b: null, c: 'a' });
    expect(parentsOf([span('a', 'a')])).toEqual({ a: null });
    expect(parentsOf([span('x', 'b', 0), span('a', 'b', 1), span('b', 'a', 2)])).toEqual({ x: 'b', a: null, b: 'a' });
  });

  it('what comes twice is one, a client and a server with one id are two', () => {
    const { traces, note } = tidyTraces([span('a', null), span('a', null), span('a', null, 0, { kind: 'client' })], 10);
    expect(traces[0]).toHaveLength(2);
    expect(note).toBe('1 span came twice');
  });

  it('newest traces win, and long ones are shortened', () => {
    const long = Array.from({ length: 2_001 }, (_, i) => span(String(i), null, 10 + i, { trace: 'long' }));
    const { traces, cut } = tidyTraces([span('a', null, 0), ...long, span('b', null, 5, { trace: 'u' })], 2);
    expect(traces.map((one) => [one[0]!.trace, one.length])).toEqual([['long', 2_000], ['u', 1]]); // prettier-ignore
    expect(cut).toBe('only 2 of 3 traces are taken; 1 trace shortened');
  });

  it('never go round, stand in order and are never more than came', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const any = fc.record({ id, parent: fc.option(id), at: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 12 }), (list) => {
        const spans = list.map((one) => span(one.id, one.parent, one.at));
        const [trace = []] = tidyTraces(spans, 1).traces;
        const parents = new Map(trace.map((one) => [one.id, one.parent]));
        for (const { id: from } of trace) {
          const path = new Set<string>();
          for (let at: string | null = from; at !== null; at = parents.get(at) ?? null) {
            expect(path.has(at)).toBe(false);
            path.add(at);
          }
        }
        expect(trace.map(({ startsAt }) => startsAt)).toEqual(trace.map((one) => one.startsAt).sort((a, b) => a - b));
        expect(new Set(trace.map((one) => one.id))).toEqual(new Set(spans.map((one) => one.id)));
      }),
    );
  });

  it.each([
    ['0A', 16, '000000000000000a'],
    ['0000000000000000', 16, null],
    ['', 16, null],
    ['xyz', 16, null],
    ['AAAAAAAAAAE=', 16, '0000000000000001'],
    ['AAAAAAAAAAAAAAAAAAAAAQ==', 32, '00000000000000000000000000000001'],
  ])('the id %j', (text, digits, expected) => {
    expect(idOf(text, digits)).toBe(expected);
  });
});
