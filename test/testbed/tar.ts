/** One member of an archive. `data` and `link` exclude each other; neither means an empty file, or a folder. */
export interface TarEntry {
  /** Path inside the archive, without a leading slash. A trailing slash makes it a folder. */
  readonly name: string;
  readonly data?: Uint8Array;
  /** Target of a symbolic link. */
  readonly link?: string;
  /** Permission bits; 0644 for files and 0755 for folders when left out. */
  readonly mode?: number;
  /** Owner; root when left out. */
  readonly uid?: number;
  readonly gid?: number;
}

const BLOCK = 512;
/** Largest number that fits eleven octal digits. */
const MAX_SIZE = 0o77777777777;

/**
 * A POSIX ustar archive. Time stamps are zero, so that equal entries give equal bytes.
 * Throws for a path that ustar cannot hold (name over 100 bytes that no slash splits, link over 100 bytes).
 */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const data = entry.data ?? new Uint8Array();
    parts.push(header(entry, data.byteLength), Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    const rest = data.byteLength % BLOCK;
    if (rest > 0) parts.push(Buffer.alloc(BLOCK - rest));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

function header(entry: TarEntry, size: number): Buffer {
  if (size > MAX_SIZE) throw new RangeError(`${entry.name} is too large for a tar archive`);
  const folder = entry.name.endsWith('/');
  const block = Buffer.alloc(BLOCK);
  const { prefix, name } = splitName(entry.name);
  block.write(name, 0);
  octal(block, 100, 8, entry.mode ?? (folder ? 0o755 : 0o644));
  octal(block, 108, 8, entry.uid ?? 0);
  octal(block, 116, 8, entry.gid ?? 0);
  octal(block, 124, 12, size);
  octal(block, 136, 12, 0);
  block.write(' '.repeat(8), 148);
  block.write(entry.link !== undefined ? '2' : folder ? '5' : '0', 156);
  if (entry.link !== undefined) {
    if (Buffer.byteLength(entry.link) > 100) throw new RangeError(`link target of ${entry.name} is too long for tar`);
    block.write(entry.link, 157);
  }
  block.write('ustar\u000000', 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148);
  return block;
}

function octal(block: Buffer, offset: number, width: number, value: number): void {
  block.write(`${value.toString(8).padStart(width - 1, '0')}\u0000`, offset);
}

function splitName(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path };
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const prefix = path.slice(0, slash);
    const name = path.slice(slash + 1);
    if (name && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { prefix, name };
  }
  throw new RangeError(`${path} is too long for a tar archive`);
}
