import { describe, expect, it } from 'vitest';
import type { App } from '../../judge/app-model.ts';
import { entryOf, memberNamed } from '../../judge/app-model.ts';
import { chooseFault, FAULT_CLASSES } from '../../judge/faults/catalogue.ts';
import { generateApp } from '../../judge/generate.ts';
import { addressOf, renderApp } from '../../judge/render.ts';
import { SHOP_NAMESPACE, SHOP_SERVICES, SHOP_STORES } from '../../testbed/app/topology.ts';

const SEEDS = Array.from({ length: 300 }, (_, index) => index + 1);
const apps = SEEDS.map(generateApp);

function reachable(app: App): Set<string> {
  const seen = new Set<string>();
  const visit = (workload: string): void => {
    if (seen.has(workload)) return;
    seen.add(workload);
    memberNamed(app, workload).calls.forEach(visit);
  };
  visit(entryOf(app).workload);
  return seen;
}

describe('generated applications', () => {
  it('are the same for the same seed and differ between seeds', () => {
    expect(SEEDS.map((seed) => renderApp(generateApp(seed)))).toEqual(apps.map(renderApp));
    expect(new Set(apps.map(({ namespace }) => namespace)).size).toBe(SEEDS.length);
  });

  it('reach every member from the entry, without cycles', () => {
    for (const app of apps) {
      expect(reachable(app).size, `seed ${app.seed}`).toBe(app.members.length);
      const order = app.members.map(({ workload }) => workload);
      for (const member of app.members) {
        for (const callee of member.calls)
          expect(order.indexOf(callee)).toBeGreaterThan(order.indexOf(member.workload));
        expect(new Set(member.calls).size).toBe(member.calls.length);
      }
    }
  });

  it('share no name with the shop', () => {
    const shop = new Set([SHOP_NAMESPACE, ...[...SHOP_SERVICES, ...SHOP_STORES].map(({ name }) => name)]);
    for (const app of apps) {
      const names = [app.namespace, ...app.members.flatMap(({ workload, service }) => [workload, service.name])];
      expect(names.filter((name) => shop.has(name))).toEqual([]);
    }
  });

  it('have distinct names per kind, and Services whose target is a declared container port', () => {
    for (const app of apps) {
      const keys = renderApp(app).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      expect(new Set(keys).size, `seed ${app.seed}`).toBe(keys.length);
      for (const { service, port, portName } of app.members) {
        expect([port, portName]).toContain(service.targetPort);
        expect(service.extraPort?.port).not.toBe(service.port);
      }
    }
  });

  it('refer only to keys, claims and addresses that exist', () => {
    for (const app of apps) {
      const addresses = app.members.map(addressOf);
      const claims = renderApp(app).filter(({ kind }) => kind === 'PersistentVolumeClaim');
      for (const { settings, volume, calls } of app.members) {
        for (const { kind, object, key } of settings) {
          const config = app.configs.find((candidate) => candidate.kind === kind && candidate.name === object);
          expect(Object.keys(config?.data ?? {})).toContain(key);
        }
        if (volume && !volume.fromTemplate) expect(claims.map(({ metadata }) => metadata.name)).toContain(volume.claim);
        for (const callee of calls) expect(addresses).toContain(addressOf(memberNamed(app, callee)));
      }
    }
  });

  it('use names that Kubernetes accepts', () => {
    for (const app of apps) {
      for (const { metadata } of renderApp(app)) expect(metadata.name).toMatch(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
      for (const { portName, service } of app.members) {
        for (const name of [portName, service.portName]) expect(name ?? 'x').toMatch(/^[a-z][a-z0-9-]{0,14}$/);
      }
    }
  });

  it('cover both kinds of workload, named and numbered ports, files and variables, plain and template claims', () => {
    const members = apps.flatMap((app) => app.members);
    const share = (what: (member: (typeof members)[number]) => boolean): number =>
      members.filter(what).length / members.length;
    for (const part of [
      share(({ kind }) => kind === 'StatefulSet'),
      share(({ portName }) => portName === undefined),
      share(({ service }) => typeof service.targetPort === 'string'),
      share(({ settings }) => settings.some(({ file }) => file)),
      share(({ settings }) => settings.some(({ env }) => env)),
      share(({ volume }) => volume?.fromTemplate === false),
    ]) {
      expect(part).toBeGreaterThan(0.1);
      expect(part).toBeLessThan(0.9);
    }
    expect(share(({ volume }) => volume?.fromTemplate === true)).toBeGreaterThan(0);
  });
});

describe('chosen faults', () => {
  it('meet all classes in any six seeds in a row', () => {
    for (const start of [1, 2, 101]) {
      const classes = apps.slice(start - 1, start + 5).map((app) => chooseFault(app).fault);
      expect(new Set(classes)).toEqual(new Set(FAULT_CLASSES.map(({ name }) => name)));
    }
  });

  it('fit every application in some variant, and reach every variant', () => {
    for (const { name, variants } of FAULT_CLASSES) {
      const met = new Set(apps.map((app) => chooseFault(app, name).variant));
      expect(met).toEqual(new Set(variants));
    }
  });

  it('are the same for the same seed', () => {
    for (const seed of SEEDS.slice(0, 60)) {
      const { description, target, mayChange } = chooseFault(generateApp(seed));
      expect(chooseFault(generateApp(seed))).toMatchObject({ description, target, mayChange });
    }
  });

  it('refuse a class or variant that does not exist', () => {
    const [app] = apps;
    expect(() => chooseFault(app as App, 'gremlin')).toThrow(/unknown fault gremlin; known: dangling-port/);
    expect(() => chooseFault(app as App, 'lost-key/gone')).toThrow(/unknown variant gone/);
  });
});
