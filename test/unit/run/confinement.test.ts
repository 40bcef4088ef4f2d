import { describe, expect, it } from 'vitest';
import type { Target } from '../../../src/domain/target.ts';
import { confine } from '../../../src/kubectl/confine.ts';
import { agentRefusal, commandRefusal } from '../../../src/run/confinement.ts';

const target: Target = {
  context: 'kind-a',
  server: 'https://127.0.0.1:6443',
  namespace: 'shop',
  fingerprint: 'f',
};
const agent = (version: string, ...argv: string[]) => agentRefusal(argv, [], target, version);

describe('confinement by the kubectl that runs', () => {
  it('refuses what that release does not know', () => {
    const argv = ['logs', 'web-0', '--all-pods'];
    expect(agent('v1.31.4', ...argv)).toBeNull();
    expect(agent('v1.30.2', ...argv)).toContain('no such flag');
    expect(commandRefusal(argv, target, 'v1.30.2')).toContain('no such flag');
  });

  it('lets a release that is not stored run only what every stored one reads and allows', () => {
    expect(agent('v1.99.0', 'get', 'pods')).toBeNull();
    expect(agent('v1.99.0', 'logs', 'web-0', '--all-pods')).toMatch(/kubectl v1\.99\.0 is not known; judged as 1\.\d+/);
    expect(agent('v1.99.0', 'delete', 'ns', 'shop')).not.toBeNull();
  });
});

describe('what asks the API server for a write', () => {
  it.each([
    [['get', 'pods'], 'read'],
    [['auth', 'can-i', 'delete', 'pods'], 'read'],
    [['scale', 'deploy/x', '--replicas=2', '--dry-run=client'], 'read'],
    [['scale', 'deploy/x', '--replicas=2', '--dry-run=server'], 'write'],
    [['scale', 'deploy/x', '--replicas=2'], 'write'],
  ])('%j: %s', (argv, access) => {
    expect(confine(['kubectl', ...argv])).toMatchObject({ ok: true, access });
  });
});
