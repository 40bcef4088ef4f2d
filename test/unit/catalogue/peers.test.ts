import { describe, expect, it } from 'vitest';
import { names } from '../../catalogue/causes.ts';
import {
  falseAlarms,
  k8sgptFindings,
  news,
  popeyeFindings,
  productFindings,
} from '../../catalogue/run/peer-findings.ts';

const popeye = (pod: string, service: object[]) =>
  JSON.stringify({
    popeye: {
      sections: [
        {
          linter: 'pods',
          gvr: 'v1/pods',
          issues: {
            [`bakery/${pod}`]: [
              {
                group: '__root__',
                gvr: 'v1/pods',
                level: 2,
                message: '[POP-206] Pod has no associated PodDisruptionBudget',
              },
              { group: 'main', gvr: 'containers', level: 1, message: '[POP-107] No resource limits defined' },
            ],
          },
        },
        { linter: 'services', gvr: 'v1/services', issues: { 'bakery/oven': service } },
        { linter: 'secrets', gvr: 'v1/secrets', issues: null },
      ],
    },
  });

describe('reports of tools that only look', () => {
  const healthy = popeyeFindings(popeye('oven-5d8c7b9f6d-bcdfg', []));
  const broken = popeyeFindings(
    popeye('oven-6f7c8d9b5c-vwxzz', [
      {
        group: '__root__',
        gvr: 'v1/services',
        level: 3,
        message: '[POP-1106] No target ports match service port TCP:http:80',
      },
    ]),
  );

  it('of popeye count from warnings on, with object and container', () => {
    expect(healthy.map(({ rule, message }) => [rule, message])).toEqual([
      ['pods', '[POP-206] Pod has no associated PodDisruptionBudget'],
    ]);
    expect(() => popeyeFindings('{}')).toThrow('no report');
  });

  it('tell what was said before from what is new, whatever the pods are called', () => {
    expect(falseAlarms(healthy, broken).map(({ rule }) => rule)).toEqual(['pods']);
    const fresh = news(healthy, broken);
    expect(fresh.map(({ rule }) => rule)).toEqual(['services']);
    const cause = (word: RegExp) => [{ names: ['oven'], word }];
    expect(names(fresh[0]!, cause(/target ports?/))).toBe(true);
    expect(names(fresh[0]!, cause(/selector/))).toBe(false);
  });

  it('keep objects apart whose names only look drawn', () => {
    const said = (name: string) =>
      k8sgptFindings(JSON.stringify({ results: [{ kind: 'Service', name, error: [{ Text: 'x' }] }] }));
    expect(news(said('bakery/oven-cache'), said('bakery/oven-store'))).toHaveLength(1);
    expect(news(said('bakery/oven-x2vwz'), said('bakery/oven-bcdfg'))).toHaveLength(0);
  });

  it('of k8sgpt are problems one and all', () => {
    const report = {
      status: 'ProblemDetected',
      results: [
        {
          kind: 'Service',
          name: 'bakery/oven',
          error: [{ Text: 'no endpoints' }, { Text: 'label' }],
          parentObject: '',
        },
      ],
    };
    expect(k8sgptFindings(JSON.stringify(report)).map(({ text }) => text)).toEqual([
      'Service bakery/oven no endpoints',
      'Service bakery/oven label',
    ]);
    expect(k8sgptFindings(JSON.stringify({ status: 'OK', results: null }))).toEqual([]);
    expect(() => k8sgptFindings('{}')).toThrow('no report');
  });

  it('of the product leave hints out', () => {
    const finding = (severity: string) => ({
      rule: severity,
      severity,
      message: 'said',
      object: { kind: 'Pod', name: 'x' },
    });
    const report = { findings: ['critical', 'warning', 'info'].map(finding) };
    expect(productFindings(JSON.stringify(report)).map(({ rule }) => rule)).toEqual(['critical', 'warning']);
    expect(() => productFindings('{}')).toThrow('no diagnosis');
  });
});
