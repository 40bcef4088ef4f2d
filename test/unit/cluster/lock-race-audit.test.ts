import { describe, expect, it } from 'vitest';
import type { AuditedWrite } from '../../cluster/lock/lock-race-audit.ts';
import { staleWrites, writeOf } from '../../cluster/lock/lock-race-audit.ts';

const write = (at: number, holder: string, over: Partial<AuditedWrite> = {}): AuditedWrite => ({
  at,
  user: 'u',
  credential: `JTI=${holder}`,
  manager: `stratus-${holder}`,
  undo: false,
  status: 200,
  ...over,
});

describe('staleWrites', () => {
  it.each(['fenced', 'client-side'] as const)('finds nothing where holders follow each other (%s)', (level) => {
    expect(staleWrites([write(1, 'a'), write(2, 'a'), write(3, 'b'), write(4, 'c')], level)).toEqual([]);
  });

  it.each(['fenced', 'client-side'] as const)('finds a write after a successor began (%s)', (level) => {
    const late = write(4, 'a');
    expect(staleWrites([write(1, 'a'), write(2, 'b'), write(3, 'b'), late, write(5, 'b')], level)).toEqual([late]);
  });

  it('does not count what the server refused', () => {
    expect(staleWrites([write(1, 'a'), write(2, 'b'), write(3, 'a', { status: 403 })], 'fenced')).toEqual([]);
  });

  it('tells two holders of one transaction apart by their tokens', () => {
    const late = write(3, 'a', { manager: 'stratus-x' });
    expect(
      staleWrites([write(1, 'a', { manager: 'stratus-x' }), write(2, 'b', { manager: 'stratus-x' }), late], 'fenced'),
    ).toEqual([late]);
  });
});

describe('writeOf', () => {
  const event = {
    stage: 'ResponseComplete',
    verb: 'patch',
    stageTimestamp: '2031-03-04T05:06:07.123456Z',
    requestURI: '/api/v1/namespaces/shop/configmaps/a?fieldManager=stratus-20310304-050607-abcdef',
    userAgent: 'stratus-20310304-050607-abcdef',
    user: { username: 'u', extra: { 'authentication.kubernetes.io/credential-id': ['JTI=a'] } },
    responseStatus: { code: 200 },
  };

  it('reads an event', () => {
    expect(writeOf(event)).toEqual({
      at: Date.parse('2031-03-04T05:06:07Z') * 1000 + 123456,
      user: 'u',
      credential: 'JTI=a',
      manager: 'stratus-20310304-050607-abcdef',
      undo: false,
      status: 200,
    });
    expect(writeOf({ ...event, userAgent: undefined })).toMatchObject({ undo: true });
  });

  it.each([
    ['another stage', { stage: 'RequestReceived' }],
    ['a read', { verb: 'get' }],
    ['a dry-run', { requestURI: `${event.requestURI}&dryRun=All` }],
    [
      'somebody else',
      { userAgent: 'kubectl/1', requestURI: '/api/v1/namespaces/shop/configmaps/a?fieldManager=kubectl' },
    ],
  ])('leaves out %s', (_what, change) => {
    expect(writeOf({ ...event, ...change })).toBeNull();
  });
});
