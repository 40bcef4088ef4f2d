import type { Change } from '../../../../domain/change.ts';
import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../../domain/kube-object.ts';
import { refKey, refLabel } from '../../../../domain/kube-object.ts';
import { usesClaim } from '../../../../kube/claims.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { settingTexts } from '../../../../kube/named-hosts.ts';
import { pinnedContainer } from '../../../../kube/pinned-container.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { containersOf } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { amountText } from '../../../../text/amount.ts';
import { oneLine } from '../../../../text/plain-text.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const DISK_FILLING = 'disk-filling';
/** The action that empties a log of which all is kept (docs/runbooks.md). */
const ACTION = 'truncate-log';
const CONFIDENCE = 0.45;
/** A path as the action takes it, of what is called a log. */
const LOG_FILE = /(?<![\w.:/-])\/[A-Za-z0-9._@+/-]{1,180}(?:\.log|\.out|\.err|_log)(?![\w/.-])/g;
const MOST_LOGS = 3;
const NAMED = 4;

/** Volumes and disks of nodes that fill up: who writes there, and what can be done about it. */
export function analyzeDiskFilling(context: AnalyzerContext): Finding[] {
  return fillingObjects(context).map(({ ref, reasons }) =>
    ref.kind === 'Node' ? nodeFinding(context, ref, reasons) : claimFinding(context, ref, reasons),
  );
}

/** Claims and nodes that signals or alerts about room call full or filling. */
function fillingObjects({ severity, signals }: AnalyzerContext): { ref: ObjectRef; reasons: Evidence[] }[] {
  const found = new Map<string, { ref: ObjectRef; reasons: Evidence[] }>();
  const add = (ref: ObjectRef | null | undefined, source: 'alert' | 'metric', text: string): void => {
    if (ref?.kind !== 'PersistentVolumeClaim' && ref?.kind !== 'Node') return;
    const known = found.get(refKey(ref)) ?? { ref, reasons: [] };
    known.reasons.push(evidence(source, ref, null, text));
    found.set(refKey(ref), known);
  };
  for (const { kind, level, object, message } of signals?.reading.signals ?? []) {
    if (kind === 'disk' && level !== 'forecast') add(object, 'metric', message);
  }
  // An alert about a claim is about its room; of nodes there are many others.
  for (const { source, subjects = [], message } of severity.known ? severity.items : []) {
    const claim = subjects.find(({ kind }) => kind === 'PersistentVolumeClaim');
    if (source === 'alert') add(claim, 'alert', message);
  }
  return [...found.values()].map(({ ref, reasons }) => ({
    ref,
    reasons: [...reasons, ...whenFull(ref, reasons, signals)],
  }));
}

/** When there will be no room, where only an alert tells that it runs out; also that nobody can tell. */
function whenFull(ref: ObjectRef, reasons: readonly Evidence[], signals: AnalyzerContext['signals']): Evidence[] {
  if (!signals || reasons.some(({ source }) => source === 'metric')) return [];
  const isAbout = (object: ObjectRef | null): boolean => object !== null && refKey(object) === refKey(ref);
  const { reading } = signals;
  const foretold = reading.signals.filter(
    ({ kind, level, object }) => kind === 'disk' && level === 'forecast' && isAbout(object),
  );
  if (foretold.length > 0) return foretold.map(({ message }) => evidence('metric', ref, null, message));
  const why = reading.unjudged.find(({ kind, object }) => kind === 'disk' && isAbout(object))?.reason;
  return [
    evidence(
      'metric',
      ref,
      null,
      `when it will be full is not known${why ? `: ${why}` : ', for no metric tells of its room'}`,
    ),
  ];
}

interface Mounted {
  pod: KubeObject;
  container: ContainerSpec;
  path: string;
}

function claimFinding({ view, actions }: AnalyzerContext, ref: ObjectRef, reasons: Evidence[]): Finding {
  const claim = view.find('PersistentVolumeClaim', ref.namespace, ref.name);
  const mounts = mountsOf(view, ref);
  const logs = mounts
    .flatMap((mount) => logsBelow(view, mount).map((path) => ({ ...mount, path })))
    .slice(0, MOST_LOGS);
  const action = actions.find(({ name }) => name === ACTION);
  const size: unknown = claim?.status?.capacity?.storage ?? claim?.spec?.resources?.requests?.storage;
  const fixes = action?.allowed ? emptied(logs, action.digest) : [];
  return makeFinding({
    rule: DISK_FILLING,
    severity: 'warning',
    object: ref,
    what: 'room',
    message: `The volume of ${refLabel(ref)}${size === undefined ? '' : ` (${String(size)})`} fills up: ${reasons[0]!.text}`,
    evidence: [
      ...reasons,
      ...mounts
        .slice(0, NAMED)
        .map(({ pod, container, path }) =>
          evidence(
            'sibling',
            pod,
            null,
            `container ${container.name} of Pod ${pod.metadata.name} writes below ${path}`,
          ),
        ),
    ],
    fixes,
    unfixed: options(view, ref, claim, mounts, logs, action),
  });
}

