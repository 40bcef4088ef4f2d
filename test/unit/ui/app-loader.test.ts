import { describe, expect, it, vi } from 'vitest';
import type { AppConfig } from '../../../src/run/app-config.ts';
import { AppLoader } from '../../../src/ui/editor/app-loader.ts';
import { JournalWatch } from '../../../src/ui/undo/journal-watch.ts';
import { isProtected } from '../../../src/domain/autonomy.ts';
import { FakeApp } from '../../host/fake-app.ts';

describe('AppLoader', () => {
  it('creates one application per configuration', async () => {
    const created: AppConfig[] = [];
    let config: AppConfig = { stateFolder: '/a' };
    const loader = new AppLoader(
      async (given) => {
        created.push(given);
        return new FakeApp();
      },
      () => config,
    );
    const [first, second] = await Promise.all([loader.app(), loader.app()]);
    expect(first).toBe(second);
    config = { stateFolder: '/b' };
    expect(await loader.app()).not.toBe(first);
    expect(created.map(({ stateFolder }) => stateFolder)).toEqual(['/a', '/b']);
  });

  it('keeps a leased application open when the configuration changes under it', async () => {
    const closed: string[] = [];
    let folder = '/a';
    const loader = new AppLoader(
      async ({ stateFolder }) => {
        const app = new FakeApp();
        app.dispose = async () => void closed.push(stateFolder);
        return app;
      },
      () => ({ stateFolder: folder }),
    );
    const lease = await loader.lease();
    folder = '/b';
    expect(await loader.app()).not.toBe(lease.app);
    const later = await loader.lease();
    folder = '/c';
    await loader.app();
    expect(closed).toEqual([]);
    lease.release();
    lease.release();
    await vi.waitFor(() => expect(closed).toEqual(['/a']));
    later.release();
    await vi.waitFor(() => expect(closed).toEqual(['/a', '/b']));
  });

  it('tries again after a failure', async () => {
    let fail = true;
    const loader = new AppLoader(
      async () => {
        if (fail) throw new Error('no kubectl');
        return new FakeApp();
      },
      () => ({ stateFolder: '/a' }),
    );
    await expect(loader.app()).rejects.toThrow('no kubectl');
    fail = false;
    await expect(loader.app()).resolves.toBeInstanceOf(FakeApp);
  });
});

describe('JournalWatch', () => {
  it('reads once per change and tells its listeners', async () => {
    const app = new FakeApp();
    let reads = 0;
    const unfinished = app.transactions.unfinished.bind(app);
    app.transactions.unfinished = () => ((reads += 1), unfinished());
    const watch = new JournalWatch(async () => app);
    const seen: number[] = [];
    watch.onChange(({ all, unfinished }) => seen.push(all.length + unfinished.size * 10));
    await Promise.all([watch.read(), watch.read()]);
    expect(reads).toBe(1);
    app.leaveOpen();
    await watch.changed();
    expect(seen).toEqual([11]);
    expect((await watch.read()).all).toHaveLength(1);
    expect(reads).toBe(2);
  });

  it('does not remember a failure', async () => {
    let fail = true;
    const watch = new JournalWatch(async () => {
      if (fail) throw new Error('damaged');
      return new FakeApp();
    });
    await expect(watch.read()).rejects.toThrow('damaged');
    fail = false;
    await expect(watch.read()).resolves.toMatchObject({ all: [] });
  });
});

describe('isProtected', () => {
  it.each([
    ['eu-prod-1', ['*prod*'], true],
    ['EU-PROD', ['*prod*'], true],
    ['staging', ['*prod*'], false],
    ['a.b', ['a.b'], true],
    ['axb', ['a.b'], false],
    ['production-eu', ['production'], false],
    ['anything', [], false],
  ])('%s with %j: %s', (context, patterns, expected) => {
    expect(isProtected(context, patterns)).toBe(expected);
  });
});
