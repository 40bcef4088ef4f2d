import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RULE_KINDS } from '../../../src/agents/playbooks/analyzers.ts';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import { connect } from '../../../src/cluster/connect/cluster-connection.ts';
import { loadKubeconfig } from '../../../src/cluster/connect/kubeconfig.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { SnapshotReader } from '../../../src/cluster/read/snapshot.ts';
import type { BrainContext, EvidenceReads } from '../../../src/domain/brain.ts';
import { NO_LIMIT } from '../../../src/domain/budget.ts';
import type { SeverityReading } from '../../../src/domain/ports.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import { Monitor } from '../../../src/gateway/monitor/monitor.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { RunbookLibrary } from '../../../src/run/runbook-library.ts';
import { userCheckOracle } from '../../../src/severity/check-oracle.ts';
import { HealthOracle, NodeOracle, ORACLE_KINDS } from '../../../src/severity/health-oracle.ts';
import { SeverityReader } from '../../../src/severity/severity-reader.ts';
import { entryUrl } from '../../catalogue/application.ts';
import type { Entry, Incident } from '../../catalogue/catalogue.ts';
import { drawIncident } from '../../catalogue/catalogue.ts';
import { inPlace } from '../../catalogue/run/lanes.ts';
import { commitHere, machineHere } from '../../catalogue/run/records.ts';
import { Stage } from '../../catalogue/run/stage.ts';
import { NOTICE_MS } from '../../catalogue/run/trial.ts';
import { truthOf } from '../../catalogue/truth/truth.ts';
import type { Api } from '../../judge/api.ts';
import { Dumper } from '../../judge/dump/dump.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import type { Case, RecordedLog } from './case.ts';
import { keyOf } from './case.ts';

const PACK = join(import.meta.dirname, '..', '..', '..', 'runbooks');
/** Until the product's own reading finds something wrong; some faults never show in it. */
const SEEN_MS = 20_000;
const AGAIN_MS = 2_000;

/** Breaks one application, records what a brain would be given, and takes everything away; nothing is mitigated. */
export function recordCase(api: Api, instance: Instance, entry: Entry, seed: number): Promise<Omit<Case, 'version'>> {
  const incident = drawIncident(entry, seed);
  return inPlace(instance, incident.application.namespace, () => hold(api, instance, incident));
}

async function hold(api: Api, instance: Instance, incident: Incident): Promise<Omit<Case, 'version'>> {
  const stage = new Stage(api, instance, incident);
  const dumper = new Dumper(api);
  try {
    await stage.deploy();
    const base = await dumper.fresh();
    await stage.breakIt();
    await new Promise((resolve) => setTimeout(resolve, NOTICE_MS));
    if ((await stage.lack()) === '') throw new Error('the fault went away by itself');
    const seen = await look(instance, incident);
    const faulty = await dumper.fresh();
    await incident.plan.heal(stage.cluster);
    const healed = await dumper.fresh();
    return {
      entry: incident.entry.name,
      family: incident.entry.family,
      seed: incident.seed,
      commit: commitHere(),
      machine: machineHere(),
      at: new Date().toISOString(),
      ...seen,
      truth: truthOf(incident, base, faulty, healed),
    };
  } finally {
    await stage.remove();
  }
}

type Seen = Pick<
  Case,
  'target' | 'check' | 'snapshot' | 'severity' | 'actions' | 'diagnosis' | 'proposal' | 'logs' | 'lists' | 'objects'
>;

/** The product's readings and its playbooks, in this process, as `stratus mitigate` has them before its first write. */
async function look(instance: Instance, { application, entry }: Incident): Promise<Seen> {
  const clock = new SystemClock();
  const { namespace } = application;
  const target = { context: instance.context, server: '', fingerprint: '', namespace };
  const kubeconfig = await loadKubeconfig({ kubeconfig: instance.kubeconfig });
  const connection = await connect(kubeconfig, target, { clock, environment: process.env });
  const home = mkdtempSync(join(tmpdir(), 'record-stratus-'));
  try {
    const kube = new KubeApi(new Monitor(connection, 'read'));
    const reader = new SnapshotReader(kube, [namespace], clock, [...ORACLE_KINDS, ...RULE_KINDS]);
    const check = `entry=${entryUrl(application)}`;
    const oracles = [new HealthOracle(), new NodeOracle(), userCheckOracle([check], connection, clock)];
    const severities = new SeverityReader(reader, oracles, clock);
    const { signal } = new AbortController();
    const end = clock.monotonic() + SEEN_MS;
    let reading = await severities.baseline(signal);
    while (clock.monotonic() < end && !(reading.severity.known && reading.severity.items.length > 0)) {
      await clock.sleep(AGAIN_MS);
      reading = await severities.baseline(signal);
    }
    const library = new RunbookLibrary({ stateFolder: home, packFolder: PACK, allowed: [] });
    for (const name of entry.faults.flatMap(({ allows }) => allows ?? []))
      await library.allow(await library.read(name, PACK));
    const actions = await library.known();
    const recorder = recording(reader);
    const brain = new PlaybookBrain();
    const contextOf = ({ snapshot, severity }: SeverityReading): BrainContext => ({
      ...{ run: '', target, snapshot, severity, actions, clock, signal, budget: NO_LIMIT },
      evidence: recorder.reads,
      emit: () => undefined,
    });
    let diagnosis = await brain.diagnose(contextOf(reading));
    // As a run does: what has not shown yet is waited for.
    const later = diagnosis.findings.length === 0 ? await severities.standstill(signal) : null;
    if (later) {
      reading = later;
      diagnosis = await brain.diagnose(contextOf(reading));
    }
    const { snapshot, severity } = reading;
    const proposal = await brain.plan(contextOf(reading), diagnosis, []);
    await readLogs(recorder.reads, snapshot, namespace);
    const { logs, lists, objects } = recorder;
    return { target, check, snapshot, severity, actions, diagnosis, proposal, logs, lists, objects };
  } finally {
    await connection.close();
    rmSync(home, { recursive: true, force: true });
  }
}

function recording(evidence: EvidenceReads) {
  const logs: RecordedLog[] = [];
  const lists: Case['lists'] = {};
  const objects: Case['objects'] = {};
  const reads: EvidenceReads = {
    async readLog(namespace, pod, container, previous) {
      const lines = await evidence.readLog(namespace, pod, container, previous);
      const known = logs.find(
        (log) =>
          log.namespace === namespace && log.pod === pod && log.container === container && log.previous === previous,
      );
      if (known) known.lines = lines;
      else if (lines.length > 0) logs.push({ namespace, pod, container, previous, lines });
      return lines;
    },
    async get(ref) {
      return (objects[keyOf(ref, ref.namespace, ref.name)] = await evidence.get(ref));
    },
    async list(kind, namespace) {
      return (lists[keyOf(kind, namespace)] = await evidence.list(kind, namespace));
    },
  };
  return { logs, lists, objects, reads };
}

async function readLogs({ readLog }: EvidenceReads, { objects }: ClusterSnapshot, namespace: string): Promise<void> {
  for (const { metadata, spec, status } of objects.Pod ?? []) {
    if (metadata.namespace !== namespace) continue;
    for (const { name } of [...(spec.initContainers ?? []), ...spec.containers] as { name: string }[]) {
      const states = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])] as {
        name: string;
        restartCount: number;
      }[];
      await readLog(namespace, metadata.name, name, false);
      if ((states.find((one) => one.name === name)?.restartCount ?? 0) > 0)
        await readLog(namespace, metadata.name, name, true);
    }
  }
}
