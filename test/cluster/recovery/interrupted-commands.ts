import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DEFAULT_COMMAND } from '../../judge/product.ts';
import { CliLab } from '../cli-lab.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';

/** `run`: one apply of four objects; `undo`, `recover`: of that one, done or killed; `shell`: the same apply in it, kept. */
export const WORK = ['run', 'undo', 'recover', 'shell'] as const;
/** How a process is asked to stop, or what happens to what it stands on. */
export const MEANS = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGINT twice',
  'every signal',
  'closed pipe',
  'closed terminal',
  'full disk',
  'stopped beyond the lock',
  'journal removed',
  'state folder moved',
] as const;
/** The request of the process at which it happens; each is held back until it has. */
export const MOMENTS = ['before the first write', 'between writes', 'in the undo'] as const;

export interface Interruption {
  work: (typeof WORK)[number];
  means: (typeof MEANS)[number];
  moment: (typeof MOMENTS)[number];
}

/** All that make sense. */
export function allInterruptions(): Interruption[] {
  return WORK.flatMap((work) =>
    MEANS.flatMap((means) => MOMENTS.map((moment): Interruption => ({ work, means, moment }))),
  ).filter(({ work, means, moment }) => {
    const early = moment === 'before the first write';
    const takesBack = work === 'undo' || work === 'recover';
    if (takesBack && moment !== 'in the undo') return false;
    // Nothing is open yet.
    if (means === 'stopped beyond the lock' || /journal|folder/.test(means)) return !early;
    // That output is lost is noticed where some is written: after the rehearsal, and behind the end.
    if (means === 'full disk') return work === 'run' && early;
    if (means === 'closed pipe') return (work === 'run' && early) || moment === 'in the undo';
    return true;
  });
}

const LOCK_SECONDS = 6;
const DEADLINE_MS = 120_000;
const STRANDED = 6;
/** Runs a command in a terminal that SIGUSR1 closes; SIGUSR2 cancels the command. */
const PTY = `import os, pty, sys, signal, select
pid, master = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
wake, waker = os.pipe()
signal.signal(signal.SIGUSR1, lambda *_: os.write(waker, b'x'))
signal.signal(signal.SIGUSR2, lambda *_: os.kill(pid, signal.SIGTERM))
while True:
    ready, _, _ = select.select([master, wake], [], [])
    if wake in ready: break
    try:
        if not os.read(master, 65536): break
    except OSError: break
os.close(master)
_, status = os.waitpid(pid, 0)
os._exit(os.waitstatus_to_exitcode(status) & 255)
`;

/** One process of the product, and how it is stopped. */
class Victim {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stderr = '';
  readonly pty: boolean;

