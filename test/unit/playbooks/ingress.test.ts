import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [8, 88, 888];
const LAST = 'kubectl.kubernetes.io/last-applied-configuration';

const rules = (name: string, port: Loose) => [
  { http: { paths: [{ path: '/', backend: { service: { name, port } } }] } },
];
const ingress = (world: World, spec: Loose, applied?: Loose) =>
  world.add('Ingress', 'networking.k8s.io/v1', world.random.name(), {
    metadata: { annotations: applied ? { [LAST]: JSON.stringify({ spec: applied }) } : {} },
    spec,
  });
const after = (object: KubeObject, finding: Finding): Loose =>
  applyPatch(object, patchOps(finding.fixes[0]!.commands[0]!));
const backendOf = (object: Loose) => object.spec.rules[0].http.paths[0].backend.service;

/** A Service of several ports, one for users in its middle. */
function shop(seed: number, names: string[], applied?: string[]) {
  const world = new World(seed);
  const numbers = names.map(() => world.random.port());
  const ports = names.map((name, index) => ({ name: `c${index}-${name}`.slice(0, 15), containerPort: numbers[index] }));
  const web = world.workload({ containers: [world.container({ ports })] });
  const list = (all: string[]) => all.map((name, index) => ({ name, port: 8000 + index, targetPort: numbers[index] }));
  const metadata = applied ? { annotations: { [LAST]: JSON.stringify({ spec: { ports: list(applied) } }) } } : {};
  world.service(web.spec!.template.metadata.labels, list(names), { name: 'web', metadata });
  return { world, numbers };
}

describe.each(SEEDS)('a route to a port that the Service does not have (seed %i)', (seed) => {
  it('follows the port that was renamed, among several', async () => {
    const { world } = shop(seed, ['metrics', 'http-web', 'grpc'], ['metrics', 'http', 'grpc']);
    const route = ingress(world, { rules: rules('web', { name: 'http' }) });
    expect(backendOf(after(route, await onlyFinding(world, 'ingress-backend')))).toEqual({
      name: 'web',
      port: { name: 'http-web' },
    });
  });

  it('names the container port: it gets the port in front of it', async () => {
    const { world, numbers } = shop(seed, ['a', 'b', 'c']);
    const route = ingress(world, { rules: rules('web', { number: numbers[1] }) });
    expect(backendOf(after(route, await onlyFinding(world, 'ingress-backend'))).port).toEqual({ number: 8001 });
  });

  it('goes back to what was last applied', async () => {
    const { world } = shop(seed, ['a', 'b', 'c']);
    const route = ingress(world, { rules: rules('web', { number: 9 }) }, { rules: rules('web', { number: 8002 }) });
    expect(backendOf(after(route, await onlyFinding(world, 'ingress-backend'))).port).toEqual({ number: 8002 });
  });

  it('has no fix where several ports could be meant', async () => {
    const { world } = shop(seed, ['alpha', 'omega']);
    ingress(world, { rules: rules('web', { number: 9 }) });
    expect((await onlyFinding(world, 'ingress-backend')).fixes).toEqual([]);
  });

  it.each([
    ['shop.example', ['/'], []],
    ['web.example', ['/ui'], []],
    ['web.example', ['/'], ['web']],
    ['web.example', ['/', '/ui'], []],
    ['web-ui.example', ['/'], []],
  ])('names the Service of its host with a word more (%s %o)', async (host, paths, led) => {
    const { world } = shop(seed, ['http']);
    const backend = (name: string) => ({ service: { name, port: { number: 8000 } } });
    // The last path leads to the missing one, those before it to the Service itself.
    const list = paths.map((path, index) => ({
      path,
      backend: backend(index === paths.length - 1 ? 'web-ui' : 'web'),
    }));
    const route = ingress(world, { rules: [{ host, http: { paths: list } }] });
    const { fixes } = await onlyFinding(world, 'ingress-backend');
    const names = fixes.map(({ commands }) => backendOf(applyPatch(route, patchOps(commands[0]!))).name);
    expect(names).toEqual(led);
  });

  it('names a Service that was replaced', async () => {
    const { world } = shop(seed, ['http']);
    const route = ingress(world, { rules: rules('old', { name: 'http' }) }, { rules: rules('web', { name: 'http' }) });
    expect(backendOf(after(route, await onlyFinding(world, 'ingress-backend'))).name).toBe('web');
  });
});

describe.each(SEEDS)('an Ingress of a class (seed %i)', (seed) => {
  const klass = (world: World, name: string, annotations: Loose = {}) =>
    world.add('IngressClass', 'networking.k8s.io/v1', name, { metadata: { annotations } }, null);
  const spec = (ingressClassName?: string) => ({ ingressClassName, rules: rules('web', { number: 8000 }) });

  it.each([
    ['a similar one', 'ngnix', undefined, {}],
    ['the one last applied', 'other', { ingressClassName: 'nginx' }, {}],
    ['the default', 'other', undefined, { 'ingressclass.kubernetes.io/is-default-class': 'true' }],
  ])('that does not exist gets %s', async (_what, name, applied, annotations) => {
    const { world } = shop(seed, ['http']);
    klass(world, 'nginx', annotations);
    klass(world, 'internal');
    const route = ingress(world, spec(name), applied);
    const finding = await onlyFinding(world, 'ingress-class');
    expect(finding.severity).toBe('critical');
    expect(after(route, finding).spec.ingressClassName).toBe('nginx');
  });

  it('that exists, or where there are none, is no matter', async () => {
    const { world } = shop(seed, ['http']);
    ingress(world, spec('nginx'));
    expect(byRule(await world.diagnose(), 'ingress-class')).toEqual([]);
    klass(world, 'nginx');
    ingress(world, spec());
    expect(byRule(await world.diagnose(), 'ingress-class')).toEqual([]);
  });

  it('that could be several has no fix', async () => {
    const { world } = shop(seed, ['http']);
    klass(world, 'nginx');
    klass(world, 'internal');
    ingress(world, spec('haproxy'));
    expect((await onlyFinding(world, 'ingress-class')).fixes).toEqual([]);
  });
});
