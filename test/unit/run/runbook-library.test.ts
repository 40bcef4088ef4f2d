import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunbookLibrary } from '../../../src/run/runbook-library.ts';

const PACKS = join(import.meta.dirname, '../../../runbooks');
const NAME = 'redis-load-users';

let home: string;
const library = (allowed: readonly string[] = []) =>
  new RunbookLibrary({ stateFolder: join(home, 'state'), packFolder: PACKS, allowed });

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'stratus-library-'));
  await mkdir(join(home, 'state'), { mode: 0o700 });
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('declared actions', () => {
  it('are known and not allowed before somebody allows them', async () => {
    const known = await library().known();
    expect(known.map(({ name }) => name).sort()).toEqual(['cut-log', NAME, 'truncate-log']);
    expect(known.filter(({ allowed }) => allowed)).toEqual([]);
    for (const { digest } of known) expect(await library().find(digest)).toBeNull();
  });

  it('are allowed by their bytes and forbidden by their name', async () => {
    const file = await library().read(NAME, home);
    await library().allow(file);
    expect((await library().find(file.digest))?.name).toBe(NAME);
    expect((await library().known())[0]).toMatchObject({ name: NAME, digest: file.digest, allowed: true });
    expect(await library().forbid(NAME)).toBe(true);
    expect(await library().find(file.digest)).toBeNull();
    expect(await library().forbid(NAME)).toBe(false);
  });

  it('stay allowed by what was looked at, not by what their file became', async () => {
    const path = join(home, 'mine.yaml');
    const text = (await readFile(join(PACKS, 'truncate-log.yaml'), 'utf8')).replace('name: truncate-log', 'name: mine');
    await writeFile(path, text);
    const first = await library().read('./mine.yaml', home);
    await library().allow(first);
    await writeFile(path, `${text}# changed\n`);
    const second = await library().read('./mine.yaml', home);
    expect([second.allowed, await library().find(second.digest)]).toEqual([false, null]);
    expect((await library().find(first.digest))?.name).toBe('mine');
    await library().allow(second);
    // One version of a name at a time.
    expect(await library().find(first.digest)).toBeNull();
    expect((await library().find(second.digest))?.name).toBe('mine');
  });

  it('are no longer allowed when their copy was changed or lies under another digest', async () => {
    const file = await library().read(NAME, home);
    await library().allow(file);
    const copy = join(home, 'state', 'runbooks', `${file.digest}.yaml`);
    await writeFile(copy, `${file.text}# changed\n`);
    expect(await library().find(file.digest)).toBeNull();
    await rm(copy);
    const other = `${'0'.repeat(64)}`;
    await writeFile(join(home, 'state', 'runbooks', `${other}.yaml`), file.text);
    expect([await library().find(other), await library().find(file.digest)]).toEqual([null, null]);
    expect(await readdir(join(home, 'state', 'runbooks'))).toHaveLength(1);
  });

  it('are not taken from a folder that others may write', async () => {
    await library().allow(await library().read(NAME, home));
    await chmod(join(home, 'state', 'runbooks'), 0o777);
    await expect(library().allow(await library().read(NAME, home))).rejects.toThrow(/may|others|write/);
  });

  it('are allowed by the digest in the settings where they come with Stratus', async () => {
    const { digest } = await library().read(NAME, home);
    expect((await library([digest]).find(digest))?.name).toBe(NAME);
    expect(await library(['f'.repeat(64)]).find(digest)).toBeNull();
  });

  it('that cannot be read are told, and cannot be allowed', async () => {
    await writeFile(join(home, 'bad.yaml'), 'stratus: runbook/1\nname: bad\n');
    const file = await library().read('bad.yaml', home);
    expect(file.problems.length).toBeGreaterThan(0);
    await expect(library().allow(file)).rejects.toThrow(/cannot be allowed/);
    await expect(library().read('no-such-action', home)).rejects.toThrow(/no action/);
    await expect(library().read('./none.yaml', home)).rejects.toThrow(/cannot be read/);
  });
});
