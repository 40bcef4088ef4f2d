import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { WriterUpstream } from '../../../src/cluster/lock/writer-upstream.ts';
import { WriterCredential } from '../../../src/cluster/lock/writer-token.ts';
import type { LockLevel } from '../../../src/domain/ports.ts';
import type { Upstream, UpstreamRequest } from '../../../src/gateway/wire/upstream.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';

const DENIED = `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'stratus-fence' with binding 'stratus-fence' denied request: no`;
const PATH = '/api/v1/namespaces/shop/configmaps/a';

class Server implements Upstream {
  readonly seen: string[] = [];
  readonly answers: { status: number; message: string }[] = [];
  onRequest: () => void = () => undefined;

  async request({ method, path, body }: UpstreamRequest) {
    this.seen.push(`${method} ${path}${Buffer.isBuffer(body) ? ` ${body.toString()}` : ''}`);
    this.onRequest();
    const { status, message } = this.answers.shift() ?? { status: 200, message: '' };
    return { status, headers: {}, body: Readable.from([Buffer.from(JSON.stringify({ message }))]) };
  }
}

function world(level: LockLevel | null) {
  const [own, writer, clock, credential] = [new Server(), new Server(), new FakeClock(), new WriterCredential()];
  const use = (name: string) =>
    credential.use({
      token: name,
      credential: `JTI=${name}`,
      issued: { wall: clock.now(), monotonic: clock.monotonic() },
    });
  use('first');
  const upstream = new WriterUpstream(own, writer, credential, () => level, clock);
  const ask = (method: string, path = PATH, body?: Buffer) =>
    whileTimePasses(
      clock,
      upstream.request({ method, path, headers: {}, body }).then(
        ({ status }) => status,
        (error: Error) => error.message,
      ),
      20,
    );
  return { own, writer, clock, use, ask };
}

describe('WriterUpstream', () => {
  it('reads as the engineer and writes as the writer while fenced', async () => {
    const { own, writer, ask } = world('fenced');
    await ask('GET');
    await ask('PATCH', `${PATH}?dryRun=All`);
    await ask('PATCH', PATH, Buffer.from('{}'));
    const whoAmI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    await ask('POST', whoAmI);
    expect(own.seen).toEqual([`GET ${PATH}`, `POST ${whoAmI}`]);
    expect(writer.seen).toEqual([`PATCH ${PATH}?dryRun=All`, `PATCH ${PATH} {}`]);
  });

  it('does everything as the engineer while client-side', async () => {
    const { own, writer, ask } = world('client-side');
    await ask('PATCH');
    expect([own.seen.length, writer.seen.length]).toEqual([1, 0]);
  });

  it('lets no write leave without the lock, but dry-runs and questions about rights', async () => {
    const { own, writer, ask } = world(null);
    expect(await ask('PATCH')).toContain('the writer lock is not held');
    expect(await ask('DELETE', `${PATH}?dryRun=None`)).toContain('not held');
    expect(await ask('DELETE', `${PATH}?dryRun=All&dryRun=None`)).toContain('not held');
    expect(await ask('DELETE', `${PATH}?dryRun=All`)).toBe(200);
    expect(await ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')).toBe(200);
    expect(await ask('GET')).toBe(200);
    expect([own.seen.length, writer.seen.length]).toEqual([3, 0]);
  });

  it('sends a write again that crossed a change of the token', async () => {
    const { writer, clock, use, ask } = world('fenced');
    await clock.advance(300_000);
    writer.answers.push({ status: 403, message: DENIED });
    let changed = false;
    writer.onRequest = () => {
      if (!changed) use('second');
      changed = true;
    };
    expect(await ask('PATCH', PATH, Buffer.from('{"a":1}'))).toBe(200);
    expect(writer.seen).toEqual([`PATCH ${PATH} {"a":1}`, `PATCH ${PATH} {"a":1}`]);
  });

  it('gives up at once when the fence refuses a token that nobody replaced', async () => {
    const { writer, clock, ask } = world('fenced');
    await clock.advance(60_000);
    writer.answers.push({ status: 403, message: DENIED });
    expect(await ask('PATCH')).toContain('another writer holds the lock');
    expect(writer.seen).toHaveLength(1);
  });

  it('asks the guard again while it may not have read the latest phase, then passes its refusal on', async () => {
    const { writer, clock, ask } = world('fenced');
    await clock.advance(60_000);
    const guard = { status: 403, message: DENIED.replaceAll('stratus-fence', 'stratus-guard') };
    writer.answers.push(guard);
    expect(await ask('DELETE')).toBe(200);
    expect(writer.seen).toHaveLength(2);
    writer.answers.push(...Array<typeof guard>(40).fill(guard));
    expect(await ask('DELETE')).toBe(403);
    expect(writer.seen.length).toBeLessThan(12);
  });

  it('passes on what others refuse', async () => {
    const { writer, clock, ask } = world('fenced');
    await clock.advance(60_000);
    writer.answers.push({ status: 403, message: 'exceeded quota' });
    expect(await ask('PATCH')).toBe(403);
  });

  it('takes a refused token for what it is', async () => {
    const { writer, ask } = world('fenced');
    writer.answers.push({ status: 401, message: 'Unauthorized' });
    expect(await ask('PATCH')).toContain('does not accept the token');
  });
});
