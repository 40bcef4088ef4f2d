import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { notifierFor, notifyDesktop } from '../../../src/notify/desktop-notification.ts';

const EVIL = '$(touch /tmp/x) "; rm -rf ~ #\u001b[31m';

afterEach(() => vi.unstubAllEnvs());

describe('a notification of the desktop', () => {
  it('is asked to stay until it is answered', () => {
    expect(notifierFor('linux', 'a', 'b')!.argv).toContain('--urgency=critical');
    expect(notifierFor('win32', 'a', 'b')!.argv.join(' ')).toContain('scenario="reminder"');
  });

  it.each(['linux', 'darwin', 'win32'] as const)('takes words only as words on %s', (platform) => {
    const { argv, env } = notifierFor(platform, '--help', EVIL)!;
    const script = argv.filter((word) => word.includes('rm -rf'));
    const words = [...script, ...Object.values(env)];
    expect(words.some((word) => word === '$(touch /tmp/x) "; rm -rf ~ #')).toBe(true);
    expect(script.every((word) => word.startsWith('$(touch'))).toBe(true);
    expect(words.join('')).not.toContain('\u001b');
    if (platform === 'linux') expect(argv.indexOf('--')).toBeLessThan(argv.indexOf('--help'));
  });

  it('is no failure where there is no notifier', async () => {
    expect(notifierFor('aix', 'a', 'b')).toBeNull();
    vi.stubEnv('PATH', '/nowhere');
    expect(await notifyDesktop('a', 'b', 'linux')).toBe(false);
  });

  it.skipIf(process.platform === 'win32')('runs the notifier of the platform', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stratus-notify-'));
    try {
      const told = join(folder, 'told');
      await writeFile(join(folder, 'notify-send'), `#!/bin/sh\nprintf '%s\\n' "$@" > '${told}'\n`);
      await chmod(join(folder, 'notify-send'), 0o755);
      vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
      expect(await notifyDesktop('shop @ prod: Waiting', 'Point Service geo at 8083', 'linux')).toBe(true);
      expect(await readFile(told, 'utf8')).toMatch(
        /^--urgency=critical[^]*\nshop @ prod: Waiting\nPoint Service geo at 8083\n$/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
