import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timed } from '../../bench/timed.ts';
import { ensureBinaries } from '../../testbed/build.ts';
import { StreamReport } from '../../testbed/report.ts';
import { productEnvironment } from '../../judge/seed-run.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import { names } from '../causes.ts';
import type { Entry, Incident } from '../catalogue.ts';
import { drawIncident } from '../catalogue.ts';
import { inPlace } from './lanes.ts';
import { round } from './mitigation.ts';
import type { PeerFinding } from './peer-findings.ts';
import { falseAlarms, k8sgptFindings, news, popeyeFindings, productFindings } from './peer-findings.ts';
import { Stage } from './stage.ts';
import type { TrialOptions } from './trial.ts';
import { NOTICE_MS, placeArgs } from './trial.ts';

/** What a tool that only looks says of an incident. */
export interface Look {
  tool: string;
  version: string;
  seconds: number;
  /** Whether anything that it says of the broken application alone speaks of the objects at fault. */
  named: boolean;
  /** The same for something that also says what is wrong with them. */
  cause: boolean;
  /** How much of what it says of the broken application it said of the healthy one, too. */
  falseAlarms: number;
  /** How much it says in all. */
  findings: number;
}

export interface LookReport {
  entry: string;
  kind: Entry['kind'];
  family: string;
  seed: number;
  what: string;
  alone: boolean;
  looks: Look[];
  /** Why it could not be held; "" when it was. */
  problem: string;
}

/** A program that reads a namespace and says what is wrong there. */
export interface Looker {
  tool: string;
  version: string;
  argv(place: readonly string[], instance: Instance, namespace: string): string[];
  read(stdout: string): PeerFinding[];
}

/** The product, popeye (built once, cached) and k8sgpt where it is on the PATH. */
export async function lookers(command: readonly string[]): Promise<Looker[]> {
  const popeye = (await ensureBinaries(['popeye'], new StreamReport())).get('popeye')!;
  const all: Looker[] = [
    {
      tool: 'stratus',
      version: '',
      argv: (place) => [...command, 'diagnose', '--json', ...place],
      read: productFindings,
    },
    {
      tool: 'popeye',
      version: popeyeVersion(),
      argv: (_, { kubeconfig }, namespace) => [
        popeye, '-n', namespace, '-o', 'json', '--force-exit-zero', '--kubeconfig', kubeconfig,
      ], // prettier-ignore
      read: popeyeFindings,
    },
  ];
  const version = versionOf('k8sgpt', ['version']);
  if (version) {
    all.push({
      tool: 'k8sgpt',
      version,
      argv: (_, { kubeconfig }, namespace) => [
        'k8sgpt', 'analyze', '--namespace', namespace, '--output', 'json', '--kubeconfig', kubeconfig,
      ], // prettier-ignore
      read: k8sgptFindings,
    });
  }
  return all;
}

/** Built from source it does not know its own. */
function popeyeVersion(): string {
  const pinned = readFileSync(join(import.meta.dirname, '..', '..', 'testbed', 'go', 'popeye', 'go.mod'), 'utf8');
  return /derailed\/popeye v(\S+)/.exec(pinned)?.[1] ?? '';
}

/** "" when there is no such program. */
function versionOf(program: string, args: string[]): string {
  const { stdout, status } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  const plain = (stdout ?? '').replace(/\u001b\[[0-9;]*m/g, '');
  return status === 0 ? (/\d+\.\d+\.\d+/.exec(plain)?.[0] ?? 'of unknown version') : '';
}

/** Every tool looks at the healthy and at the broken application; nobody repairs anything. */
export function runLook(
  options: Omit<TrialOptions, 'way'>,
  tools: readonly Looker[],
  entry: Entry,
  seed: number,
  alone: boolean,
): Promise<LookReport> {
  const incident = drawIncident(entry, seed);
  const { namespace } = incident.application;
  return inPlace(options.instance, namespace, () => holdLook(options, tools, incident, alone));
}

async function holdLook(
  options: Omit<TrialOptions, 'way'>,
  tools: readonly Looker[],
  incident: Incident,
  alone: boolean,
): Promise<LookReport> {
  const { api, instance } = options;
  const { entry, seed } = incident;
  const { namespace } = incident.application;
  const stage = new Stage(api, instance, incident);
  const { name, kind, family } = entry;
  const report: LookReport = {
    entry: name,
    kind,
    family,
    seed,
    what: incident.plan.what,
    alone,
    looks: [],
    problem: '',
  };
  const home = mkdtempSync(join(tmpdir(), 'look-'));
  const look = async ({ tool, argv, read }: Looker) => {
    const [program = '', ...args] = argv(placeArgs(options, stage), instance, namespace);
    const run = await timed(program, args, { env: productEnvironment(instance, home), keepOutput: true });
    if (!run) throw new Error(`${program} could not be started`);
    try {
      return { findings: read(run.stdout), seconds: round(run.seconds) };
    } catch (error) {
      throw new Error(`${tool}: ${(error as Error).message}; ${run.stdout.slice(0, 200)}`, { cause: error });
    }
  };
  try {
    await stage.deploy();
    const healthy = new Map<string, PeerFinding[]>();
    for (const tool of tools) healthy.set(tool.tool, (await look(tool)).findings);
    if (kind === 'calm') await incident.plan.inject(stage.cluster);
    else await stage.breakIt();
    await new Promise((resolve) => setTimeout(resolve, NOTICE_MS));
    for (const tool of tools) {
      const { findings, seconds } = await look(tool);
      const before = healthy.get(tool.tool)!;
      const fresh = news(before, findings);
      report.looks.push({
        tool: tool.tool,
        version: tool.version,
        seconds,
        named: fresh.some((finding) => names(finding, incident.plan.causes, false)),
        cause: fresh.some((finding) => names(finding, incident.plan.causes)),
        falseAlarms: falseAlarms(before, findings).length,
        findings: findings.length,
      });
    }
  } catch (error) {
    report.problem = (error as Error).message;
  } finally {
    rmSync(home, { recursive: true, force: true });
    await stage.remove().catch((error: Error) => (report.problem ||= `not removed: ${error.message}`));
  }
  return report;
}
