import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { kubeconfigFor } from './kubectl.ts';
import { terminalKubectl } from './terminal-kubectl.ts';
import { Loopback } from '../wire/loopback.ts';
import type { Handler } from '../wire/messages.ts';
import { makePrivateFolder, removeLeftovers } from '../disk/private-folder.ts';

/** A kubeconfig that leads to one gateway mode and nowhere else, for any program of the engineer's. */
export class SafeTerminal {
  /** Path of the kubeconfig, readable by this user only. It holds no credential, and is worth nothing after `close`. */
  readonly kubeconfig: string;
  /** Folder of programs that go before those on PATH; null when there are none. */
  readonly programs: string | null;
  readonly #folder: string;
  readonly #loopback: Loopback;

  private constructor(folder: string, kubeconfig: string, programs: string | null, loopback: Loopback) {
    this.#folder = folder;
    this.kubeconfig = kubeconfig;
    this.programs = programs;
    this.#loopback = loopback;
  }

  /**
   * @param onUpgrade hears of refused exec, attach and port-forward
   * @param kubectl the one that `kubectl` means in the terminal; null: whatever is on PATH
   */
  static async open(
    handler: Handler,
    onUpgrade: (method: string, path: string) => void,
    { context, namespace }: { context: string; namespace: string },
    kubectl: string | null,
  ): Promise<SafeTerminal> {
    void removeLeftovers();
    const folder = await makePrivateFolder();
    const loopback = await Loopback.open(handler, onUpgrade);
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, kubeconfigFor(loopback.url, namespace, context), { mode: 0o600 });
    return new SafeTerminal(
      folder,
      kubeconfig,
      kubectl && (await terminalKubectl(folder, loopback.url, kubectl)),
      loopback,
    );
  }

  async close(): Promise<void> {
    await this.#loopback.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A program that has this very terminal. */
export interface ProgramHere {
  /** @throws Error when it could not be started */
  ended: Promise<{
    /** 128 + number of the signal that ended it, as a shell says it. */
    code: number;
    bySignal: boolean;
  }>;
  signal(name: NodeJS.Signals): void;
  /** Tells it that its terminal is gone; one that does not end then is killed. */
  hangUp(): void;
}

const HANG_UP_GRACE_MS = 5_000;

/** Starts a program in this terminal. Its signals are the caller's business: what the terminal sends reaches both. */
export function startHere(program: string, argv: string[], env: NodeJS.ProcessEnv): ProgramHere {
  const child = spawn(program, argv, { env, stdio: 'inherit' });
  let forced: NodeJS.Timeout | undefined;
  const ended = new Promise<{ code: number; bySignal: boolean }>((resolve, reject) => {
    child.on('error', (error) => {
      clearTimeout(forced);
      const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such program' : error.message;
      reject(new Error(`${program} could not be started: ${why}`));
    });
    child.on('close', (code, signal) => {
      clearTimeout(forced);
      resolve({ code: code ?? 128 + (constants.signals[signal!] ?? 0), bySignal: code === null });
    });
  });
  return {
    ended,
    signal: (name) => void child.kill(name),
    hangUp: () => {
      child.kill('SIGHUP');
      // Of a program that was stopped: it would never hear of it.
      if (process.platform !== 'win32') child.kill('SIGCONT');
      forced ??= setTimeout(() => child.kill('SIGKILL'), HANG_UP_GRACE_MS);
    },
  };
}
