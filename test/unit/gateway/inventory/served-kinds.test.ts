import { describe, expect, it } from 'vitest';
import { KubeApi } from '../../../../src/gateway/wire/kube-api.ts';
import { MetadataReader } from '../../../../src/gateway/inventory/metadata-reader.ts';
import { readServedKinds } from '../../../../src/gateway/inventory/served-kinds.ts';
import type { GatewayRequest } from '../../../../src/gateway/wire/messages.ts';
import { jsonResponse, statusResponse } from '../../../../src/gateway/wire/messages.ts';

type Answers = Record<string, unknown>;

/** Answers by path; a number is a status, a missing one 404. */
function apiOf(answers: Answers): KubeApi {
  return new KubeApi({
    handle: async ({ url }: GatewayRequest) => {
      const answer = answers[url.split('?')[0]!];
      if (typeof answer === 'number') return statusResponse(answer, 'no');
      return answer === undefined ? statusResponse(404, 'not there') : jsonResponse(200, answer);
    },
  });
}

const resource = (name: string, kind: string, verbs = ['list', 'watch']) => ({
  resource: name,
  responseKind: { group: '', version: 'v1', kind },
  scope: 'Namespaced',
  verbs,
});
const discovery = (...items: unknown[]) => ({ kind: 'APIGroupDiscoveryList', items });
const group = (name: string, ...versions: unknown[]) => ({ metadata: { name }, versions });
const AGGREGATED: Answers = {
  '/api': discovery(
    group('', { version: 'v1', resources: [resource('pods', 'Pod'), resource('bindings', 'Binding', ['create'])] }),
  ),
  '/apis': discovery(
    group(
      'apps',
      { version: 'v1', resources: [resource('deployments', 'Deployment')] },
      { version: 'v1beta1', resources: [resource('deployments', 'Deployment')] },
    ),
    group('metrics.example', { version: 'v1', freshness: 'Stale', resources: [] }),
  ),
};

describe('served kinds', () => {
  it('are listed once each, in the preferred version, and what a stale server holds is not known', async () => {
    const { kinds, unseen } = await readServedKinds(apiOf(AGGREGATED));
    expect(kinds.map(({ resource: name, version }) => `${name} ${version}`)).toEqual(['pods v1', 'deployments v1']);
    expect(unseen).toEqual(['v1.metrics.example']);
  });

  it('are read group by group from a server without aggregated discovery', async () => {
    const { kinds, unseen } = await readServedKinds(
      apiOf({
        '/api': { kind: 'APIVersions', versions: ['v1'] },
        '/apis': {
          kind: 'APIGroupList',
          groups: [
            { name: 'apps', preferredVersion: { version: 'v1' } },
            { name: 'down', preferredVersion: { version: 'v1' } },
          ],
        },
        '/api/v1': {
          resources: [
            { name: 'pods', kind: 'Pod', namespaced: true, verbs: ['list'] },
            { name: 'pods/log', kind: 'Pod', namespaced: true, verbs: ['list'] },
          ],
        },
        '/apis/apps/v1': {
          resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true, verbs: ['list'] }],
        },
        '/apis/down/v1': 503,
      }),
    );
    expect(kinds.map(({ resource: name }) => name)).toEqual(['pods', 'deployments']);
    expect(unseen).toEqual(['v1.down']);
  });
});

describe('holdings of a namespace', () => {
  it('name the kinds that may not be listed', async () => {
    const reader = new MetadataReader(
      apiOf({
        ...AGGREGATED,
        '/api/v1/namespaces/n/pods': {
          items: [{ metadata: { name: 'a', namespace: 'n', uid: '1', managedFields: [{ manager: 'me' }] } }],
          metadata: {},
        },
        '/apis/apps/v1/namespaces/n/deployments': 403,
      }),
    );
    const { objects, unseen } = await reader.holdings('n');
    expect(objects.map(({ ref, managers }) => [ref.kind, ref.name, managers])).toEqual([['Pod', 'a', ['me']]]);
    expect(unseen.sort()).toEqual(['deployments.apps', 'v1.metrics.example']);
  });
});
