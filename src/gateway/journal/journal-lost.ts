import { StratusError } from '../../domain/stratus-error.ts';

/**
 * A journal, or its folder, was taken away under the process that writes it: what is recorded there from now on would be
 * found by nobody. Nothing new may be written to the cluster; what was written is undone from memory.
 */
export class JournalLost extends StratusError {
  /** @param what happened to `path` */
  constructor(path: string, what: string) {
    super(
      'journal-unwritable',
      `${path} ${what}: leave the state folder alone while Stratus works, and start it again`,
    );
    this.name = 'JournalLost';
  }
}
