import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A `kubectl` to stand first on the PATH of a safe terminal. It runs the configured one, and
 * - takes the gateway's secret prefix out of what it prints (verbose output, errors, `config view`, `cluster-info`):
 *   terminals are copied from and recorded;
 * - puts the prefix before the path of `--raw`, which kubectl would send without it;
 * - shows on a terminal, in place of what would act on it, a mark: logs and objects are other people's text. What goes
 *   into files and pipes stays as it is.
 *
 * An editor that kubectl starts has the terminal itself.
 * @param address loopback address with its secret prefix
 * @param kubectl absolute path
 * @returns folder to put first on PATH; null where there is no POSIX shell to write one in
 */
export async function terminalKubectl(folder: string, address: string, kubectl: string): Promise<string | null> {
  if (process.platform === 'win32') return null;
  const prefix = address.slice(address.lastIndexOf('/') + 1);
  const programs = join(folder, 'programs');
  const [inFiles, onTerminals] = [join(folder, 'files.sed'), join(folder, 'terminals.sed')];
  const path = join(programs, 'kubectl');
  const hidden = `s,/${prefix},,g\ns,${prefix},...,g\n`;
  await mkdir(programs);
  await writeFile(inFiles, hidden);
  // Bytes: sed reads them in the C locale.
  await writeFile(onTerminals, Buffer.from(hidden + ACTING, 'latin1'));
  await writeFile(path, script({ kubectl, prefix, inFiles, onTerminals }));
  await chmod(path, 0o700);
  return programs;
}

const MARK = '\xef\xbf\xbd';

/** kubectl's own colours go; controls and what turns the order of characters round, in UTF-8, become a mark. */
const ACTING = [
  's/\x1b\\[[0-9;]*m//g',
  `s/[\x01-\x08\x0b-\x1f\x7f]/${MARK}/g`,
  `s/\xc2[\x80-\x9f]/${MARK}/g`,
  `s/\xe2\x80[\x8b-\x8f\xa8-\xae]/${MARK}/g`,
  `s/\xe2\x81[\xa0-\xaf]/${MARK}/g`,
  `s/\xd8\x9c/${MARK}/g`,
  '',
].join('\n');

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

interface Parts {
  kubectl: string;
  prefix: string;
  inFiles: string;
  onTerminals: string;
}

/** Descriptor 3 is the terminal's standard output, 5 leads to its filter, 4 carries the exit code past both. */
function script({ kubectl, prefix, inFiles, onTerminals }: Parts): string {
  return `#!/bin/sh
kubectl=${quoted(kubectl)}
unbuffered=
sed -u '' </dev/null >/dev/null 2>&1 && unbuffered=-u
hide() {
  if [ -t "$1" ]; then LC_ALL=C sed $unbuffered -f ${quoted(onTerminals)}; else LC_ALL=C sed $unbuffered -f ${quoted(inFiles)}; fi
}
config= edits= path=
for word do
  case $word in
  config) config=1 ;;
  edit | --edit | --edit=*) edits=1 ;;
  esac
done
for word do
  shift
  if [ -n "$path" ]; then
    word=/${prefix}$word path=
  elif [ -z "$config" ]; then
    case $word in
    --raw) path=1 ;;
    --raw=*) word=--raw=/${prefix}\${word#--raw=} ;;
    esac
  fi
  set -- "$@" "$word"
done
exec 3>&1
if [ -n "$edits" ]; then
  code=$( { { "$kubectl" "$@" 2>&1 >&3 3>&- 4>&-; echo $? >&4; } | hide 2 >&2; } 4>&1)
else
  code=$( { { { "$kubectl" "$@" 2>&1 >&5 3>&- 4>&- 5>&-; echo $? >&4; } | hide 2 >&2; } 5>&1 | hide 3 >&3; } 4>&1)
fi
exit "\${code:-130}"
`;
}
