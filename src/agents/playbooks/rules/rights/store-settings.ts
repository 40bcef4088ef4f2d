import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { settingTexts } from '../../../../kube/named-hosts.ts';
import type { ContainerSpec } from '../../../../kube/pod-template.ts';
import { podTemplateOf, servingContainers } from '../../../../kube/pod-template.ts';
import { listOf } from '../../../../kube/untyped-list.ts';

const SERVER = /\b(redis|valkey|keydb)(?:-server)?\b/i;

/** What a workload's settings say about the Redis-like server that it runs, as far as they can be read. */
export interface StoreSettings {
  container: ContainerSpec;
  /** File of users that the server reads when it starts and when it is told to; null: none is named. */
  aclFile: string | null;
  /** Whether that file lies on a volume of the pod, where the container can read it. */
  mounted: boolean;
  /** Settings that name files or limits of the server were found. */
  readable: boolean;
  /** What a restart leaves of the data: `all`, or `none` because the settings say so; null: not known. */
  keeps: 'all' | 'none' | null;
}

/** Null for a workload that runs no such server. */
export function storeSettings(view: ClusterView, workload: KubeObject): StoreSettings | null {
  const template = podTemplateOf(workload);
  if (!template) return null;
  const container = servingContainers(template.spec).find(({ image, spec }) =>
    [image, ...listOf(spec?.command), ...listOf(spec?.args)].some((word) => SERVER.test(String(word))),
  );
  if (!container) return null;
  const words = [...listOf(container.spec?.command), ...listOf(container.spec?.args)].map(String);
  // `--save ""` of a command line is a line of its file.
  const flags = words
    .join('\n')
    .split(/(?:^|\n)--/)
    .slice(1)
    .map((flag) => (/^save\n?$/.test(flag) ? 'save ""' : flag.replaceAll('\n', ' ')));
  const files = settingTexts(view, workload)
    .filter((one) => one.container === container.name && one.variable === null && one.object !== workload)
    .map(({ text }) => text);
  const lines = [...files.join('\n').split('\n'), ...flags].map((line) => line.trim());
  const valueOf = (name: string) =>
    lines.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1).trim()] : [])).at(-1);
  const aclFile = valueOf('aclfile')?.replace(/^"(.*)"$/, '$1') ?? null;
  const appends = valueOf('appendonly') === 'yes';
  const saves = valueOf('save') ?? null;
  const onClaim = listOf(template.spec?.volumes).some((volume) => volume?.persistentVolumeClaim !== undefined);
  const written = appends || (saves !== null && saves !== '""');
  const none = !appends && saves === '""';
  return {
    container,
    aclFile,
    mounted: aclFile !== null && mountsOf(container).some((path) => aclFile === path || aclFile.startsWith(`${path}/`)),
    readable: aclFile !== null || saves !== null || valueOf('appendonly') !== undefined,
    keeps: none ? 'none' : written && onClaim ? 'all' : null,
  };
}

function mountsOf({ spec }: ContainerSpec): string[] {
  return listOf(spec?.volumeMounts).map((mount) => String(mount?.mountPath ?? '').replace(/\/+$/, ''));
}
