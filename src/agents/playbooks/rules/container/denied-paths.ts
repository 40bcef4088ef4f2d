/** A path that a program said it could not write, and what it wanted there. */
export interface DeniedPath {
  path: string;
  /** It wanted to make a directory of this name. */
  makes: boolean;
  line: string;
}

export const READ_ONLY = /read-only file ?system|\bEROFS\b|errno 30\b/i;
export const NOT_PERMITTED = /permission denied|\bEACCES\b|operation not permitted|\bEPERM\b|access denied|errno 13\b/i;

/** Absolute, of plain characters, after a quote, blank, bracket or colon. */
const PATH = /(?:^|["'`‘“\s([=:])(\/[\w.@+-]+(?:\/[\w.@+-]+)*)\/?/g;
const MAKES = /mkdir|create (?:the )?dir|creat\w* directory|MkdirAll|makedirs|Files\.createDirector/i;
/** Where programs are and where their log lines say they come from, not where they write. */
const PROGRAMS =
  /^\/(?:bin|sbin|lib|lib64|usr|proc|sys|dev)(?:\/|$)|\.(?:sh|py|js|mjs|rb|pl|php|jar|so)$|^\/docker-entrypoint/;

/** Paths in the lines of a log that tell of such an error. */
export function deniedPaths(lines: string[], error: RegExp): DeniedPath[] {
  const found = new Map<string, DeniedPath>();
  for (const line of lines) {
    const at = error.exec(line)?.index;
    if (at === undefined) continue;
    const paths = [...line.matchAll(PATH)].map((match) => ({ path: match[1]!, from: match.index }));
    const fitting = paths.filter(({ path }) => !PROGRAMS.test(path) && !path.split('/').includes('..'));
    // The path stands right before the error's text, or else after it.
    const pick = fitting.filter(({ from }) => from < at).at(-1) ?? fitting[0];
    if (pick && !found.has(pick.path)) found.set(pick.path, { path: pick.path, makes: MAKES.test(line), line });
  }
  return [...found.values()];
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** Directories that an image fills: an empty volume there would hide what the program needs. */
const FILLED = new Set([
  '/', '/bin', '/sbin', '/lib', '/lib64', '/usr', '/usr/local', '/etc', '/proc', '/sys', '/dev', '/var', '/var/lib', '/home',
  '/root', '/opt', '/srv', '/mnt', '/media', '/app', '/boot',
]); // prettier-ignore

export function mayHoldEmptyVolume(directory: string): boolean {
  return (
    directory.startsWith('/') &&
    !FILLED.has(directory) &&
    !/^\/(?:bin|sbin|lib|lib64|usr|etc|proc|sys|dev)\//.test(directory)
  );
}

export function isInside(path: string, directory: string): boolean {
  const base = directory.replace(/\/+$/, '');
  return path === base || path.startsWith(`${base}/`);
}
