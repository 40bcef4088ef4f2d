import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import { clientAt } from '../../support/telemetry/adapters.ts';
import { serverPool } from '../../support/telemetry/source-server.ts';

const serve = serverPool(afterEach);
const signal = new AbortController().signal;

describe('connections that are kept open', () => {
  it('and were closed by the other side meanwhile say nothing about it, however many there are', async () => {
    const server = await serve({ '*': '{}' });
    const client = clientAt(server.url, new FakeClock());
    const ask = () => client.ask({ path: '/', signal });
    await Promise.all(Array.from({ length: 6 }, ask));
    // In the same turn, so that nobody has heard of it yet.
    server.hangUp();
    expect((await ask()).body).toBe('{}');
  });
});
