import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK = 4096;
const INODES = 400;
const FILLER = '.filler';

/** A file system of a few megabytes in memory that really gets full. */
export class SmallDisk {
  /** Its mount point. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param folder is made; null where this process may not mount */
  static mount(folder: string, megabytes: number): SmallDisk | null {
    mkdirSync(folder, { recursive: true });
    const options = `size=${megabytes}m,nr_inodes=${INODES},mode=0700`;
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'stratus-small-disk', folder], { stdio: 'pipe' });
    } catch {
      return null;
    }
    return new SmallDisk(folder);
  }

  /** Takes all space but `leaveKib`, in whole blocks of 4 KiB; what the last block of a file has left stays usable. */
  fill(leaveKib = 0): void {
    const filler = openSync(join(this.folder, FILLER), 'a');
    try {
      const block = Buffer.alloc(BLOCK);
      while (statfsSync(this.folder).bavail * BLOCK > leaveKib * 1024) writeSync(filler, block);
    } finally {
      closeSync(filler);
    }
  }

  /** Lets no further file be made, while those that are there can grow. */
  fillInodes(): void {
    const folder = `${join(this.folder, FILLER)}s`;
    mkdirSync(folder, { recursive: true });
    for (let n = 0; ; n++) {
      try {
        writeFileSync(join(folder, String(n)), '');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
        throw error;
      }
    }
  }

  /** Gives back what {@link fill} and {@link fillInodes} took. */
  free(): void {
    for (const name of readdirSync(this.folder)) {
      if (name.startsWith(FILLER)) rmSync(join(this.folder, name), { recursive: true });
    }
  }

  unmount(): void {
    execFileSync('umount', [this.folder]);
  }
}