  constructor(lab: CliLab, args: string[], means: Interruption['means']) {
    this.pty = means === 'closed terminal';
    const full = means === 'full disk' ? openSync('/dev/full', 'w') : null;
    const out = full ?? 'pipe';
    const command = this.pty ? ['python3', '-c', PTY, ...DEFAULT_COMMAND] : DEFAULT_COMMAND;
    const [program = '', ...first] = command;
    this.child = spawn(program, [...first, ...args], {
      env: lab.product.environment,
      detached: true,
      stdio: ['ignore', out, full ?? 'pipe'],
    });
    if (full !== null) closeSync(full);
    this.child.stdout?.resume();
    this.child.stderr?.on('data', (text: Buffer) => (this.stderr += text.toString()));
    const timer = setTimeout(() => this.signal('SIGKILL'), DEADLINE_MS);
    this.ended = new Promise((resolve) => {
      this.child.on('exit', (code) => {
        clearTimeout(timer);
        resolve(code);
      });
    });
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  closePipes(): void {
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
  }
}

async function act(victim: Victim, means: Interruption['means'], lab: CliLab): Promise<void> {
  switch (means) {
    case 'SIGINT twice':
      for (let n = 0; n < 2; n++) victim.signal('SIGINT');
      return;
    case 'every signal':
      for (const name of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGINT'] as const) victim.signal(name);
      return;
    case 'closed pipe':
      return victim.closePipes();
    case 'closed terminal':
      return victim.signal('SIGUSR1');
    case 'full disk':
      return;
    case 'stopped beyond the lock':
      victim.signal('SIGSTOP');
      await pause(LOCK_SECONDS * 1000 + 500);
      return victim.signal('SIGCONT');
    case 'journal removed':
      for (const { id } of await lab.product.transactions())
        await rm(join(lab.stateFolder, 'journal', `${id}.journal`), { force: true });
      return;
    case 'state folder moved':
      return rename(lab.stateFolder, `${lab.stateFolder}-moved`);
    default:
      victim.signal(means);
  }
}

/**
 * Lets something happen to a process at one moment, and judges how it ends: all is as before, nothing is owed, the lock is
 * free, and the exit code says so.
 */
export async function interrupt(gateway: GatewayHarness, { work, means, moment }: Interruption): Promise<string[]> {
  const lab = await CliLab.open(gateway, { lockSeconds: LOCK_SECONDS });
  const takesBack = work === 'undo' || work === 'recover';
  try {
    if (work === 'undo') await lab.stratus(...lab.apply);
    if (work === 'recover') await killed(lab);
    const victim = new Victim(lab, argumentsOf(lab, gateway, work), means);
    let [dryRuns, writes, happened] = [0, 0, false];
    const happen = async () => {
      happened = true;
      await act(victim, means, lab);
    };
    lab.proxy.restart(({ kind }) => {
      if (kind === 'dry-run') dryRuns += 1;
      if (kind === 'write') writes += 1;
      if (moment === 'before the first write') {
        return kind === 'dry-run' && dryRuns === 1 ? { kind: 'act', act: happen } : null;
      }
      if (kind !== 'write') return null;
      // There is no undo before the command was cancelled.
      const cancel = moment === 'in the undo' && !takesBack;
      if (writes === 2) {
        return { kind: 'act', act: cancel ? async () => victim.signal(victim.pty ? 'SIGUSR2' : 'SIGTERM') : happen };
      }
      return writes === 3 && cancel ? { kind: 'act', act: happen } : null;
    });
    const code = await victim.ended;
    lab.proxy.restart();
    const problems: string[] = [];
    const fail = (text: string) => problems.push(`${text} (exit ${code}) ${victim.stderr.slice(-600)}`);
    if (!happened) fail('it did not happen');
    if (/^\s+at /m.test(victim.stderr)) fail('a stack trace');
    const expected = takesBack ? 0 : 2;
    // A lock that is lost amid an undo freezes it.
    if (code === STRANDED && means === 'stopped beyond the lock' && moment === 'in the undo') {
      if (!victim.stderr.includes('stratus recover')) fail('nothing says what to do');
    } else {
      if (code !== expected) fail(`not exit code ${expected}`);
      const changes = await lab.changes();
      if (changes.length > 0) fail(`left changed: ${changes.join('; ')}`);
      const lock = await lab.product.lock();
      if (lock.state !== 'free' || lock.holder !== '') fail(`the lock is ${lock.state}: ${lock.holder}, ${lock.phase}`);
    }
    const left = await lab.leftovers();
    // A journal that was removed stays missed.
    const owed = means === 'journal removed' ? left.filter((text) => !text.includes('no transaction')) : left;
    if (owed.length > 0) fail(owed.join('; '));
    const changes = await lab.changes();
    if (changes.length > 0) fail(`in the end left changed: ${changes.join('; ')}`);
    return problems;
  } finally {
    await lab.close();
  }
}

function argumentsOf(lab: CliLab, { instance }: GatewayHarness, work: Interruption['work']): string[] {
  if (work === 'run') return lab.apply;
  if (work === 'undo') return ['undo', '--last', '--yes'];
  if (work === 'recover') return ['recover', '--undo', '--yes'];
  const manifest = lab.apply.at(-1)!;
  return ['shell', '--namespace', lab.namespace, '--write', '--keep', '--', instance.kubectl, 'apply', '-f', manifest];
}

/** A transaction whose process died after two of its writes. */
async function killed(lab: CliLab): Promise<void> {
  const victim = new Victim(lab, lab.apply, 'SIGINT');
  let writes = 0;
  lab.proxy.restart(({ kind }) =>
    kind === 'write' && ++writes === 3 ? { kind: 'act', act: async () => victim.signal('SIGKILL') } : null,
  );
  await victim.ended;
}
