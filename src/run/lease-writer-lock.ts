import type { FenceChange } from '../cluster/lock/fence-installer.ts';
import { messageOf } from '../domain/cluster-error.ts';
import type { Target } from '../domain/target.ts';
import { abandonedClaims } from '../gateway/disk/lock-claims.ts';
import type { LockStatus, WriterLock } from './writer-lock.ts';
import type { Sessions } from './sessions.ts';

export class LeaseWriterLock implements WriterLock {
  readonly #stateFolder: string;
  readonly #sessions: Sessions;

  constructor(stateFolder: string, sessions: Sessions) {
    this.#stateFolder = stateFolder;
    this.#sessions = sessions;
  }

  async status(target: Target): Promise<LockStatus> {
    return (await this.#sessions.of(target)).writer.lockStatus();
  }

  async break(target: Target): Promise<void> {
    await (await this.#sessions.of(target)).writer.breakLock();
  }

  async fence(target: Target, goal: 'install' | 'uninstall', apply: boolean): Promise<FenceChange[]> {
    return (await this.#sessions.of(target)).writer.fence(goal, apply);
  }

  async freeLeft(): Promise<string[]> {
    // A process leaves one claim for each namespace it worked in, and a cluster has one lock.
    const said = new Set<string>();
    for (const { target, forget } of await abandonedClaims(this.#stateFolder)) {
      try {
        const { writer } = await this.#sessions.ofPinned(target, 'a process of this machine ended');
        if (await writer.freeLeftLock()) said.add(`the writer lock left on ${target.context} was freed`);
        await forget();
      } catch (error) {
        said.add(`whether a writer lock was left on ${target.context} is not known: ${messageOf(error)}`);
      }
    }
    return [...said];
  }
}
