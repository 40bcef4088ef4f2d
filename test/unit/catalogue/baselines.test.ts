import { describe, expect, it } from 'vitest';
import { stored } from '../../catalogue/run/naive-undo.ts';
import { muOf } from '../../catalogue/run/plain-driver.ts';
import { plansOf, proposalText } from '../../catalogue/run/proposals.ts';
import { BASELINES, parseWays } from '../../catalogue/run/ways.ts';

describe('plans that the product proposes', () => {
  const argv = ['scale', 'deployment/oven', '--replicas=2', '-n', 'bakery'];
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bakery', name: 'oven' };
  const planned = (step: object, files: object[] = []) => ({
    events: [
      { type: 'planned', plan: { steps: [step], files } },
      { type: 'planned', plan: null, reason: 'nothing left' },
      { type: 'result' },
    ],
  });

  it('are read with what they change', () => {
    const [plan, ...others] = plansOf(planned({ type: 'kubectl', argv, change: { type: 'scale', object } }));
    expect(others).toEqual([]);
    expect(plan).toMatchObject({ commands: [argv], files: [], changes: [{ kind: 'Deployment', name: 'oven' }] });
    const same = plansOf(planned({ type: 'kubectl', argv }))[0]!;
    expect(proposalText(same)).toBe(proposalText(plan!));
  });

  it('cannot be carried out by others when a value is not shown', () => {
    expect(() => plansOf(planned({ argv: ['patch', 'secret', 'x', '-p=«secret»'] }))).toThrow('not shown');
  });
});

describe('the published undo', () => {
  it('stores an object without version, identity and what was applied last', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', team: 'bread' };
    const metadata = { name: 'oven', uid: 'u', resourceVersion: '7', managedFields: [], annotations };
    expect(stored({ kind: 'Service', metadata, spec: { ports: [] }, status: {} })).toEqual({
      kind: 'Service',
      metadata: { name: 'oven', annotations: { team: 'bread' } },
      spec: { ports: [] },
    });
    expect(metadata.uid).toBe('u');
  });
});

describe('baselines', () => {
  it('are chosen by name', () => {
    expect(parseWays('naive,no-retry')).toEqual(['naive', 'no-retry']);
    expect(parseWays('all')).toEqual(BASELINES);
    expect(() => parseWays('stratus')).toThrow('no baseline');
  });

  it('do not take unknown severity for health', () => {
    expect(muOf('{"mu":{"value":0}}')).toBe(0);
    expect(muOf('{"mu":{"value":null}}')).toBeNull();
    expect(muOf('')).toBeNull();
  });
});
