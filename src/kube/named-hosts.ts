import { listOf } from './untyped-list.ts';
import type { KubeObject } from '../domain/kube-object.ts';
import { pointerToken } from '../json/stable-json.ts';
import type { ClusterView } from './cluster-view.ts';
import type { ContainerSpec, Untyped } from './pod-template.ts';
import { containersOf, podTemplateOf } from './pod-template.ts';
import { desiredReplicas } from './pods.ts';

/** A text of a workload's settings: part of its template, or an entry of a ConfigMap that it uses. */
export interface SettingText {
  text: string;
  /** The workload, or the ConfigMap. */
  object: KubeObject;
  field: string;
  /** RFC 6901 pointer of the text in that object. */
  pointer: string;
  container: string;
  /** Environment variable that carries it; null for arguments and files. */
  variable: string | null;
  init: boolean;
}

/** A host that a workload's settings name. */
export interface NamedHost extends SettingText {
  /** Workload that asks. */
  from: KubeObject;
  /** Lower case, as written: a name, or a name with its namespace and more. */
  host: string;
  port: number | null;
  /** Place of the host in the text. */
  at: number;
  /** What stands before and around it makes it an address; else it is a mere word that may be one. */
  address: boolean;
}

const HOST = /(?<![A-Za-z0-9._${-])([a-z](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*)(?::(\d{1,5}))?(?![A-Za-z0-9_-])/g;
/** Longest part of a text that is searched. */
const SEARCHED = 8192;

const known = new WeakMap<ClusterView, NamedHost[]>();

/** Every host that the settings of workloads name which are meant to run. */
export function namedHosts(view: ClusterView): NamedHost[] {
  let list = known.get(view);
  if (!list) {
    list = view.workloads().flatMap((from) => {
      if (desiredReplicas(from) === 0 || from.metadata.deletionTimestamp) return [];
      return settingTexts(view, from).flatMap((setting) => hostsIn(setting).map((host) => ({ ...host, from })));
    });
    known.set(view, list);
  }
  return list;
}

function hostsIn(setting: SettingText): Omit<NamedHost, 'from'>[] {
  const text = setting.text.slice(0, SEARCHED);
  return [...text.matchAll(HOST)].map((match) => {
    const host = match[1]!;
    const port = match[2] ? Number(match[2]) : null;
    const address = port !== null || text.trim() === host || /(?:\/\/|@)$/.test(text.slice(0, match.index));
    return { ...setting, host, port, at: match.index, address };
  });
}

/**
 * The setting is an address and nothing else, for a program that resolves names as the cluster does. A text that merely
 * holds one may be a remark, or tell of what is switched off.
 */
export function isCall({ host, port, text, from, variable }: NamedHost): boolean {
  // `postgres:16` is an image as well.
  if (port === null || /IMAGE|VERSION|TAG/i.test(variable ?? '')) return false;
  if (!/^\s*(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^@/\s]*@)?[^@/\s,;]+(?:\/\S*)?\s*$/i.test(text)) return false;
  const spec = podTemplateOf(from)?.spec;
  const aliases = listOf(spec?.hostAliases).flatMap((each) => listOf(each?.hostnames));
  return text.includes(`${host}:${port}`) && spec?.dnsPolicy !== 'None' && !aliases.includes(host);
}

/** What a workload's containers are told: variables, commands, those of hooks and probes, and the entries of ConfigMaps that they take or mount. */
export function settingTexts(view: ClusterView, workload: KubeObject): SettingText[] {
  const template = podTemplateOf(workload);
  if (!template) return [];
  const { namespace } = workload.metadata;
  return containersOf(template.spec).flatMap((container) => {
    const own = (text: unknown, place: string, pointer: string, variable: string | null): SettingText[] =>
      typeof text === 'string'
        ? [
            {
              text,
              object: workload,
              field: `${template.field}.${container.place}.${place}`,
              pointer: `${template.pointer}${container.pointer}/${pointer}`,
              container: container.name,
              variable,
              init: container.init,
            },
          ]
        : [];
    const entry = (name: unknown, key: string, variable: string | null): SettingText[] => {
      const map = typeof name === 'string' ? view.find('ConfigMap', namespace, name) : undefined;
      const text: unknown = map?.['data']?.[key];
      if (!map || typeof text !== 'string') return [];
      const at = { field: `data["${key}"]`, pointer: `/data/${pointerToken(key)}` };
      return [{ text, object: map, ...at, container: container.name, variable, init: container.init }];
    };
    const whole = (name: unknown, asVariables: boolean): SettingText[] =>
      keysOfMap(view, namespace, name).flatMap((key) => entry(name, key, asVariables ? key : null));
    return [
      ...listOf(container.spec?.env).flatMap((variable, index) => [
        ...own(variable?.value, `env[${index}]`, `env/${index}/value`, String(variable?.name ?? '')),
        ...entry(
          variable?.valueFrom?.configMapKeyRef?.name,
          String(variable?.valueFrom?.configMapKeyRef?.key ?? ''),
          String(variable?.name ?? ''),
        ),
      ]),
      ...listOf(container.spec?.envFrom).flatMap((source) => whole(source?.configMapRef?.name, true)),
      ...(['command', 'args'] as const).flatMap((list) =>
        listOf(container.spec?.[list]).flatMap((word, index) =>
          own(word, `${list}[${index}]`, `${list}/${index}`, null),
        ),
      ),
      ...HOOKS.flatMap((hook) =>
        listOf(at(container.spec, hook)?.exec?.command).flatMap((word, index) =>
          own(word, `${hook.join('.')}.exec.command[${index}]`, `${hook.join('/')}/exec/command/${index}`, null),
        ),
      ),
      ...mountedMaps(template.spec, container).flatMap(({ name, keys }) =>
        keys ? keys.flatMap((key) => entry(name, key, null)) : whole(name, false),
      ),
    ];
  });
}

/** Where a container is told what to run beside its program. */
const HOOKS = [
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
  ['startupProbe'],
  ['readinessProbe'],
  ['livenessProbe'],
];

function at(value: Untyped, path: readonly string[]): Untyped {
  return path.reduce<Untyped>((below, key) => below?.[key], value);
}

/** ConfigMaps that a container mounts; `keys` null: all of them. */
function mountedMaps(podSpec: Untyped, container: ContainerSpec): { name: string; keys: string[] | null }[] {
  return listOf(container.spec?.volumeMounts).flatMap((mount) => {
    const volume = listOf(podSpec?.volumes).find((each) => each?.name === mount?.name);
    const projected = listOf(volume?.projected?.sources).map((source) => source?.configMap);
    return [volume?.configMap, ...projected].flatMap((source) => {
      if (typeof source?.name !== 'string') return [];
      const items = listOf(source.items);
      const keys = items.length > 0 ? items.map((item) => String(item?.key ?? '')) : null;
      const file = String(mount?.subPath ?? '');
      if (file === '' || file.includes('/')) return [{ name: source.name, keys }];
      const item = items.find((each) => each?.path === file);
      return [{ name: source.name, keys: [String(item?.key ?? file)] }];
    });
  });
}

function keysOfMap(view: ClusterView, namespace: string | undefined, name: unknown): string[] {
  const map = typeof name === 'string' ? view.find('ConfigMap', namespace, name) : undefined;
  return Object.keys((map?.['data'] ?? {}) as Record<string, string>).sort();
}

/** The Service that a host means to a program in `namespace`. */
export interface MeantService {
  name: string;
  namespace: string;
  /** The namespace is written, not taken from where the program runs. */
  qualified: boolean;
}

/**
 * The Service that a host would be in a cluster's DNS: `name`, `name.namespace`, `name.namespace.svc…`, and the same
 * behind a pod's own name (`pod.name…`). Null for a name that may well be one outside the cluster.
 * Source: kubernetes.io, "DNS for Services and Pods".
 */
export function serviceMeant(view: ClusterView, host: string, namespace: string | undefined): MeantService | null {
  const labels = host.replace(/\.$/, '').split('.');
  const svc = labels.indexOf('svc');
  if (svc >= 2) return { name: labels[svc - 2]!, namespace: labels[svc - 1]!, qualified: true };
  if (!namespace || svc >= 0) return null;
  if (labels.length === 1) return { name: labels[0]!, namespace, qualified: false };
  const isNamespace = (label: string) => view.inScope(label) || view.find('Namespace', undefined, label) !== undefined;
  if (labels.length === 2 && isNamespace(labels[1]!))
    return { name: labels[0]!, namespace: labels[1]!, qualified: true };
  if (labels.length === 3 && isNamespace(labels[2]!) && isPeer(view, labels[0]!, labels[2]!))
    return { name: labels[1]!, namespace: labels[2]!, qualified: true };
  if (labels.length === 2 && isPeer(view, labels[0]!, namespace))
    return { name: labels[1]!, namespace, qualified: false };
  return null;
}

/** `web-0`: the name of a StatefulSet's replica. */
function isPeer(view: ClusterView, label: string, namespace: string): boolean {
  const set = /^(.+)-\d+$/.exec(label)?.[1];
  return set !== undefined && view.find('StatefulSet', namespace, set) !== undefined;
}
