import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADAPTERS } from '../../support/telemetry/adapters.ts';
import * as forms from '../../support/telemetry/forms.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';
import type { FetchAnswer, Fetcher } from '../../../src/telemetry/wire/fetcher.ts';
import { SourceClient } from '../../../src/telemetry/wire/source-client.ts';

/** All controls but line feed and tab, and what turns the order of characters round. */
const ACTING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/;
const NASTY = 'a\u0000\u001b[31mb\u202e\u0085\r\u007f\ud800c';

class Told implements Fetcher {
  readonly place = 'in test';
  readonly page = 'http://page.example.com';
  readonly canPost = true;
  readonly hasCredentials = false;
  readonly #answer: (path: string) => FetchAnswer;

  constructor(answer: (path: string) => FetchAnswer) {
    this.#answer = answer;
  }

  async fetch({ path }: { path: string }): Promise<FetchAnswer> {
    return this.#answer(path);
  }

  conceal(text: string): string {
    return text;
  }
}

/** A healthy answer of some length for each path, to be damaged. */
const FULL: Readonly<Record<string, unknown>> = {
  '/api/v1/query': forms.vector([{ job: 'a' }, '1'], [{ job: 'b' }, 'NaN']),
  '/api/v1/query_range': forms.matrix([{ job: 'a' }, [[forms.NOW / 1000, '1'], [forms.NOW / 1000 + 15, '+Inf']]]),
  '/api/v1/alerts': forms.prometheusAlerts({ name: 'A' }, { name: 'B', state: 'pending' }),
  '/api/v1/rules': forms.rules({ name: 'A', query: 'rate(x[5m]) > 1', keepFiringFor: 60 }),
  '/api/v2/alerts': forms.managerAlerts({ name: 'A' }, { name: 'B', labels: { namespace: 'shop' } }),
  '/api/v3/services': { services: ['a', 'b'] },
  '/api/v3/traces': forms.jaegerV3({ id: '1' }, { id: '2', parent: '1', error: true }),
  '/api/services': { data: ['a'], total: 1 },
  '/api/traces': forms.jaegerOlder({ id: '1' }, { id: '2', parent: '1' }),
  '/api/search': forms.tempoFound('a'),
  '/api/v2/traces/0000000000000000000000000000000a': { trace: { resourceSpans: forms.resourceSpans({ id: '1' }) } },
  '/select/logsql/field_names': forms.logFieldNames('namespace', 'pod', 'container'),
  '/select/logsql/query': { _time: '2031-03-04T05:06:07Z', _msg: 'hello', namespace: 'shop', pod: 'p', container: 'c' },
  '/loki/api/v1/labels': { status: 'success', data: ['namespace', 'pod', 'container'] },
  '/': { ...forms.alarms({ name: 'A', Namespace: 'AWS/EC2', MetricName: 'CPU' }), ...forms.logEvents({ message: 'x' }) },
  '/loki/api/v1/query_range': forms.lokiStreams([{ namespace: 'shop', pod: 'p' }, [[forms.NOW, 'line']]]),
}; // prettier-ignore

const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(NASTY, '', null, -1, 1e308, '-5', '0001-01-01T00:00:00Z', '9'.repeat(40), [], {}, { [NASTY]: NASTY }),
  fc.record({ __proto__: fc.constant(NASTY), constructor: fc.constant(NASTY), length: fc.constant(1e9) }),
);

/** The same with something in it replaced, taken away or repeated. */
function damaged(value: unknown, path: number[], by: unknown, how: number): unknown {
  const [step = 0, ...rest] = path;
  if (path.length === 0 || typeof value !== 'object' || value === null)
    return typeof value === 'string' && how % 2 === 0 ? `${value}${NASTY}` : by;
  const keys = Object.keys(value);
  const key = keys[step % Math.max(1, keys.length)];
  if (key === undefined) return by;
  if (Array.isArray(value)) {
    const copy = [...(value as unknown[])];
    copy[Number(key)] = damaged(copy[Number(key)], rest, by, how);
    return how % 5 === 0 ? [...copy, ...copy] : copy;
  }
  const map = value as Record<string, unknown>;
  const entries = Object.entries(map).filter(([name]) => how % 7 !== 0 || name !== key || rest.length > 0);
  return Object.fromEntries(entries.map(([name, one]) => [name, name === key ? damaged(one, rest, by, how) : one]));
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [key, ...textsIn(one)]);
}

async function judge(adapter: (typeof ADAPTERS)[number], answer: (path: string) => FetchAnswer): Promise<void> {
  const clock = new FakeClock(forms.NOW);
  const client = new SourceClient('Source', new Told(answer), clock);
  const found = await whileTimePasses(clock, adapter.ask(client, new AbortController().signal));
  expect(['ok', 'unknown', 'absent']).toContain(found.state);
  if (found.state !== 'ok') expect(found.reason).not.toMatch(/please report/);
  for (const text of textsIn(found)) expect(text).not.toMatch(ACTING);
  const numbers = JSON.stringify(found, (_key, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? 'NOT FINITE' : value,
  );
  expect(numbers).not.toContain('NOT FINITE');
}

describe.each(ADAPTERS)('$name', (adapter) => {
  it('makes an answer of a known state of whatever JSON comes', async () => {
    const status = fc.constantFrom(200, 200, 200, 204, 400, 404, 500);
    await fc.assert(
      fc.asyncProperty(status, fc.array(junk, { minLength: 1, maxLength: 4 }), async (code, bodies) => {
        let next = 0;
        await judge(adapter, () => ({
          status: code,
          headers: {},
          body: JSON.stringify(bodies[next++ % bodies.length]) ?? '',
        }));
      }),
      { numRuns: 150 },
    );
  });

  it('makes one of a healthy answer that is damaged anywhere', async () => {
    const place = fc.array(fc.nat(12), { maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(place, junk, fc.nat(100), async (path, by, how) => {
        await judge(adapter, (asked) => {
          const full = FULL[asked];
          if (full === undefined) return { status: 404, headers: {}, body: '' };
          return { status: 200, headers: {}, body: JSON.stringify(damaged(full, path, by, how)) ?? '' };
        });
      }),
      // A time of a sample that is a number, and no moment.
      { numRuns: 400, examples: [[[3, 9, 0, 9, 0], 1e308, 0]] },
    );
  });
});
