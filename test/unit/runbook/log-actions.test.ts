import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filledCommand } from '../../../src/runbook/placeholders.ts';
import { readRunbook } from '../../../src/runbook/read-runbook.ts';
import type { PartName } from '../../../src/runbook/runbook-action.ts';

const PACKS = join(import.meta.dirname, '../../../runbooks');

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratus-log-'));
  path = join(folder, 'app.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** One part of an action, in a shell of this machine. */
function run(name: string, part: PartName, snapshot = Buffer.alloc(0), at = path) {
  const { action } = readRunbook(readFileSync(join(PACKS, `${name}.yaml`), 'utf8'));
  const [program, ...args] = filledCommand(action!.parts[part]!, { path: at });
  const { status, stdout, stderr } = spawnSync(program!, args, { input: snapshot });
  return { code: status, output: stdout, said: stderr.toString() };
}

const lines = (count: number, word: string) =>
  Array.from({ length: count }, (_, index) => `${word} ${index} ${'x'.repeat(index % 90)}\n`).join('');
const shell = (() => {
  try {
    return execFileSync('sh', ['-c', 'command -v gzip base64 sha256sum head']).length > 0;
  } catch {
    // The machine lacks what containers have.
    return false;
  }
})();

describe.runIf(shell)('the actions that empty a log', () => {
  it('keep the whole of it, and bring it back before what was written since', () => {
    const before = lines(2_000, 'old');
    writeFileSync(path, before);
    const snapshot = run('truncate-log', 'snapshot');
    expect(snapshot.code).toBe(0);
    expect(snapshot.output.length).toBeLessThan(before.length / 2);
    expect(run('truncate-log', 'verify', snapshot.output).code).toBe(1);
    expect(run('truncate-log', 'same', snapshot.output).code).toBe(0);
    expect(run('truncate-log', 'do').code).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe('');
    expect(run('truncate-log', 'verify', snapshot.output).code).toBe(0);
    expect(run('truncate-log', 'same', snapshot.output).code).toBe(1);
    appendFileSync(path, 'new 1\nnew 2\n');
    expect(run('truncate-log', 'undo', snapshot.output)).toMatchObject({ code: 0, said: '' });
    expect(readFileSync(path, 'utf8')).toBe(`${before}new 1\nnew 2\n`);
    expect(run('truncate-log', 'same', snapshot.output).code).toBe(0);
    appendFileSync(path, 'new 3\n');
    expect(run('truncate-log', 'same', snapshot.output).code).toBe(0);
  });

  it('go on where an undo was cut off', () => {
    const before = lines(50, 'old');
    writeFileSync(path, before);
    const { output } = run('truncate-log', 'snapshot');
    run('truncate-log', 'do');
    // It had put the new lines aside and written half of the old ones.
    writeFileSync(`${path}.stratus-newer`, 'new 1\n');
    writeFileSync(path, before.slice(0, 100));
    expect(run('truncate-log', 'same', output).code).toBe(1);
    expect(run('truncate-log', 'undo', output).code).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(`${before}new 1\n`);
    expect(existsSync(`${path}.stratus-newer`)).toBe(false);
  });

  it('take a file by its own name only, so that no folder is reached by another', () => {
    writeFileSync(path, lines(5, 'old'));
    const other = join(folder, 'other');
    symlinkSync(folder, other);
    const names = [
      `${folder}/./app.log`,
      `/${path}`,
      `${folder}/x/../app.log`,
      join(other, 'app.log'),
      '/./etc/hostname',
    ];
    mkdirSync(join(folder, 'x'));
    for (const name of ['truncate-log', 'cut-log'])
      for (const at of [...names, '/etc/hostname'])
        for (const part of ['snapshot', 'do', 'undo'] as const)
          expect(run(name, part, Buffer.alloc(0), at), `${name} ${part} ${at}`).toMatchObject({ code: 3 });
    expect(readFileSync(path, 'utf8')).toBe(lines(5, 'old'));
  });

  it('read all that they are sent, however much it is', () => {
    writeFileSync(path, randomBytes(300_000).toString('base64'));
    for (const name of ['truncate-log', 'cut-log']) {
      const { output } = run(name, 'snapshot');
      const { action } = readRunbook(readFileSync(join(PACKS, `${name}.yaml`), 'utf8'));
      const words = filledCommand(action!.parts.verify!, { path });
      const [program, ...args] = ['sh', '-c', '"$@"; tail -c +1 | wc -c', 'sh', ...words];
      expect(spawnSync(program!, args, { input: output }).stdout.toString().trim(), name).toBe('0');
    }
  });

  it('keep the end of one that is too large, and say that the rest is lost', () => {
    const before = lines(20_000, 'old');
    writeFileSync(path, before);
    const { output } = run('cut-log', 'snapshot');
    run('cut-log', 'do');
    expect(run('cut-log', 'verify', output).code).toBe(0);
    appendFileSync(path, 'new 1\n');
    expect(run('cut-log', 'undo', output).code).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(`${before.slice(-262_144)}new 1\n`);
    expect(run('cut-log', 'same', output).code).toBe(0);
    const { action } = readRunbook(readFileSync(join(PACKS, 'cut-log.yaml'), 'utf8'));
    expect(action).toMatchObject({ undoes: 'losses', loses: 'All of the file but its last 256 KiB.' });
  });

  it.each([
    ['/etc/passwd', /^stratus: .* is no/],
    ['/proc/1/environ', /^stratus: .* is no/],
    ['/var/../etc/passwd', /^stratus: .* is another name of \/etc\/passwd/],
    ['/tmp', /^stratus: .* is no/],
  ])('leave %s alone', (at, said) => {
    const refused = run('truncate-log', 'snapshot', Buffer.alloc(0), at);
    expect(refused.code).toBe(3);
    expect(refused.said).toMatch(said);
  });
});
