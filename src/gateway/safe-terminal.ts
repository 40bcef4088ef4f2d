import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubeconfigFor } from './kubectl.ts';
import { Loopback } from './loopback.ts';
import type { Handler } from './messages.ts';
import { makePrivateFolder, removeLeftovers } from './private-folder.ts';

/** A kubeconfig that leads to one gateway mode and nowhere else, for any program of the engineer's. */
export class SafeTerminal {
  /** Path of the kubeconfig, readable by this user only. It holds no credential, and is worth nothing after `close`. */
  readonly kubeconfig: string;
  private readonly folder: string;
  private readonly loopback: Loopback;

  private constructor(folder: string, kubeconfig: string, loopback: Loopback) {
    this.folder = folder;
    this.kubeconfig = kubeconfig;
    this.loopback = loopback;
  }

  /** @param onUpgrade hears of refused exec, attach and port-forward */
  static async open(
    handler: Handler,
    onUpgrade: (method: string, path: string) => void,
    { context, namespace }: { context: string; namespace: string },
  ): Promise<SafeTerminal> {
    void removeLeftovers();
    const folder = await makePrivateFolder();
    const loopback = await Loopback.open(handler, onUpgrade);
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, kubeconfigFor(loopback.url, namespace, context), { mode: 0o600 });
    return new SafeTerminal(folder, kubeconfig, loopback);
  }

  async close(): Promise<void> {
    await this.loopback.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * Runs a program in this very terminal until it ends. Ctrl-C is for it, not for us; when we are told to end, so is it.
 * @returns its exit code, 128 + number of the signal that ended it
 * @throws Error when it cannot be started
 */
export function runHere(program: string, argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { env, stdio: 'inherit' });
    const ignore = () => undefined;
    const pass = () => void child.kill('SIGHUP');
    process.on('SIGINT', ignore).on('SIGQUIT', ignore).on('SIGTERM', pass).on('SIGHUP', pass);
    const done = () => process.off('SIGINT', ignore).off('SIGQUIT', ignore).off('SIGTERM', pass).off('SIGHUP', pass);
    child.on('error', (error) => {
      done();
      reject(new Error(`${program} could not be started: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      done();
      resolve(code ?? (signal === 'SIGHUP' ? 129 : signal === 'SIGKILL' ? 137 : 143));
    });
  });
}
