import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { tar, type TarEntry } from '../../testbed/tar.ts';

/** What the system's tar makes of an archive. */
function read(archive: Buffer, ...options: string[]): string {
  const result = spawnSync('tar', [...options, '-f', '-'], { input: archive, encoding: 'utf8', env: { TZ: 'UTC' } });
  expect(result.stderr).toBe('');
  expect(result.status).toBe(0);
  return result.stdout;
}

const entries: TarEntry[] = [
  { name: 'data/', mode: 0o700, uid: 999, gid: 998 },
  { name: 'bin/tool', data: Buffer.alloc(700, 'x'), mode: 0o755 },
  { name: 'bin/alias', link: 'tool' },
  { name: 'empty' },
];

it('is read back by tar with modes, owners, links and sizes', () => {
  const lines = read(tar(entries), '-t', '-v', '--numeric-owner').trim().split('\n');
  expect(lines.map((line) => line.split(/\s+/).slice(0, 3).join(' '))).toEqual([
    'drwx------ 999/998 0',
    '-rwxr-xr-x 0/0 700',
    'lrw-r--r-- 0/0 0',
    '-rw-r--r-- 0/0 0',
  ]);
  expect(lines[2]).toMatch(/bin\/alias -> tool$/);
  expect(read(tar(entries), '-x', '-O', 'bin/tool')).toBe('x'.repeat(700));
});

it('holds long paths and refuses those the format cannot', () => {
  const long = `${'folder/'.repeat(20)}${'n'.repeat(90)}`;
  expect(read(tar([{ name: long, data: Buffer.from('a') }]), '-t').trim()).toBe(long);
  expect(() => tar([{ name: 'n'.repeat(101) }])).toThrow(RangeError);
  expect(() => tar([{ name: 'a', link: 'n'.repeat(101) }])).toThrow(RangeError);
});

it('gives equal bytes for equal entries, in whole records', () => {
  expect(tar(entries).equals(tar(structuredClone(entries)))).toBe(true);
  expect(tar(entries).length % 512).toBe(0);
});
