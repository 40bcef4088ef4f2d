import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/json/json.ts';
import { parseApiRequest } from '../../../src/gateway/wire/api-request.ts';
import type { WriteBody } from '../../../src/gateway/wire/write-body.ts';
import { bodyMismatch, imageMismatch, otherVersionOf } from '../../../src/gateway/write/write-identity.ts';
import { bodyAsksDryRun, judgeOptions, optionsIntoBody } from '../../../src/gateway/write/write-query.ts';

const CONFIG_MAP = { name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs: [] };
const N = '/api/v1/namespaces/shop/configmaps';
const body = (form: WriteBody['form'], value: unknown): WriteBody => ({ form, value: value as Json });
const about = (method: string, path: string, given: WriteBody, info = CONFIG_MAP) =>
  bodyMismatch(parseApiRequest(method, path), info, given);
const whole = (more: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...more });

describe('a body belongs to the object of its path', () => {
  it.each<[string, string, WriteBody]>([
    ['POST', N, body('object', whole())],
    ['POST', N, body('object', { metadata: { generateName: 'a-' } })],
    ['PUT', `${N}/a`, body('object', whole({ metadata: { name: 'a', namespace: 'shop' } }))],
    ['PATCH', `${N}/a`, body('merge-patch', { data: { a: 'b' } })],
    ['PATCH', `${N}/a`, body('apply', whole())],
    ['PATCH', `${N}/a`, body('json-patch', [])],
    ['PATCH', `${N}/a/scale`, body('merge-patch', { apiVersion: 'autoscaling/v1', kind: 'Scale' })],
    ['POST', `${N}/a/eviction`, body('object', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a' } })],
    ['DELETE', `${N}/a`, body('object', { apiVersion: 'apps/v1', kind: 'DeleteOptions' })],
    ['DELETE', `${N}/a`, body('none', null)],
  ])('%s %s', (method, path, given) => {
    expect(about(method, path, given)).toBeNull();
  });

  it.each<[string, string, WriteBody]>([
    ['POST', N, body('object', whole({ kind: 'Secret' }))],
    ['POST', N, body('object', whole({ kind: null }))],
    ['POST', N, body('object', whole({ apiVersion: 'v2' }))],
    ['POST', N, body('object', whole({ metadata: { name: 'a', namespace: 'kube-system' } }))],
    ['POST', N, body('object', whole({ metadata: { name: ['a'] } }))],
    ['POST', N, body('object', whole({ metadata: [] }))],
    ['POST', N, body('apply', whole())],
    ['PUT', `${N}/a`, body('object', whole({ metadata: { name: 'b' } }))],
    ['PUT', `${N}/a`, body('apply', whole())],
    ['PATCH', `${N}/a`, body('object', whole())],
    ['PATCH', `${N}/a`, body('merge-patch', { metadata: { name: 'b' } })],
    ['PATCH', `${N}/a`, body('strategic-patch', { metadata: { namespace: null } })],
    ['PATCH', `${N}/a`, body('apply', whole({ metadata: { name: 'a', namespace: 'kube-system' } }))],
    ['PATCH', `${N}/a`, body('apply', whole({ kind: 'Secret' }))],
    ['PATCH', `${N}/a/scale`, body('merge-patch', { kind: 'ConfigMap' })],
    ['POST', `${N}/a/eviction`, body('object', { kind: 'Eviction', metadata: { name: 'b' } })],
    ['DELETE', `${N}/a`, body('object', { kind: 'ConfigMap' })],
    ['DELETE', `${N}/a`, body('merge-patch', {})],
    ['POST', '/api/v1/configmaps', body('object', whole({ metadata: { name: 'a', namespace: 'shop' } }))],
  ])('not %s %s %j', (method, path, given) => {
    expect(about(method, path, given)).not.toBeNull();
  });

  it('a cluster-wide object has no namespace', () => {
    const info = { name: 'nodes', kind: 'Node', namespaced: false, verbs: [] };
    const node = (metadata: object) => body('object', { apiVersion: 'v1', kind: 'Node', metadata });
    expect(about('POST', '/api/v1/nodes', node({ name: 'n' }), info)).toBeNull();
    expect(about('POST', '/api/v1/nodes', node({ name: 'n', namespace: 'shop' }), info)).not.toBeNull();
    expect(about('POST', '/api/v1/namespaces/shop/nodes', node({ name: 'n' }), info)).not.toBeNull();
  });

  it('what is left is what was written', () => {
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'a' };
    const image = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'shop' } };
    expect(imageMismatch(ref, image)).toBeNull();
    expect(imageMismatch(ref, { ...image, kind: 'Secret' })).not.toBeNull();
    expect(imageMismatch(ref, { ...image, metadata: { name: 'b', namespace: 'shop' } })).not.toBeNull();
    expect(imageMismatch(ref, { ...image, metadata: { name: 'a', namespace: 'other' } })).not.toBeNull();
  });
});

