import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { CONTROL_PLANE, ensureBinaries, METRICS, REAL_NODE, SIMULATED_NODES, TELEMETRY } from './build.ts';
import { startCluster } from './cluster-start.ts';
import { writeCredentials, type StartContext } from './control-plane.ts';
import { ensureDebianPrograms } from './debian-programs.ts';
import { withFolderLock } from './folder-lock.ts';
import { ensureHostPackages } from './host-packages.ts';
import {
  describeInstance,
  instanceFiles,
  instanceNames,
  readRecord,
  writeRecord,
  type Instance,
  type InstanceRecord,
  type NodeKind,
  type TelemetryKind,
} from './instance-record.ts';
import { chooseSnapshotter } from './node/real-node.ts';
import { DEFAULT_INSTANCE, stateFolder, stateHome } from './paths.ts';
import { bootId, isRunning } from './processes.ts';
import type { Report } from './report.ts';
import { choosePorts, chooseSlot, slotOfAddress } from './slots.ts';
import { isPortFree, tearDown } from './teardown.ts';
import { DEBIAN_SERVERS } from './telemetry/start.ts';
import { TestbedError } from './testbed-error.ts';

export { instanceNames, readInstance, type Instance, type NodeKind, type TelemetryKind } from './instance-record.ts';

export interface UpOptions {
  readonly name?: string;
  /** Left out: a real node where that is possible, else simulated ones, with a notice. */
  readonly nodes?: NodeKind;
  /** Simulated nodes beside the real one (default 0), or instead of it (default 3). */
  readonly simulatedNodes?: number;
  /** Servers of telemetry beside it, for a real node only; none when left out. */
  readonly telemetry?: TelemetryKind;
  /** Without the alert rules that an organisation would have: only who evaluates metrics itself notices anything. */
  readonly noRules?: boolean;
}

const DEFAULT_SIMULATED_NODES = 3;
const MAX_SIMULATED_NODES = 5000;
const LOCK_TIMEOUT_MS = 45 * 60_000;

/**
 * Starts a cluster, or returns the one of that name that already runs. What an earlier launcher left unfinished or
 * broken is cleaned first. When the start fails everything is stopped again and only the logs stay.
 * Rejects with a TestbedError that says what to do.
 */
export async function upCluster(options: UpOptions, report: Report): Promise<Instance> {
  const name = options.name ?? DEFAULT_INSTANCE;
  const folder = stateFolder(name);
  checkCount(options.simulatedNodes);
  return withFolderLock(lockPath(name), { timeoutMs: LOCK_TIMEOUT_MS, onWait: waiting(report, name) }, async () => {
    const old = readRecord(folder);
    if (old && isWhole(old)) {
      refuseOtherShape(old, options);
      return describeInstance(folder, old);
    }
    if (old) await report.step(`Cleaning up what instance ${name} left behind`, () => clean(folder, old));
    const nodes = chooseNodes(options.nodes, report);
    const simulatedNodes = options.simulatedNodes ?? (nodes === 'real' ? 0 : DEFAULT_SIMULATED_NODES);
    const { telemetry, noRules } = options;
    if (noRules && !telemetry) throw new TestbedError('there are no rules without servers of telemetry');
    if (telemetry && nodes !== 'real')
      throw new TestbedError('telemetry needs a real node; its pods are what is told of');
    if (nodes === 'real') await ensureHostPackages(report);
    const binaries = await ensureBinaries(
      [
        ...CONTROL_PLANE,
        ...(nodes === 'real' ? REAL_NODE : []),
        ...(simulatedNodes > 0 ? SIMULATED_NODES : []),
        ...(telemetry === 'all' ? TELEMETRY : telemetry ? METRICS : []),
      ],
      report,
    );
    const debianPrograms = await ensureDebianPrograms(telemetry ? DEBIAN_SERVERS : [], report);
    rmSync(folder, { recursive: true, force: true });
    const kubectl = binaries.get('kubectl')!;
    const shape = {
      ...{ name, nodes, simulatedNodes, kubectl },
      ...(telemetry ? { telemetry } : {}),
      ...(noRules ? { noRules } : {}),
    };
    return start(folder, await allocate(folder, shape), { binaries, debianPrograms }, report);
  });
}

/** Stops a cluster and removes everything of it. Returns false when there was none. Can be repeated at any time. */
export async function downCluster(name: string, report: Report): Promise<boolean> {
  const folder = stateFolder(name);
  return withFolderLock(lockPath(name), { timeoutMs: LOCK_TIMEOUT_MS, onWait: waiting(report, name) }, async () => {
    const record = readRecord(folder);
    if (!record) {
      rmSync(folder, { recursive: true, force: true });
      return false;
    }
    await report.step(`Stopping cluster ${name}`, () => clean(folder, record));
    return true;
  });
}

