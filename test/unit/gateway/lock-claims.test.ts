import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { abandonedClaims, LockClaim } from '../../../src/gateway/disk/lock-claims.ts';

const TARGET = { context: 'prod', server: 'https://127.0.0.1:6443', fingerprint: 'f1', namespace: 'shop' };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratus-claims-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that makes a claim and ends without dropping it. */
function diesHolding(): void {
  const module = join(import.meta.dirname, '../../../src/gateway/disk/lock-claims.ts');
  const script = `const { LockClaim } = await import(${JSON.stringify(module)});
    await new LockClaim(${JSON.stringify(folder)}, ${JSON.stringify(TARGET)}).make();`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
}

describe('claims of the writer lock', () => {
  it('of a process that ended are found until they are forgotten', async () => {
    diesHolding();
    const [claim, ...more] = await abandonedClaims(folder);
    expect(more).toEqual([]);
    expect(claim!.target).toEqual(TARGET);
    expect(await abandonedClaims(folder)).toHaveLength(1);
    await claim!.forget();
    expect(await abandonedClaims(folder)).toEqual([]);
  });

  it('of this process are nobody else’s business, and go when dropped', async () => {
    const claim = new LockClaim(folder, TARGET);
    await claim.make();
    expect(await abandonedClaims(folder)).toEqual([]);
    expect(readdirSync(join(folder, 'lock-claims'))).toHaveLength(1);
    await claim.drop();
    expect(readdirSync(join(folder, 'lock-claims'))).toEqual([]);
  });

  it('that were cut off are thrown away', async () => {
    diesHolding();
    const [name = ''] = readdirSync(join(folder, 'lock-claims'));
    writeFileSync(join(folder, 'lock-claims', name), '{"context":"pr');
    expect(await abandonedClaims(folder)).toEqual([]);
    expect(readdirSync(join(folder, 'lock-claims'))).toEqual([]);
  });

  it('are not needed: where none can be written, nothing is thrown', async () => {
    writeFileSync(join(folder, 'lock-claims'), 'a file');
    const claim = new LockClaim(folder, TARGET);
    await claim.make();
    await claim.drop();
    expect(await abandonedClaims(folder)).toEqual([]);
  });
});
