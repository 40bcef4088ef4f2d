import { accessSync, constants, statSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/**
 * A `kubectl` to stand first on the PATH of a terminal: it runs the one that stood there and takes the gateway's secret
 * prefix out of what that one says about its address (verbose output, errors, `config view`). Terminals are copied from
 * and recorded. Standard output of other commands and standard input stay the terminal itself.
 * @param address loopback address with its secret prefix
 * @returns folder to put first on PATH; null where there is no kubectl on it, or no POSIX shell to write one in
 */
export async function quietKubectl(folder: string, address: string): Promise<string | null> {
  const kubectl = process.platform === 'win32' ? null : onPath('kubectl');
  if (!kubectl) return null;
  const programs = join(folder, 'programs');
  const path = join(programs, 'kubectl');
  await mkdir(programs);
  await writeFile(path, script(kubectl, address.slice(address.lastIndexOf('/') + 1)));
  await chmod(path, 0o700);
  return programs;
}

function onPath(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (folder !== '' && statSync(path).isFile()) return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/** Descriptor 3 is the terminal's standard output, 4 carries the exit code past the filter. */
function script(kubectl: string, prefix: string): string {
  return `#!/bin/sh
hide() { sed $unbuffered -e 's,/${prefix},,g' -e 's,${prefix},…,g'; }
unbuffered=
sed -u '' </dev/null >/dev/null 2>&1 && unbuffered=-u
kubectl=${quoted(kubectl)}
exec 3>&1
case $1 in
config) code=$( { { "$kubectl" "$@" 2>&1 3>&- 4>&-; echo $? >&4; } | hide >&3; } 4>&1) ;;
*) code=$( { { "$kubectl" "$@" 2>&1 >&3 3>&- 4>&-; echo $? >&4; } | hide >&2; } 4>&1) ;;
esac
exit "\${code:-130}"
`;
}
