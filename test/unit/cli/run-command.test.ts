import { describe, expect, it } from 'vitest';
import { runCommand } from '../../../src/cli/run-command.ts';
import { UsageError } from '../../../src/cli/usage.ts';
import type { StepResult } from '../../../src/domain/transaction.ts';
import type { StratusApp } from '../../../src/run/app.ts';
import { silentIo } from './command-io.ts';

const TARGET = { context: 'prod-1', server: 's', fingerprint: 'f', namespace: 'shop' };
const DONE: StepResult = { ok: true, exitCode: 0, stdout: 'pods\n', stderr: '', refusals: [], writes: 0, problem: '' };
const neverOpens = async (): Promise<StratusApp> => Promise.reject(new Error('opened'));

describe('stratus run without a terminal', () => {
  it('runs what only reads without --yes, in a protected context and beside an unfinished undo, too', async () => {
    const ran: string[][] = [];
    const app = {
      targets: { pin: async () => TARGET },
      transactions: { refuseWhileOwed: async () => Promise.reject(new Error('asked about what is owed')) },
      shell: {
        rehearse: async (_target: unknown, argv: string[]) => ({
          argv,
          ok: true,
          problem: '',
          writes: [],
          partial: false,
        }),
        run: async (_target: unknown, argv: string[]) => (ran.push(argv), { result: DONE, tx: null, undo: null }),
      },
    } as unknown as StratusApp;
    const io = silentIo();
    expect(await runCommand(['--', 'get', 'pods'], io, async () => app)).toBe(0);
    expect(ran).toEqual([['get', 'pods']]);
    expect(io.out).toEqual(['pods\n']);
  });

  it.each([['apply -f x.yaml'], ['scale deployment/web --replicas=2'], ['get pods --unknown'], ['diff -f x.yaml']])(
    'wants --yes for %s',
    async (words) => {
      const run = runCommand(['--', ...words.split(' ')], silentIo(), neverOpens);
      await expect(run).rejects.toThrow(UsageError);
    },
  );
});
