import { Ajv } from 'ajv';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lintCommand } from '../../../src/cli/lint.ts';
import { analyze } from '../../../src/lint/analyze.ts';
import { bypassRows } from '../kubectl/corpus.ts';
import { SARIF_SCHEMA } from './sarif-schema.ts';

let folder = '';

async function lint(args: string[], stdin = '', cwd = '.'): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await lintCommand(args, {
    stdout: (text) => (out += text),
    stderr: (text) => (err += text),
    stdin: () => Promise.resolve(stdin),
    cwd: join(folder, cwd),
  });
  return { code, out, err };
}

function write(name: string, text: string | Uint8Array): void {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratus-lint-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('stratus lint', () => {
  it('exits 0 on clean files and notes, 1 on warnings, 2 on unreadable paths, 64 on wrong usage', async () => {
    write('clean.sh', 'kubectl get pods\n');
    write('note.sh', 'kubectl rollout status deploy/x\n');
    write('bad.sh', 'kubectl delete ns p\n');
    expect((await lint(['clean.sh'])).code).toBe(0);
    expect((await lint(['note.sh'])).code).toBe(0);
    expect((await lint(['bad.sh'])).code).toBe(1);
    const missing = await lint(['bad.sh', 'missing.sh']);
    expect(missing.code).toBe(2);
    expect(missing.err).toBe('stratus lint: missing.sh: no such file or folder\n');
    expect((await lint([])).code).toBe(64);
    expect((await lint(['--format', 'xml', 'bad.sh'])).code).toBe(64);
    expect((await lint(['--nope', 'bad.sh'])).code).toBe(64);
    expect((await lint(['-'])).code).toBe(64);
  });

  it('prints one line per finding, and json with zero-based UTF-16 ranges', async () => {
    write('a/b.sh', '# 😀\necho 😀; kubectl delete ns p\n');
    const text = await lint(['a']);
    expect(text.out.split('\n')[0]).toMatch(
      /^a\/b\.sh:2:25: warning: deleting Namespace p cannot be undone.* \(delete-protected-kind\)$/,
    );
    const rows: unknown = JSON.parse((await lint(['--format', 'json', 'a'])).out);
    expect(rows).toMatchObject([
      {
        path: 'a/b.sh',
        rule: 'delete-protected-kind',
        severity: 'warning',
        range: { start: { line: 1, character: 24 }, end: { line: 1, character: 26 } },
      },
    ]);
    expect(JSON.parse((await lint(['--format', 'json', 'a'], '')).out)).toHaveLength(1);
  });

  it('writes SARIF 2.1.0 that the schema accepts, for every row of the corpus', async () => {
    const extension = { shellscript: 'sh', yaml: 'yaml', dockerfile: 'dockerfile', makefile: 'mk', markdown: 'md' };
    for (const [index, row] of bypassRows().entries())
      if (row.audience === 'human')
        write(`row ${index}.${extension[row.language as keyof typeof extension]}`, row.text);
    const { code, out } = await lint(['--format', 'sarif', '.']);
    expect(code).toBe(1);
    const log = JSON.parse(out) as { runs: { results: { level: string }[] }[] };
    const validate = new Ajv({ allErrors: true, formats: { uri: /^[a-z]+:/, 'uri-reference': /^\S+$/ } }).compile(
      SARIF_SCHEMA,
    );
    expect(validate(log), JSON.stringify(validate.errors)).toBe(true);
    expect(log.runs[0]?.results.length).toBeGreaterThan(150);
  });

  it('reads standard input by the name it is given', async () => {
    expect((await lint(['--stdin-filename', 'x.sh', '-'], 'kubectl delete ns p')).code).toBe(1);
    expect((await lint(['--stdin-filename', 'x.bin', '-'], 'kubectl delete ns p')).out).toMatch(/not-checked/);
  });

  it('fixes what is safe to fix and keeps everything else, byte for byte', async () => {
    write(
      'a.sh',
      '\uFEFFset -e\r\nkubectl drain n1   # why\r\nkubectl delete pod x --force --grace-period=0\r\nkubectl delete ns p\r\n',
    );
    const { code, out } = await lint(['--fix', 'a.sh']);
    expect(readFileSync(join(folder, 'a.sh'), 'utf8')).toBe(
      '\uFEFFset -e\r\nkubectl drain n1   # why\r\nkubectl delete pod x\r\nkubectl delete ns p\r\n',
    );
    expect(code).toBe(1);
    expect(out).toMatch(/delete-protected-kind/);
    expect(out).not.toMatch(/force-delete/);
    expect(out).toMatch(/^a\.sh: corrected: Delete gracefully$/m);
  });

  it('shows what it would correct, and takes away what goes with a flag', async () => {
    const text = 'kubectl delete pod a --force --grace-period=0\nkubectl delete pod b --force --grace-period 0\n';
    write('a.sh', text);
    const { out } = await lint(['--fix', '--dry-run', 'a.sh']);
    expect(readFileSync(join(folder, 'a.sh'), 'utf8')).toBe(text);
    expect(out).toMatch(/^a\.sh: would be corrected: Delete gracefully \(2 times\)$/m);
    expect(out.split('\n').filter((line) => line.startsWith('+kubectl'))).toEqual([
      '+kubectl delete pod a',
      '+kubectl delete pod b',
    ]);
    expect((await lint(['--dry-run', 'a.sh'])).code).toBe(64);
  });

  it.each([
    'kubectl delete pods x --dry-run none',
    'kubectl create ns foo --dry-run false',
    'kubectl create ns --dry-run client',
    'kubectl apply --server-side --force -f x',
    'kubectl replace --force -f job.yaml',
    'kubectl auth can-i get pods/log --subresource=status',
    'kubectl rollout status deploy/x',
  ])('does not correct by itself what would then do more, or break: %s', async (command) => {
    write('a.sh', `${command}\n`);
    await lint(['--fix', 'a.sh']);
    expect(readFileSync(join(folder, 'a.sh'), 'utf8')).toBe(`${command}\n`);
  });

  it('finds the same from every folder, with the settings nearest to each file', async () => {
    write('team/.stratus.yaml', 'lint:\n  rules:\n    delete-protected-kind: off\n');
    write('team/a.sh', 'kubectl delete ns p\n');
    write('other/a.sh', 'kubectl delete ns p\nkubectl delete -f ns.yaml\n');
    write('other/ns.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n');
    const lines = async (cwd: string, path: string) =>
      (
        JSON.parse((await lint(['--format', 'json', path], '', cwd)).out) as { range: { start: { line: number } } }[]
      ).map(({ range }) => range.start.line);
    expect(await lines('.', 'team')).toEqual([]);
    expect(await lines('.', 'other')).toEqual([0, 1]);
    expect(await lines('other', '../other/a.sh')).toEqual([0, 1]);
    expect(await lines('team', '../other/a.sh')).toEqual([0, 1]);
    write('deep/scripts/b.sh', 'kubectl delete -f k8s/ns.yaml\n');
    write('deep/k8s/ns.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n');
    expect(await lines('.', 'deep/scripts')).toEqual([0]);
  });

  it('says what was read, passed over, left out and disabled, and what is not in force', async () => {
    write(
      'a.sh',
      '# stratus: disable-next-line delete-protected-kind -- a test\nkubectl delete \\\n  ns p\n# stratus: disable-next-line delete-protekted -- typo\n',
    );
    write('b.png', 'x');
    write('node_modules/x.sh', 'kubectl delete ns p\n');
    write('.stratus.yml', 'lint: {}\n');
    const { out, code } = await lint(['.']);
    expect(out).toMatch(
      /2 files read; 1 of other kinds passed over; 1 folder left out \(node_modules\); 1 finding disabled by comments/,
    );
    expect(out).toMatch(/^\.stratus\.yml:1:1: warning: this file is not read.*unknown-setting/m);
    expect(out).toMatch(/^a\.sh:4:1: warning: there is no rule "delete-protekted"/m);
    expect(code).toBe(1);
    write('empty/x.png', 'x');
    expect((await lint(['empty'])).out).toMatch(/0 files read.*nothing here is of a kind that is checked/);
    write('.stratus.yaml', 'lnt:\n  rules: {}\n');
    expect((await lint(['a.sh'])).err).toMatch(/\.stratus\.yaml:1: there is no setting "lnt"/);
  });

  it('checks many files with workers as it checks few', async () => {
    for (let index = 0; index < 320; index++)
      write(`many/${String(index).padStart(3, '0')}.sh`, index % 10 ? 'true\n' : 'kubectl delete ns p\n');
    const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
    const run = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', main, 'lint', '--format', 'json', 'many'],
      { cwd: folder, encoding: 'utf8' },
    );
    const alone = (await lint(['--format', 'json', 'many'])).out;
    expect([run.status, run.stdout]).toEqual([1, alone]);
  });

  it('obeys .stratus.yaml and names what is wrong in it', async () => {
    write(
      '.stratus.yaml',
      'lint:\n  rules:\n    delete-protected-kind: off\n    no-such-rule: error\n    watch: loud\n  protectedNamespaces: [x]\n',
    );
    write('a.sh', 'kubectl delete ns p\n');
    const { code, err } = await lint(['a.sh']);
    expect(code).toBe(1);
    expect(err).toMatch(/there is no rule "no-such-rule"/);
    expect(err).toMatch(/rule watch must be one of/);
    write('.stratus.yaml', 'lint: [\n');
    const broken = await lint(['a.sh']);
    expect(broken.code).toBe(2);
    expect(broken.err).toMatch(/cannot read .*\.stratus\.yaml/);
    expect(broken.err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('takes folders, globs, links that lead back, binary and foreign files without failing', async () => {
    write('a/one.sh', 'kubectl delete ns p\n');
    write('a/two.yaml', 'steps:\n  - run: kubectl get ns\n');
    write('a/run', '#!/usr/bin/env bash\nkubectl delete ns p\n');
    write('a/binary.sh', new Uint8Array([0, 1, 2]));
    write('a/latin1.sh', new Uint8Array([0x6b, 0xe9, 0x0a]));
    write('a/node_modules/x.sh', 'kubectl delete ns p\n');
    symlinkSync(join(folder, 'a'), join(folder, 'a', 'loop'));
    symlinkSync(join(folder, 'a', 'self'), join(folder, 'a', 'self'));
    const all = JSON.parse((await lint(['--format', 'json', 'a'])).out) as { path: string }[];
    expect(all.map((row) => row.path)).toEqual(['a/binary.sh', 'a/latin1.sh', 'a/one.sh', 'a/run']);
    expect((await lint(['--format', 'json', 'a'])).err).toMatch(/a\/self: a symbolic link that leads back to itself/);
    expect(JSON.parse((await lint(['--format', 'json', 'a/*.sh'])).out)).toHaveLength(3);
    expect((await lint(['b/*.sh'])).code).toBe(2);
    const binary = JSON.parse((await lint(['--format', 'json', 'a/binary.sh', 'a/latin1.sh'])).out) as {
      rule: string;
      message: string;
    }[];
    expect(binary.map((row) => row.rule)).toEqual(['not-checked', 'not-checked']);
  });

  it('finds exactly what the editor finds', async () => {
    const text = 'jobs:\n  a:\n    steps:\n      - run: >-\n          kubectl\n          delete ns p\n';
    write('w.yaml', text);
    const rows = JSON.parse((await lint(['--format', 'json', 'w.yaml'])).out) as { rule: string }[];
    expect(rows.map((row) => row.rule)).toEqual(analyze(text, 'yaml').map((finding) => finding.rule));
  });
});
