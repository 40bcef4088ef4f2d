import { CHANGED, CliLab } from '../cli-lab.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';

export interface CliCrash {
  /** What is killed: the transaction, or the undo of a committed one. */
  work: 'apply' | 'undo';
  /** Boundary to die at; 0: none. */
  first: number;
  /** Boundary at which the undo that recovers dies too; 0: none. */
  second: number;
}

/**
 * Kills the application at one boundary (and its recovery at another), lets `stratus recover` finish, and judges what is
 * left: the cluster is at the checkpoint or at the committed result, no transaction is open, the real Lease is free.
 */
export async function crashAtCommandLine(
  gateway: GatewayHarness,
  { work, first, second }: CliCrash,
): Promise<{ passed: string[]; problems: string[] }> {
  const lab = await CliLab.open(gateway);
  try {
    if (work === 'undo') await lab.crash('apply', 0);
    const passed = await lab.crash(work, first);
    const begun = passed.includes('begin.after-journal') || work === 'undo';
    const recovery = second > 0 && begun ? await lab.crash('undo', second) : [];
    const problems = await lab.leftovers();
    const changed = [...new Set((await lab.changes()).map((line) => line.split(/[.:]/)[0]!))].sort();
    const committed = changed.length > 0;
    if (committed && changed.join() !== CHANGED.join()) problems.push(`left half done: ${changed.join(', ')}`);
    // Once the undo has begun there is no way but back; before its first record nothing has happened yet.
    if (committed && [...passed, ...recovery].includes('undo.after-status')) problems.push('not undone');
    if (!committed && passed.includes('commit.after') && second === 0) problems.push('committed, but gone');
    return { passed, problems };
  } finally {
    await lab.close();
  }
}
