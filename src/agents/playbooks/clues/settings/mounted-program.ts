import { listOf } from '../../../../kube/untyped-list.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';

/** A program that a container is to run and that lies below one of its mounts. */
export interface MountedProgram {
  /** `hidden`: the volume does not have it, what the image has there is out of sight. `mode`: it may not be run. */
  what: 'hidden' | 'mode';
  path: string;
  /** The line that names it. */
  line: string;
  mount: Untyped;
  /** Place in the container's `volumeMounts`. */
  mountAt: number;
  volume: Untyped;
  /** Place in the pod's `volumes`. */
  volumeAt: number;
  /** Files of the volume; null for a volume whose content nobody can tell. */
  files: VolumeFile[] | null;
  /** Of `mode`: the file. */
  file: VolumeFile | null;
}

export interface VolumeFile {
  /** Below the mount. */
  path: string;
  mode: number;
  /** Pointer below the volume of the field that holds the mode, and the map that has it, or would. */
  modePointer: string;
  holder: Untyped;
}

const DEFAULT_MODE = 0o644;
export const EXECUTE = 0o111;

/** How runtimes, shells and interpreters say which program they could not run; the first group is its path. */
const SAYS: readonly { pattern: RegExp; what: MountedProgram['what'] }[] = [
  { pattern: /exec: "([^"]+)": permission denied/i, what: 'mode' },
  { pattern: /exec: "([^"]+)": (?:stat \S+ )?no such file or directory/i, what: 'hidden' },
  { pattern: /(?:^|[\s:])((?:\.{0,2}\/)[^\s:'"]+): permission denied/i, what: 'mode' },
  { pattern: /(?:^|[\s:])((?:\.{0,2}\/)[^\s:'"]+): (?:not found|no such file or directory)\s*$/i, what: 'hidden' },
  { pattern: /cannot find module '(\/[^']+)'/i, what: 'hidden' },
  { pattern: /can't open file '(\/[^']+)'/i, what: 'hidden' },
  { pattern: /unable to access jarfile (\/\S+)/i, what: 'hidden' },
];

/**
 * The program that a container could not run, where a mount is the reason.
 * @param words what the runtime, the kubelet or its log says
 */
export function mountedProgram(
  view: ClusterView,
  namespace: string | undefined,
  podSpec: Untyped,
  container: ContainerSpec,
  words: readonly string[],
): MountedProgram | null {
  for (const line of words.flatMap((text) => text.split('\n'))) {
    for (const { pattern, what } of SAYS) {
      const said = pattern.exec(line)?.[1];
      const path = said === undefined ? null : absolute(said, container.spec?.workingDir);
      const found = path === null ? null : mountOver(view, namespace, podSpec, container, path);
      if (!found) continue;
      const below = path!.slice(String(found.mount.mountPath).replace(/\/$/, '').length + 1);
      const own = found.mount.subPath ? String(found.mount.subPath) : below;
      const file = found.files?.find((each) => each.path === own) ?? null;
      if (what === 'mode' && file && (file.mode & EXECUTE) === 0) return { what, path: path!, line, ...found, file };
      if (what === 'hidden' && !file && isHiding(podSpec, found)) return { what, path: path!, line, ...found, file };
    }
  }
  return null;
}

function absolute(path: string, workingDir: unknown): string | null {
  if (path.startsWith('/')) return path;
  if (typeof workingDir !== 'string' || path.startsWith('../')) return null;
  return `${workingDir.replace(/\/$/, '')}/${path.replace(/^\.\//, '')}`;
}

type Over = Pick<MountedProgram, 'mount' | 'mountAt' | 'volume' | 'volumeAt' | 'files'>;

/** The innermost mount over a path. */
function mountOver(
  view: ClusterView,
  namespace: string | undefined,
  podSpec: Untyped,
  container: ContainerSpec,
  path: string,
): Over | null {
  const mounts = listOf(container.spec?.volumeMounts);
  const over = mounts
    .map((mount, mountAt) => ({ mount, mountAt, root: String(mount?.mountPath ?? '').replace(/\/$/, '') }))
    .filter(({ root, mount }) => root !== '' && (path.startsWith(`${root}/`) || (mount.subPath && path === root)))
    .sort((a, b) => b.root.length - a.root.length)[0];
  if (!over) return null;
  const volumes = listOf(podSpec?.volumes);
  const volumeAt = volumes.findIndex((volume) => volume?.name === over.mount.name);
  const volume = volumes[volumeAt];
  if (!volume) return null;
  const { mount, mountAt } = over;
  return { mount, mountAt, volume, volumeAt, files: filesOf(view, namespace, volume) };
}

/** Without a word of what is in it, or with somebody who fills it before, the volume may have had the program. */
function isHiding(podSpec: Untyped, { mount, volume, files }: Over): boolean {
  if (mount.subPath || mount.subPathExpr || files === null) return false;
  const filled = listOf(podSpec?.initContainers).some((init) =>
    listOf(init?.volumeMounts).some((each) => each?.name === volume.name),
  );
  return !(volume.emptyDir && filled);
}

function filesOf(view: ClusterView, namespace: string | undefined, volume: Untyped): VolumeFile[] | null {
  if (volume.emptyDir) return [];
  if (volume.configMap)
    return sourceFiles(view, namespace, 'ConfigMap', volume.configMap.name, volume.configMap, '/configMap');
  if (volume.secret) return sourceFiles(view, namespace, 'Secret', volume.secret.secretName, volume.secret, '/secret');
  if (!volume.projected) return null;
  const files: VolumeFile[] = [];
  for (const [index, source] of listOf(volume.projected.sources).entries()) {
    const [kind, from] = source?.configMap ? ['ConfigMap', 'configMap'] : ['Secret', 'secret'];
    const part = source?.[from];
    // Tokens and fields of the pod are no programs.
    if (!part) continue;
    const below = `/projected/sources/${index}/${from}`;
    const defaults = { ...part, defaultMode: volume.projected.defaultMode };
    const own = sourceFiles(view, namespace, kind!, part.name, defaults, below);
    if (!own) return null;
    files.push(
      ...own.map((file) =>
        file.modePointer.endsWith('/defaultMode')
          ? { ...file, modePointer: '/projected/defaultMode', holder: volume.projected }
          : file,
      ),
    );
  }
  return files;
}

function sourceFiles(
  view: ClusterView,
  namespace: string | undefined,
  kind: string,
  name: unknown,
  source: Untyped,
  pointer: string,
): VolumeFile[] | null {
  const common = Number(source?.defaultMode ?? DEFAULT_MODE);
  const items = listOf(source?.items);
  if (items.length > 0)
    return items.map((item, index) => ({
      path: String(item?.path ?? ''),
      mode: Number(item?.mode ?? common),
      ...(item?.mode === undefined
        ? { modePointer: `${pointer}/defaultMode`, holder: source }
        : { modePointer: `${pointer}/items/${index}/mode`, holder: item }),
    }));
  const object = view.find(kind, namespace, String(name ?? ''));
  if (!object) return null;
  const keys = ['data', 'binaryData'].flatMap((field) => Object.keys((object[field] ?? {}) as Record<string, unknown>));
  return keys.map((path) => ({ path, mode: common, modePointer: `${pointer}/defaultMode`, holder: source }));
}
