import { describe, expect, it } from 'vitest';
import { decidingMarks, keptIn } from '../../catalogue/truth/kept-evidence.ts';
import type { ProposedChange } from '../../catalogue/truth/effects.ts';
import { judgeAction } from '../../catalogue/truth/judge-action.ts';
import type { Truth } from '../../catalogue/truth/truth.ts';
import type { KubeObject } from '../../judge/api.ts';

const pods = (image: string) => ({
  metadata: { labels: { app: 'iris' } },
  spec: { containers: [{ name: 'main', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
});
const deployment = (image: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'iris', namespace: 'bakery' },
  spec: { replicas: 2, template: pods(image) },
});
const service = (targetPort: string | number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'iris', namespace: 'bakery' },
  spec: { ports: [{ port: 80, targetPort }] },
});
const [WORKLOAD, SERVICE] = ['Deployment.apps/bakery/iris', 'Service/bakery/iris'];
const workload = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bakery', name: 'iris' };
const front = { apiVersion: 'v1', kind: 'Service', namespace: 'bakery', name: 'iris' };

const IMAGE = '.spec.template.spec.containers[0].image';
const wrongImage: Truth = {
  what: 'image next',
  causes: [{ names: ['iris', 'shop:next'], word: 'image', flags: 'i' }],
  mayChange: ['Deployment/iris'],
  mayCreate: [],
  allows: [],
  injected: [{ key: WORKLOAD, how: 'changed', fields: [{ path: IMAGE, before: 'shop:1', after: 'shop:next' }] }],
  repaired: [{ key: WORKLOAD, how: 'changed', fields: [{ path: IMAGE, before: 'shop:next', after: 'shop:1' }] }],
  base: { [WORKLOAD]: deployment('shop:1') },
  faulty: { [WORKLOAD]: deployment('shop:next'), [SERVICE]: service('http') },
  healed: { [WORKLOAD]: deployment('shop:1') },
  revisions: [
    { workload: WORKLOAD, revision: 1, template: pods('shop:1') },
    { workload: WORKLOAD, revision: 2, template: pods('shop:next') },
  ],
};
const PORT = '.spec.ports[0].targetPort';
const wrongPort: Truth = {
  ...wrongImage,
  causes: [{ names: ['Service', 'iris', '9999'], word: 'port', flags: 'i' }],
  mayChange: ['Service/iris'],
  injected: [{ key: SERVICE, how: 'changed', fields: [{ path: PORT, before: 'http', after: 9999 }] }],
  repaired: [{ key: SERVICE, how: 'changed', fields: [{ path: PORT, before: 9999, after: 'http' }] }],
  base: { [SERVICE]: service('http') },
  faulty: { [WORKLOAD]: deployment('shop:1'), [SERVICE]: service(9999) },
  healed: { [SERVICE]: service('http') },
};

const judged = (truth: Truth, changes: ProposedChange[], content = '') =>
  judgeAction({ changes, files: [{ name: 'a.yaml', content }] }, truth);

