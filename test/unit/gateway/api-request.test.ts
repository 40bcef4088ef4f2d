import { describe, expect, it } from 'vitest';
import { parseApiRequest, UnreadableRequest } from '../../../src/gateway/wire/api-request.ts';

describe('parseApiRequest', () => {
  it.each([
    ['GET', '/api/v1/namespaces/a/pods/b', 'get', '', 'pods', '', 'a', 'b'],
    ['GET', '/api/v1/namespaces/a/pods', 'list', '', 'pods', '', 'a', ''],
    ['GET', '/api/v1/namespaces/a/pods?watch=1', 'watch', '', 'pods', '', 'a', ''],
    ['GET', '/api/v1/watch/namespaces/a/secrets', 'watch', '', 'secrets', '', 'a', ''],
    ['GET', '/api/v1/pods?watch=false', 'list', '', 'pods', '', '', ''],
    ['GET', '/api/v1/namespaces/a', 'get', '', 'namespaces', '', '', 'a'],
    ['PUT', '/api/v1/namespaces/a/finalize', 'update', '', 'namespaces', 'finalize', '', 'a'],
    ['DELETE', '/api/v1/namespaces/a', 'delete', '', 'namespaces', '', '', 'a'],
    ['DELETE', '/api/v1/namespaces/a/', 'delete', '', 'namespaces', '', '', 'a'],
    ['DELETE', '/apis/apps/v1/namespaces/a/deployments', 'deletecollection', 'apps', 'deployments', '', 'a', ''],
    ['PATCH', '/apis/apps/v1/namespaces/a/deployments/b/scale', 'patch', 'apps', 'deployments', 'scale', 'a', 'b'],
    ['POST', '/api/v1/namespaces/a/pods/b/eviction', 'create', '', 'pods', 'eviction', 'a', 'b'],
    ['GET', '/api/v1/namespaces/a/pods/b/exec?command=rm', 'connect', '', 'pods', 'exec', 'a', 'b'],
    ['GET', '/api/v1/namespaces/a/services/b:80/proxy/x/y', 'connect', '', 'services', 'proxy', 'a', 'b:80'],
    ['GET', '/api/v1/proxy/namespaces/a/services/b/x', 'connect', '', 'services', 'proxy', 'a', 'b'],
    ['GET', '/api/v1/nodes/n/proxy/run/x', 'connect', '', 'nodes', 'proxy', '', 'n'],
    ['DELETE', '/api/v1/%6eamespaces/a', 'delete', '', 'namespaces', '', '', 'a'],
  ])('%s %s', (method, target, verb, group, resource, subresource, namespace, name) => {
    expect(parseApiRequest(method, target)).toMatchObject({
      kind: 'resource',
      verb,
      group,
      resource,
      subresource,
      namespace,
      name,
    });
  });

  it.each([
    '/api/v1/../v1/namespaces/a',
    '/api/v1//pods',
    '/api/v1/namespaces/a%2Fpods',
    '/api/v1/a b',
    'api/v1',
    '/api/v1/namespaces/a/pods/b/x/y',
    '/api/v1/%zz',
  ])('refuses to read %s', (target) => {
    expect(() => parseApiRequest('GET', target)).toThrow(UnreadableRequest);
  });

  it('sees a dry-run only where the server would', () => {
    expect(parseApiRequest('POST', '/api/v1/namespaces/a/pods?dryRun=All').dryRun).toBe(true);
    expect(parseApiRequest('POST', '/api/v1/namespaces/a/pods?dryRun=all').dryRun).toBe(false);
  });

  it.each([
    ['/version', 'discovery'],
    ['/api', 'discovery'],
    ['/apis/apps/v1', 'discovery'],
    ['/openapi/v3', 'discovery'],
    ['/logs/kube-apiserver.log', 'other'],
    ['/apiservers', 'other'],
  ])('%s is %s', (path, kind) => {
    expect(parseApiRequest('GET', path).kind).toBe(kind);
  });
});