describe('options of a deletion', () => {
  const verdict = (verb: string, value: unknown) => {
    const judged = judgeOptions(verb, body('object', value));
    return judged.action === 'refuse' ? judged.rule : judged.action;
  };
  it.each<[unknown, string]>([
    [{}, 'write'],
    [{ dryRun: ['All'] }, 'write'],
    [{ gracePeriodSeconds: 1, preconditions: {}, propagationPolicy: 'Orphan', orphanDependents: true }, 'write'],
    ...[[], ['all'], [''], ['All', 'All'], ['All', 'x'], 'All', null, true].map((dryRun): [unknown, string] => [
      { dryRun },
      'dry-run',
    ]),
    [{ dryrun: ['All'] }, 'dry-run'],
    [{ ignoreStoreReadErrorWithClusterBreakingPotential: true }, 'query'],
    [{ novelty: 1 }, 'query'],
  ])('%j: %s', (options, expected) => {
    expect(verdict('delete', options)).toBe(expected);
    expect(verdict('evict', { kind: 'Eviction', deleteOptions: options })).toBe(expected);
    expect(verdict('update', options)).toBe('write');
  });

  it('a dry run of the query that the body would overrule is no dry run', () => {
    const asked = (verb: string, value: unknown) => judgeOptions(verb, body('object', value), true).action;
    expect(asked('delete', {})).toBe('refuse');
    expect(asked('delete', { gracePeriodSeconds: 0 })).toBe('refuse');
    expect(asked('delete', { dryRun: ['All'] })).toBe('write');
    expect(asked('evict', { kind: 'Eviction', deleteOptions: {} })).toBe('write');
  });

  it('a dry run is one in the body too', () => {
    expect(bodyAsksDryRun('evict', body('object', { deleteOptions: { dryRun: ['All'] } }))).toBe(true);
    expect(bodyAsksDryRun('delete', body('object', {}))).toBe(false);
    expect(bodyAsksDryRun('update', body('object', { dryRun: ['All'] }))).toBe(false);
  });

  it('move from the query into the body, which is all that the server looks at', () => {
    const query = new URLSearchParams('propagationPolicy=Orphan&gracePeriodSeconds=3&orphanDependents=false&pretty=1');
    expect(optionsIntoBody(query, body('none', null))?.value).toEqual({
      kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Orphan', gracePeriodSeconds: 3, orphanDependents: false,
    }); // prettier-ignore
    expect(query.toString()).toBe('pretty=1');
    expect(optionsIntoBody(new URLSearchParams('gracePeriodSeconds=0'), body('object', {}))).toBeNull();
    expect(optionsIntoBody(new URLSearchParams('gracePeriodSeconds=-1'), body('none', null))).toBeNull();
    expect(optionsIntoBody(new URLSearchParams('orphanDependents=yes'), body('none', null))).toBeNull();
    expect(optionsIntoBody(new URLSearchParams(), body('object', {}))?.value).toEqual({});
  });
});

describe('one object in two versions', () => {
  const v1 = '/apis/autoscaling/v1/namespaces/shop/horizontalpodautoscalers/web';
  const v2 = '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web';

  it('is recognised by its path', () => {
    expect(otherVersionOf(v1, [v1, v2])).toBe('autoscaling/v2');
    expect(otherVersionOf(`${N}/a`, ['/api/v2/namespaces/shop/configmaps/a'])).toBe('v2');
  });

  it.each([
    ['the same version', v2],
    ['another object', '/apis/autoscaling/v1/namespaces/shop/horizontalpodautoscalers/geo'],
    ['another namespace', '/apis/autoscaling/v1/namespaces/other/horizontalpodautoscalers/web'],
    ['another group', '/apis/example.test/v1/namespaces/shop/horizontalpodautoscalers/web'],
    ['the core group', '/api/v1/namespaces/shop/horizontalpodautoscalers/web'],
  ])('is not taken for it: %s', (_what, path) => {
    expect(otherVersionOf(v2, [path])).toBeNull();
  });
});