describe('an action judged by the catalogue', () => {
  it.each<[string, Truth, ProposedChange]>([
    ['an image by name', wrongImage, { type: 'set-image', object: workload, images: { main: 'shop:1' } }],
    ['the revision before', wrongImage, { type: 'rollout-undo', object: workload, revision: 1 }],
    [
      'a patch of the field',
      wrongImage,
      {
        type: 'json-patch',
        object: workload,
        ops: [
          { op: 'test', path: '/spec/template/spec/containers/0/image', value: 'shop:next' },
          { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'shop:1' },
        ],
      },
    ],
    [
      'the number of a named port',
      wrongPort,
      { type: 'json-patch', object: front, ops: [{ op: 'replace', path: '/spec/ports/0/targetPort', value: 8080 }] },
    ],
    [
      'a merge',
      wrongPort,
      { type: 'merge-patch', object: front, patch: { spec: { ports: [{ port: 80, targetPort: 'http' }] } } },
    ],
  ])('restores: %s', (_, truth, change) => {
    expect(judged(truth, [change])).toBe('restores');
  });

  it('is near where the field gets another value that may not do', () => {
    expect(judged(wrongImage, [{ type: 'set-image', object: workload, images: { main: 'shop:2' } }])).toBe('near');
    const ops = [{ op: 'replace', path: '/spec/ports/0/targetPort', value: 9090 }];
    expect(judged(wrongPort, [{ type: 'json-patch', object: front, ops }])).toBe('near');
  });

  it('is aside where another field of that object is changed', () => {
    expect(judged(wrongImage, [{ type: 'scale', object: workload, replicas: 3 }])).toBe('aside');
    expect(judged(wrongImage, [{ type: 'rollout-restart', object: workload }])).toBe('aside');
    expect(judged(wrongImage, [{ type: 'rollout-undo', object: workload, revision: 2 }])).toBe('aside');
  });

  it('is beside where an object is changed that has nothing to do with it, the right one besides or not', () => {
    const other: ProposedChange = { type: 'delete', object: front };
    expect(judged(wrongImage, [other])).toBe('beside');
    expect(judged(wrongImage, [{ type: 'set-image', object: workload, images: { main: 'shop:1' } }, other])).toBe(
      'beside',
    );
    expect(judged(wrongImage, [])).toBe('beside');
  });

  it('knows what was deleted, when it is made again', () => {
    const key = 'PersistentVolumeClaim/bakery/data';
    const truth: Truth = {
      ...wrongImage,
      mayChange: ['PersistentVolumeClaim/data'],
      injected: [{ key, how: 'gone', fields: [] }],
      repaired: [{ key, how: 'appeared', fields: [] }],
      mayCreate: ['PersistentVolumeClaim'],
    };
    const create: ProposedChange = { type: 'create', file: 'a.yaml', namespace: 'bakery' };
    const claim = (name: string) =>
      `apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: ${name}}\nspec: {}\n`;
    expect(judged(truth, [create], claim('data'))).toBe('restores');
    expect(judged(truth, [create], claim('other'))).toBe('aside');
  });

  it('takes a restart where one is the repair, and an allowed action', () => {
    const truth: Truth = {
      ...wrongImage,
      injected: [],
      repaired: [{ key: WORKLOAD, how: 'changed', restarted: true, fields: [] }],
      allows: ['redis-load-users'],
    };
    expect(judged(truth, [{ type: 'rollout-restart', object: workload }])).toBe('restores');
    expect(judged(truth, [{ type: 'action', call: { name: 'redis-load-users' } }])).toBe('restores');
    expect(judged(truth, [{ type: 'action', call: { name: 'redis-flush' } }])).toBe('beside');
    const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'bakery', name: 'iris-abc-x' };
    expect(judged(truth, [{ type: 'delete', object: pod }])).toBe('restores');
  });
});

describe('what tells the cause', () => {
  it('is the wrong value, or the field where there is none', () => {
    expect(decidingMarks(wrongPort)).toEqual(['9999']);
    const fields = [{ path: '.spec.selector["track.io/x"]', before: 'stable' }];
    expect(decidingMarks({ injected: [{ key: SERVICE, how: 'changed', fields }], repaired: [] })).toEqual([
      'track.io/x',
    ]);
  });

  it('is of a script what was changed in it', () => {
    const fields = [{ path: '.args[0]', before: 'exec httpd -p 80 -h /srv', after: 'exec httpd -p 87 -h /srv' }];
    expect(decidingMarks({ injected: [{ key: WORKLOAD, how: 'changed', fields }], repaired: [] })).toEqual(['87']);
  });

  it('is kept as a word only', () => {
    const text = 'Service bakery/iris: targetPort 9999, no such port';
    expect(keptIn(text, wrongPort)).toEqual({ objects: true, words: true, deciding: true });
    expect(keptIn(text.replace('9999', '19999'), wrongPort)).toEqual({ objects: true, words: true, deciding: false });
    expect(keptIn('Service bakery/lotus: targetPort 9999', wrongPort).objects).toBe(false);
  });

  it('is said to be kept where the fault wrote no object', () => {
    expect(keptIn('iris shop:next image', { ...wrongImage, injected: [], repaired: [] }).deciding).toBe(true);
  });
});
