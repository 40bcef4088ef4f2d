import type { PatchOp } from '../../../../domain/change.ts';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { isServed, lastEnd, podContainers } from '../../../../kube/container-trouble.ts';
import type { PodContainer } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { ContainerSpec } from '../../../../kube/pod-template.ts';
import { isReady } from '../../../../kube/pods.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { below, containerPatch, setField, within } from '../../clues/patches/container-patch.ts';
import { EXECUTE, mountedProgram } from '../../clues/settings/mounted-program.ts';
import type { MountedProgram } from '../../clues/settings/mounted-program.ts';
import { partFixes, patchFix } from '../../clues/former/part-fixes.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { logLines } from './logs.ts';

const MOUNTED_PROGRAM = 'mounted-program';
/** Of a volume with more files, a mount for each is no small change. */
const MOST_FILES = 8;

interface Found extends PodContainer {
  own: ContainerSpec;
  program: MountedProgram;
}

/** Containers whose program a volume hides, or gives without the right to run it. */
export async function analyzeMountedPrograms(context: AnalyzerContext): Promise<Finding[]> {
  const { view } = context;
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const seen = new Set<string>();
    for (const at of podContainers(view, workload)) {
      const { own } = at;
      if (!own || seen.has(own.name) || isReady(at.pod) || listOf(own.spec?.volumeMounts).length === 0) continue;
      const program = await programOf(context, workload, { ...at, own });
      if (!program) continue;
      seen.add(own.name);
      findings.push(findingFor(view, workload, { ...at, own, program }));
    }
  }
  return findings;
}

async function programOf(
  { view, readLog }: AnalyzerContext,
  workload: KubeObject,
  at: PodContainer & { own: ContainerSpec },
): Promise<MountedProgram | null> {
  const ended = lastEnd(at.status);
  const { waiting } = at.status?.state ?? {};
  if (!ended && !waiting?.message) return null;
  if (ended && Number(ended.exitCode ?? 0) === 0) return null;
  const spec = podTemplateOf(workload)?.spec;
  const look = (words: readonly string[]) => mountedProgram(view, workload.metadata.namespace, spec, at.own, words);
  const told = look([waiting?.message, ended?.message].filter((text) => typeof text === 'string'));
  return told ?? (ended ? look((await logLines(readLog, at, true)).slice(-20)) : null);
}

function findingFor(view: ClusterView, workload: KubeObject, { own, pod, program }: Found): Finding {
  const { what, path, line, mount, mountAt, volume, volumeAt, file } = program;
  const template = podTemplateOf(workload)!;
  const { kind, metadata } = workload;
  const field = `${template.field}.${own.place}.volumeMounts[${mountAt}]`;
  const container = `Container ${own.name} of ${kind} ${metadata.name}`;
  const place = `volume ${volume.name}, which is mounted at ${mount.mountPath},`;
  const former = partFixes(
    view,
    workload,
    (pointer) => within(own, 'volumeMounts')(pointer) || below('/volumes')(pointer),
    0.93,
    ({ podSpec }) => !isStill(view, workload, podSpec, own, line),
  );
  return makeFinding({
    rule: MOUNTED_PROGRAM,
    severity: isServed(view, workload) ? 'warning' : 'critical',
    object: workload,
    what: `${own.name}:${mount.mountPath}`,
    message: untrustedLine(
      what === 'mode'
        ? `${container} may not run ${path}: ${place} gives its files the mode ${octal(file!.mode)}, without a right to execute`
        : `${container} does not find its program ${path}: ${place} does not have it and hides what the image has there`,
      280,
    ),
    evidence: [
      evidence('log', pod, `container ${own.name}`, untrustedLine(line)),
      evidence('spec', workload, field, `mounts volume ${volume.name} at ${mount.mountPath}`),
      evidence('spec', workload, `${template.field}.volumes[${volumeAt}]`, untrustedLine(JSON.stringify(volume))),
      ...former.reasons,
    ],
    fixes: [
      ...former.fixes,
      ...(what === 'mode' ? modeFixes(view, workload, program) : subPathFixes(view, workload, own, program)),
    ],
    unfixed:
      what === 'mode'
        ? `whoever wrote volume ${volume.name} says which mode its files need`
        : `whoever wrote the mount at ${mount.mountPath} says where the volume belongs`,
  });
}

function isStill(
  view: ClusterView,
  workload: KubeObject,
  podSpec: KubeObject['spec'],
  own: ContainerSpec,
  line: string,
): boolean {
  const same = containersOf(podSpec).find(({ name, init }) => name === own.name && init === own.init);
  return !same || mountedProgram(view, workload.metadata.namespace, podSpec, same, [line]) !== null;
}

const octal = (mode: number): string => `0${mode.toString(8)}`;

/** Whoever may read a file may run it: the program gets no other right. */
function modeFixes(
  view: ClusterView,
  workload: KubeObject,
  { volume, volumeAt, file, path }: MountedProgram,
): FixDraft[] {
  const root = `${podTemplateOf(workload)!.pointer}/volumes/${volumeAt}`;
  const mode = file!.mode | ((file!.mode & 0o444) >> 2);
  if ((mode & EXECUTE) === 0) return [];
  const at = file!.modePointer.lastIndexOf('/');
  const ops: PatchOp[] = [
    { op: 'test', path: `${root}/name`, value: volume.name },
    ...setField(`${root}${file!.modePointer.slice(0, at)}`, file!.holder, file!.modePointer.slice(at + 1), mode),
  ];
  return patchFix(view, workload, ops, untrustedLine(`${path} has the mode ${octal(mode)} and is run`), 0.85);
}

/** The same files at the same places, one mount each, so that the rest of the image's directory is seen again. */
function subPathFixes(
  view: ClusterView,
  workload: KubeObject,
  own: ContainerSpec,
  { mount, mountAt, volume, files, path }: MountedProgram,
): FixDraft[] {
  if (!(volume.configMap || volume.secret) || !files || files.length === 0 || files.length > MOST_FILES) return [];
  const { root, guard } = containerPatch(workload, own);
  const now = listOf(own.spec?.volumeMounts);
  const each = files.map((file) => ({
    ...mount,
    mountPath: `${String(mount.mountPath).replace(/\/$/, '')}/${file.path}`,
    subPath: file.path,
  }));
  const ops: PatchOp[] = [
    guard,
    { op: 'test', path: `${root}/volumeMounts`, value: now },
    { op: 'replace', path: `${root}/volumeMounts`, value: now.toSpliced(mountAt, 1, ...each) },
  ];
  const expects = `${files.map((file) => file.path).join(', ')} of volume ${volume.name} lie where they did, ${path} is seen again; changes of the files reach the pods when they start anew`;
  return patchFix(view, workload, ops, untrustedLine(expects, 280), 0.7);
}

export const mountedProgramRule: Analyzer = {
  rule: MOUNTED_PROGRAM,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS],
  explains:
    'Containers whose program is hidden by a volume that is mounted over it, or lies in one without the right to run.',
  unfixed: 'whoever wrote the mount says where the volume belongs',
  analyze: analyzeMountedPrograms,
};
