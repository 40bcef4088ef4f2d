import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { buildImage, programWithLibraries, type ImageSpec } from '../../testbed/images.ts';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'stratus-images-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true, force: true });
});

const spec: ImageSpec = {
  name: 'testbed.local/thing:1',
  files: [{ name: 'bin/thing', data: Buffer.from('program'), mode: 0o755 }],
  entrypoint: ['/bin/thing'],
  env: { GREETING: 'hello' },
  user: '999:999',
};

function member(path: string, name: string): Buffer {
  const { stdout, status } = spawnSync('tar', ['-x', '-O', '-f', path, name]);
  expect(status).toBe(0);
  return stdout;
}

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

it('writes a docker archive whose digests hold', () => {
  const { path } = buildImage(spec);
  const [manifest] = JSON.parse(member(path, 'manifest.json').toString());
  expect(manifest.RepoTags).toEqual([spec.name]);
  const config = member(path, manifest.Config);
  expect(manifest.Config).toBe(`${sha256(config)}.json`);
  const parsed = JSON.parse(config.toString());
  expect(parsed.rootfs.diff_ids).toEqual([`sha256:${sha256(member(path, manifest.Layers[0]))}`]);
  expect(parsed.config).toEqual({
    Entrypoint: ['/bin/thing'],
    Env: ['PATH=/bin:/usr/bin', 'GREETING=hello'],
    User: '999:999',
  });
});

it('writes equal images once and different ones beside them', () => {
  const first = buildImage(spec);
  const before = readFileSync(first.path);
  expect(buildImage(structuredClone(spec))).toEqual(first);
  expect(readFileSync(first.path).equals(before)).toBe(true);
  expect(buildImage({ ...spec, env: {} }).path).not.toBe(first.path);
  expect(buildImage({ ...spec, name: 'testbed.local/thing:2' }).path).not.toBe(first.path);
});

it.each(['thing:1', 'testbed.local/thing', 'testbed.local/thing:latest', 'testbed.local/Thing:1'])(
  'refuses the image name %s',
  (name) => {
    expect(() => buildImage({ ...spec, name })).toThrow(/tag other than latest/);
  },
);

it('brings the loader and the libraries of a program along', async () => {
  const files = await programWithLibraries('/bin/ls', 'bin/ls');
  expect(files[0]).toMatchObject({ name: 'bin/ls', mode: 0o755 });
  const names = files.map((file) => file.name);
  expect(names.some((name) => /libc\.so/.test(name))).toBe(true);
  expect(names.some((name) => /(^|\/)ld-linux|ld64/.test(name))).toBe(true);
  expect(names.every((name) => !name.startsWith('/'))).toBe(true);
  expect(new Set(names).size).toBe(names.length);
});
