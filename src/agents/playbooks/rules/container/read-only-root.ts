import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { isServed } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { READ_ONLY, deniedPaths, isInside, mayHoldEmptyVolume, parentOf } from './denied-paths.ts';
import type { DeniedPath } from './denied-paths.ts';
import { saying } from './logs.ts';
import type { Saying } from './logs.ts';
import { partFixes, patchFix } from '../../clues/former/part-fixes.ts';
import { containerPatch, within } from '../../clues/patches/container-patch.ts';

const READ_ONLY_ROOT = 'read-only-root';

/** Volumes that one fix adds. */
const MAX_VOLUMES = 4;

/** Programs that want to write where a read-only root file system, or a read-only mount, does not let them. */
export async function analyzeReadOnlyRoots(context: AnalyzerContext): Promise<Finding[]> {
  const { view } = context;
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    for (const said of await saying(context, workload, READ_ONLY, isReadOnly)) {
      findings.push(findingFor(view, workload, said));
    }
  }
  return findings;
}

function isReadOnly(container: Untyped): boolean {
  return (
    container?.securityContext?.readOnlyRootFilesystem === true ||
    mountsOf(container).some((mount) => mount?.readOnly === true)
  );
}

function mountsOf(container: Untyped): Untyped[] {
  return Array.isArray(container?.volumeMounts) ? container.volumeMounts : [];
}

function findingFor(view: ClusterView, workload: KubeObject, said: Saying): Finding {
  const { own, pod, lines } = said;
  const template = podTemplateOf(workload)!;
  const paths = deniedPaths(lines, READ_ONLY);
  const inMount = paths.filter(({ path }) =>
    mountsOf(own.spec).some((mount) => isInside(path, String(mount?.mountPath))),
  );
  const place = `${template.field}.${own.place}`;
  const mounts = partFixes(
    view,
    workload,
    (pointer) => within(own, 'volumeMounts')(pointer) || /^\/volumes(\/|$)/.test(pointer),
    0.95,
  );
  const onlyRoot = inMount.length === 0 && own.spec?.securityContext?.readOnlyRootFilesystem === true;
  const shown = paths.slice(0, 3).map(({ path }) => untrustedLine(path, 100));
  const where = shown.length > 0 ? ` to ${shown.join(', ')}` : '';
  const cause = onlyRoot
    ? 'its root file system is read-only (securityContext.readOnlyRootFilesystem)'
    : 'the volume there is mounted read-only';
  return makeFinding({
    rule: READ_ONLY_ROOT,
    severity: isServed(view, workload) ? 'warning' : 'critical',
    object: workload,
    what: own.name,
    message: `Container ${own.name} of ${workload.kind} ${workload.metadata.name} cannot write${where}: ${cause}${onlyRoot ? ' and no writable volume is mounted there' : ''}`,
    evidence: [
      ...(onlyRoot
        ? [
            evidence(
              'spec',
              workload,
              `${place}.securityContext.readOnlyRootFilesystem`,
              'the root file system is read-only',
            ),
          ]
        : []),
      ...lines
        .filter((line) => READ_ONLY.test(line))
        .slice(-3)
        .map((line) => evidence('log', pod, `log of container ${own.name}`, untrustedLine(line))),
      ...mounts.reasons,
    ],
    fixes: [...mounts.fixes, ...(onlyRoot ? emptyVolumes(view, workload, own, paths) : [])],
    unfixed:
      'the log does not name a directory in which an empty volume would hide nothing: whoever knows the program must say where it writes',
  });
}

/** An empty volume keeps the hardening: right where the program wants to write, else one directory up. */
function emptyVolumes(view: ClusterView, workload: KubeObject, own: ContainerSpec, paths: DeniedPath[]): FixDraft[] {
  const near = paths.map(({ path, makes }) => (makes ? path : parentOf(path)));
  const up = near.map(parentOf);
  return [...volumesAt(view, workload, own, near, 0.85), ...volumesAt(view, workload, own, up, 0.5)];
}

function volumesAt(
  view: ClusterView,
  workload: KubeObject,
  own: ContainerSpec,
  wanted: string[],
  confidence: number,
): FixDraft[] {
  const mounted = mountsOf(own.spec).map((mount) => String(mount?.mountPath));
  if (wanted.length === 0 || wanted.some((directory) => !mayHoldEmptyVolume(directory))) return [];
  if (wanted.some((directory) => runsFrom(own.spec, directory) || mounted.some((mount) => isInside(mount, directory))))
    return [];
  const outermost = [...new Set(wanted)].filter(
    (directory) => !wanted.some((other) => other !== directory && isInside(directory, other)),
  );
  const directories = outermost.slice(0, MAX_VOLUMES);
  const template = podTemplateOf(workload)!;
  const volumes: Untyped[] = Array.isArray(template.spec?.volumes) ? template.spec.volumes : [];
  const taken = new Set(volumes.map((volume) => String(volume?.name)));
  const added = directories.map((mountPath) => ({ mountPath, name: volumeName(mountPath, taken) }));
  const { root, guard } = containerPatch(workload, own);
  const ops: PatchOp[] = [
    guard,
    { op: 'test', path: `${root}/securityContext/readOnlyRootFilesystem`, value: true },
    ...appended(
      `${template.pointer}/volumes`,
      template.spec?.volumes,
      added.map(({ name }) => ({ name, emptyDir: {} })),
    ),
    ...appended(
      `${root}/volumeMounts`,
      own.spec?.volumeMounts,
      added.map(({ name, mountPath }) => ({ name, mountPath })),
    ),
  ];
  const expects = `container ${own.name} writes to an empty volume at ${directories.join(', ')}; its root file system stays read-only`;
  return patchFix(view, workload, ops, expects, confidence);
}

function appended(path: string, list: unknown, items: object[]): PatchOp[] {
  if (!Array.isArray(list)) return [{ op: 'add', path, value: items }];
  return items.map((value) => ({ op: 'add', path: `${path}/-`, value }));
}

/** The program itself, or its working directory, lies there. */
function runsFrom(container: Untyped, directory: string): boolean {
  const words = [container?.command?.[0], container?.workingDir].map((word) => String(word ?? ''));
  return words.some((word) => word.startsWith('/') && isInside(word, directory));
}

function volumeName(path: string, taken: Set<string>): string {
  const base = `writable-${path.slice(1)}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 55)
    .replace(/-+$/, '');
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  taken.add(name);
  return name;
}

export const readOnlyRootRule: Analyzer = {
  rule: READ_ONLY_ROOT,
  layer: 'template',
  kinds: [...PODS, 'Event', ...REVISIONS],
  explains: 'Programs that want to write where their file system is read-only.',
  unfixed: 'the log does not name a directory in which an empty volume would hide nothing',
  analyze: analyzeReadOnlyRoots,
};