/** Containers of pods that use a claim and may write there. */
function mountsOf(view: ClusterView, claim: ObjectRef): Mounted[] {
  return view
    .all('Pod', claim.namespace)
    .filter((pod) => isLiving(pod) && usesClaim(pod, claim.name))
    .flatMap((pod) => {
      const volumes = listOf(pod.spec?.volumes)
        .filter((volume) => volume?.persistentVolumeClaim?.claimName === claim.name)
        .map((volume): unknown => volume.name);
      return containersOf(pod.spec)
        .filter(({ init }) => !init)
        .flatMap((container) =>
          listOf(container.spec?.volumeMounts)
            .filter((mount: Untyped) => volumes.includes(mount?.name) && mount.readOnly !== true)
            .map((mount: Untyped) => ({ pod, container, path: String(mount.mountPath ?? '') })),
        );
    });
}

/** Files below a mount that the settings of its container call logs. */
function logsBelow(view: ClusterView, { pod, container, path }: Mounted): string[] {
  const root = path.replace(/\/+$/, '');
  const named = settingTexts(view, view.workloadOf(pod))
    .filter((setting) => setting.container === container.name)
    .flatMap(({ text }) => [...text.slice(0, 8192).matchAll(LOG_FILE)].map(([file]) => file));
  return [...new Set(named)].filter((file) => root !== '' && file.startsWith(`${root}/`) && !file.includes('..'));
}

function emptied(logs: readonly Mounted[], digest: string): FixDraft[] {
  const changes = logs.flatMap(({ pod, container, path }): Change[] => {
    const at = pinnedContainer(pod, container.name);
    return at ? [{ type: 'action', call: { name: ACTION, digest, at, inputs: { path } } }] : [];
  });
  if (changes.length === 0) return [];
  const files = [...new Set(logs.map(({ path }) => path))].join(', ');
  return [
    {
      changes,
      expects: `${files} ${changes.length === 1 ? 'is' : 'are'} empty, and there is room again`,
      confidence: CONFIDENCE,
    },
  ];
}

function options(
  view: ClusterView,
  ref: ObjectRef,
  claim: KubeObject | undefined,
  mounts: readonly Mounted[],
  logs: readonly Mounted[],
  action: AnalyzerContext['actions'][number] | undefined,
): string {
  const [log] = logs;
  if (log && action && !action.allowed)
    return `${log.path} is a log there, and action ${ACTION} would empty it: 'stratus runbook show ${ACTION}' shows it, 'stratus runbook allow ${ACTION}' allows it`;
  const className: unknown = claim?.spec?.storageClassName;
  const storageClass = typeof className === 'string' ? view.find('StorageClass', undefined, className) : undefined;
  const grows =
    storageClass?.['allowVolumeExpansion'] === true
      ? '; the claim can be made larger, which nobody can take back'
      : '; its StorageClass lets no claim grow';
  const [first] = mounts;
  const who = first
    ? `what may go is for whoever runs ${view.workloadOf(first.pod).kind} ${view.workloadOf(first.pod).metadata.name} to say: it writes below ${first.path}`
    : `no pod that is here uses ${refLabel(ref)}`;
  return oneLine(`${who}${grows}`);
}

function nodeFinding({ view }: AnalyzerContext, ref: ObjectRef, reasons: Evidence[]): Finding {
  const writers = view
    .all('Pod')
    .filter((pod) => isLiving(pod) && pod.spec?.nodeName === ref.name)
    .flatMap((pod) => {
      const local = listOf(pod.spec?.volumes).filter(
        (each) => each?.hostPath || (each?.emptyDir && each.emptyDir.medium !== 'Memory'),
      );
      return local.length > 0 ? [{ pod, names: local.map((each): string => String(each.name)) }] : [];
    });
  const images = listOf(view.find('Node', undefined, ref.name)?.status?.images);
  const bytes = images.reduce((sum, image) => sum + (Number(image?.sizeBytes) || 0), 0);
  return makeFinding({
    rule: DISK_FILLING,
    severity: 'warning',
    object: ref,
    what: 'room',
    message: `The disk of ${refLabel(ref)} fills up: ${reasons[0]!.text}`,
    evidence: [
      ...reasons,
      ...(bytes > 0
        ? [
            evidence(
              'status',
              ref,
              'status.images',
              `${images.length} images take ${amountText(bytes, 'bytes')}; the kubelet drops unused ones by itself`,
            ),
          ]
        : []),
      ...writers
        .slice(0, NAMED)
        .map(({ pod, names }) =>
          evidence('sibling', pod, null, `Pod ${pod.metadata.name} keeps ${names.join(', ')} on the node's disk`),
        ),
    ],
    unfixed:
      'what is on the disk of a node is not told by the cluster: logs of containers, images and volumes of the pods named are where to look',
  });
}

export const diskFillingRule: Analyzer = {
  rule: DISK_FILLING,
  layer: 'symptom',
  kinds: [...PODS, 'ConfigMap', 'PersistentVolumeClaim', 'StorageClass', 'Node'],
  explains: 'Volumes and disks of nodes that will be full soon, and who writes there.',
  unfixed: 'what may be thrown away is for whoever wrote it to say',
  analyze: analyzeDiskFilling,
};
