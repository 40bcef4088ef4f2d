import { StratusError } from '../../domain/stratus-error.ts';

/** A record could not be made durable (disk full, read-only); what should have followed it must not happen. */
export class JournalUnwritable extends StratusError {
  /** @param what at `path` is meant; default: the journal */
  constructor(path: string, error: unknown, what = 'journal') {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const why = WHY_UNWRITABLE[code] ?? message;
    super(
      'journal-unwritable',
      `the ${what} ${path} cannot be written (${why}): free space or make it writable, then try again`,
    );
    this.name = 'JournalUnwritable';
    this.cause = error;
  }
}

const WHY_UNWRITABLE: Record<string, string> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file may not grow any further',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};
