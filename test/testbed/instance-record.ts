import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stateFolder, stateHome } from './paths.ts';
import { isRunning, type ProcessRecord } from './processes.ts';
import { slotNetwork, type SlotNetwork, type SlotPorts } from './slots.ts';

export type NodeKind = 'real' | 'simulated';

/**
 * Which servers of telemetry run beside a cluster: `metrics` are those that come as Debian packages (Prometheus,
 * Alertmanager and two exporters), `all` adds those that are built.
 */
export type TelemetryKind = 'metrics' | 'all';

/** What is on disk about an instance, in instance.json of its state folder. */
export interface InstanceRecord {
  readonly version: 1;
  /** Unique per start; the mark of the instance's processes. */
  readonly id: string;
  readonly name: string;
  readonly bootId: string;
  readonly nodes: NodeKind;
  /** Number of simulated nodes; 0 for none. */
  readonly simulatedNodes: number;
  readonly slot: number;
  readonly ports: SlotPorts;
  /** `running` once everything answered; `starting` also describes what a killed launcher left. */
  readonly phase: 'starting' | 'running';
  /** Absolute path of kubectl. */
  readonly kubectl: string;
  /** containerd's snapshotter; only with a real node. */
  readonly snapshotter?: string;
  /** Kernel's number of the host interface to the real node; unlike its name it is never used again. */
  readonly linkIndex?: number;
  readonly telemetry?: TelemetryKind;
  /** Prometheus has no rules of its own. */
  readonly noRules?: true;
  readonly processes: readonly ProcessRecord[];
}

/** A cluster as its users see it. */
export interface Instance {
  readonly name: string;
  readonly nodes: NodeKind;
  readonly simulatedNodes: number;
  /** Path of a self-contained kubeconfig with one context. */
  readonly kubeconfig: string;
  readonly context: string;
  /** Absolute path of the kubectl that was built with the cluster. */
  readonly kubectl: string;
  readonly stateFolder: string;
  /** https URL, the one in the kubeconfig. */
  readonly apiServerUrl: string;
  /** JSON lines, one audit event (audit.k8s.io/v1, level Metadata) per answered request. */
  readonly auditLog: string;
  readonly serviceCidr: string;
  readonly network: SlotNetwork;
  /** Host pids by component (`etcd`, `kube-apiserver`, …, with a real node also `node`, `containerd`, `kubelet`). */
  readonly pids: Readonly<Record<string, number>>;
  /** False when one of the processes is gone. */
  readonly healthy: boolean;
  readonly snapshotter?: string;
  readonly telemetry?: TelemetryUrls;
}

/** Where servers of telemetry are asked, from the host and from pods; those that are built only with `all`. */
export interface TelemetryUrls {
  readonly kind: TelemetryKind;
  readonly prometheus: string;
  readonly alertmanager: string;
  readonly jaeger?: string;
  /** VictoriaLogs. */
  readonly logs?: string;
  /** Takes OTLP over HTTP. */
  readonly collector?: string;
}

const FILE = 'instance.json';

export function instanceFiles(folder: string) {
  return {
    kubeconfig: join(folder, 'kubeconfig'),
    auditLog: join(folder, 'logs', 'audit.log'),
    logs: join(folder, 'logs'),
    pki: join(folder, 'pki'),
    etcd: join(folder, 'etcd'),
    node: join(folder, 'node'),
    bin: join(folder, 'bin'),
  };
}

/** Name of the kubeconfig context of an instance. */
export function contextName(name: string): string {
  return name === 'default' ? 'stratus-testbed' : `stratus-testbed-${name}`;
}

export function writeRecord(folder: string, record: InstanceRecord): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** The record in a state folder; undefined when there is none or it cannot be read as one. */
export function readRecord(folder: string): InstanceRecord | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE), 'utf8');
  } catch {
    return undefined;
  }
  try {
    const record = JSON.parse(text) as InstanceRecord;
    return record.version === 1 && Array.isArray(record.processes) ? record : undefined;
  } catch {
    return undefined;
  }
}

export function removeRecord(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
}

/** Names of all instances that left a state folder, running or not. */
export function instanceNames(): string[] {
  try {
    return readdirSync(stateHome(), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && readRecord(join(stateHome(), entry.name)))
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}

/** A running instance, or undefined when there is none of that name (or its start was never finished). */
export function readInstance(name: string): Instance | undefined {
  const folder = stateFolder(name);
  const record = readRecord(folder);
  return record?.phase === 'running' ? describeInstance(folder, record) : undefined;
}

export function describeInstance(folder: string, record: InstanceRecord): Instance {
  const network = slotNetwork(record.slot);
  const files = instanceFiles(folder);
  return {
    name: record.name,
    nodes: record.nodes,
    simulatedNodes: record.simulatedNodes,
    kubeconfig: files.kubeconfig,
    context: contextName(record.name),
    kubectl: record.kubectl,
    stateFolder: folder,
    apiServerUrl: apiServerUrl(record),
    auditLog: files.auditLog,
    serviceCidr: network.serviceCidr,
    network,
    pids: Object.fromEntries(record.processes.map((entry) => [entry.name, entry.pid])),
    healthy: record.processes.every(isRunning),
    ...(record.snapshotter ? { snapshotter: record.snapshotter } : {}),
    ...(record.telemetry ? { telemetry: telemetryUrls(network, record.telemetry) } : {}),
  };
}

/** Ports at the node's address; nobody else is in its network. */
export const PROMETHEUS_PORT = 9090;
export const ALERTMANAGER_PORT = 9093;
export const COLLECTOR_PORT = 4318;
export const JAEGER_PORT = 16686;
export const LOGS_PORT = 9428;

function telemetryUrls({ nodeAddress }: SlotNetwork, kind: TelemetryKind): TelemetryUrls {
  const at = (port: number) => `http://${nodeAddress}:${port}`;
  const built = { jaeger: at(JAEGER_PORT), logs: at(LOGS_PORT), collector: at(COLLECTOR_PORT) };
  return {
    kind,
    prometheus: at(PROMETHEUS_PORT),
    alertmanager: at(ALERTMANAGER_PORT),
    ...(kind === 'all' ? built : {}),
  };
}

/** With a real node the API server listens on the link to it, so that nothing outside this machine can reach it. */
export function apiServerHost(record: Pick<InstanceRecord, 'nodes' | 'slot'>): string {
  return record.nodes === 'real' ? slotNetwork(record.slot).hostAddress : '127.0.0.1';
}

export function apiServerUrl(record: Pick<InstanceRecord, 'nodes' | 'slot' | 'ports'>): string {
  return `https://${apiServerHost(record)}:${record.ports.apiServer}`;
}