/** For a launcher that is told to stop during upCluster: ends what was started so far, before the process exits. */
export async function abandonStart(name: string): Promise<void> {
  const folder = stateFolder(name);
  const record = readRecord(folder);
  if (record?.phase === 'starting') await clean(folder, record);
}

async function start(
  folder: string,
  fresh: InstanceRecord,
  programs: Pick<StartContext, 'binaries' | 'debianPrograms'>,
  report: Report,
): Promise<Instance> {
  let record = fresh;
  const update = (change: Partial<InstanceRecord>) => {
    record = { ...record, ...change };
    writeRecord(folder, record);
  };
  try {
    writeCredentials(folder, record);
    symlinkSync(record.kubectl, join(instanceFiles(folder).bin, 'kubectl'));
    await startCluster(
      {
        folder,
        record,
        ...programs,
        onProcess: (process) => update({ processes: [...record.processes, process] }),
        onLink: (linkIndex) => update({ linkIndex }),
      },
      report,
    );
    update({ phase: 'running' });
    return describeInstance(folder, record);
  } catch (error) {
    await tearDown(folder, record, { keepLogs: true }).catch((failure: Error) => report.notice(failure.message));
    report.notice(`the logs are in ${instanceFiles(folder).logs}`);
    throw error;
  }
}

/** Gives a new instance its slot and ports and puts both on record before anything is started. */
async function allocate(
  folder: string,
  wanted: Pick<InstanceRecord, 'name' | 'nodes' | 'simulatedNodes' | 'kubectl' | 'telemetry' | 'noRules'>,
): Promise<InstanceRecord> {
  return withFolderLock(join(stateHome(), '.locks', 'slots'), { timeoutMs: 30_000 }, async () => {
    const slot = chooseSlot(usedSlots());
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const record: InstanceRecord = {
      version: 1,
      id: randomUUID(),
      bootId: bootId(),
      slot,
      ports: await choosePorts(slot, isPortFree),
      phase: 'starting',
      processes: [],
      ...wanted,
      ...(wanted.nodes === 'real' ? { snapshotter: chooseSnapshotter(folder) } : {}),
    };
    writeRecord(folder, record);
    return record;
  });
}

/** Slots of this user's instances, and those another user's real nodes show by their addresses. */
function usedSlots(): number[] {
  const own = instanceNames().map((name) => readRecord(stateFolder(name))?.slot);
  const seen = Object.values(networkInterfaces())
    .flat()
    .map((address) => slotOfAddress(address?.address ?? ''));
  return [...own, ...seen].filter((slot) => slot !== undefined);
}

function chooseNodes(wanted: NodeKind | undefined, report: Report): NodeKind {
  if (process.platform !== 'linux') throw new TestbedError('the testbed needs Linux; use a virtual machine or WSL 2');
  const obstacle =
    process.getuid?.() !== 0
      ? 'a real node needs root (network namespaces, containerd)'
      : !existsSync('/proc/self/ns/net')
        ? 'this kernel has no network namespaces'
        : undefined;
  if (wanted === 'real' && obstacle) throw new TestbedError(`${obstacle}; run as root or use --nodes simulated`);
  if (wanted) return wanted;
  if (obstacle) report.notice(`${obstacle}: using simulated nodes, pods will be Ready but run nothing`);
  return obstacle ? 'simulated' : 'real';
}

function isWhole(record: InstanceRecord): boolean {
  return record.phase === 'running' && record.bootId === bootId() && record.processes.every(isRunning);
}

function refuseOtherShape(record: InstanceRecord, options: UpOptions): void {
  const nodes = options.nodes ?? record.nodes;
  const count = options.simulatedNodes ?? record.simulatedNodes;
  const hasTelemetry =
    !options.telemetry ||
    ([options.telemetry, 'all'].includes(record.telemetry ?? '') && !options.noRules === !record.noRules);
  if (nodes === record.nodes && count === record.simulatedNodes && hasTelemetry) return;
  throw new TestbedError(
    `instance ${record.name} already runs with ${record.nodes} nodes (${record.simulatedNodes} simulated)` +
      `${hasTelemetry ? '' : ' and without what of telemetry is wanted'}; ` +
      `stop it first: npm run testbed -- down --name ${record.name}`,
  );
}

function checkCount(count: number | undefined): void {
  if (count === undefined || (Number.isInteger(count) && count >= 0 && count <= MAX_SIMULATED_NODES)) return;
  throw new TestbedError(`the number of simulated nodes must be between 0 and ${MAX_SIMULATED_NODES}`);
}

async function clean(folder: string, record: InstanceRecord): Promise<void> {
  await tearDown(folder, record, { keepLogs: false });
}

function lockPath(name: string): string {
  return join(stateHome(), '.locks', name);
}

function waiting(report: Report, name: string): () => void {
  return () => report.notice(`another launcher is busy with instance ${name}; waiting for it`);
}
