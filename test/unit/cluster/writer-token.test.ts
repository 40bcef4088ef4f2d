import { describe, expect, it } from 'vitest';
import { WriterCredential, credentialId } from '../../../src/cluster/lock/writer-token.ts';

const token = (payload: unknown) => `h.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.s`;

describe('credentialId', () => {
  it('is the id by which the API server knows the token', () => {
    expect(credentialId(token({ jti: '1977863c-7113-4f68-92ed-f9f1a1275b39' }))).toBe(
      'JTI=1977863c-7113-4f68-92ed-f9f1a1275b39',
    );
  });

  it.each([
    ['no id', token({})],
    ['no payload', 'abc'],
    ['not JSON', 'a.b.c'],
    ['a strange id', token({ jti: "x'y" })],
  ])('refuses a token with %s', (_what, text) => {
    expect(() => credentialId(text)).toThrow('without an id');
  });
});

describe('WriterCredential', () => {
  it('has nothing to add before the lock gave it a token, and after it was taken away', async () => {
    const credential = new WriterCredential();
    await expect(credential.current()).rejects.toThrow('the writer lock is not held');
    credential.use({ token: 'secret', credential: 'JTI=a', issued: { wall: 0, monotonic: 0 } });
    expect(await credential.current()).toEqual({ headers: { authorization: 'Bearer secret' } });
    credential.use(null);
    await expect(credential.current()).rejects.toThrow('the writer lock is not held');
  });
});
