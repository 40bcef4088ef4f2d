import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Product } from '../../judge/product.ts';
import type { Mitigation } from './mitigation.ts';
import { musOf, readRun, riseOf, round } from './mitigation.ts';
import { NaiveUndo } from './naive-undo.ts';
import type { Proposal } from './proposals.ts';
import { askForPlans, proposalText } from './proposals.ts';
import type { Stage } from './stage.ts';

const ATTEMPTS = { naive: 10, 'apply-undo': 1 };
/** As long as the product is given. */
const LIMIT_MS = 180_000;
const LOOK_MS = 60_000;
/** How long an attempt may take to help. */
const SETTLE_MS = 40_000;
/** Controllers have begun by then. */
const PAUSE_MS = 3_000;

interface Given {
  command: readonly string[];
  environment: NodeJS.ProcessEnv;
  /** Folder for files. */
  home: string;
  /** Arguments of the product that name namespace, context and checks. */
  place: readonly string[];
  stage: Stage;
}

/** The product thinks, kubectl does: its plans are applied as they are, and an attempt is good when all checks pass. */
export async function drive(way: keyof typeof ATTEMPTS, given: Given): Promise<Mitigation> {
  const { home, place, stage } = given;
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  const looker = new Product(given.command, given.environment);
  const look = async (): Promise<number | null> => {
    const { stdout } = await looker.run(['diagnose', '--json', ...place], LOOK_MS);
    return muOf(stdout);
  };
  const mus: (number | null)[] = [];
  const tried = new Set<string>();
  let told: Mitigation | undefined;
  let outcome = 'gave up';
  let [writes, firstFix, attempts] = [0, 0, 0];
  while (attempts < ATTEMPTS[way] && elapsed() < LIMIT_MS) {
    const { run, plans } = await askForPlans(given, place, tried.size + 1);
    const asked = readRun(run);
    told ??= { ...asked };
    if (asked.outcome === 'healthy') {
      outcome = attempts > 0 ? 'resolved' : 'healthy';
      break;
    }
    const plan = plans.find((one) => !tried.has(proposalText(one)));
    if (!plan) break;
    tried.add(proposalText(plan));
    if (mus.length === 0) mus.push(musOf(run)[0] ?? null);
    attempts += 1;
    const paths = writeFiles(home, attempts, plan);
    const undo = new NaiveUndo(stage.cluster);
    if (way === 'apply-undo') await undo.store(plan, paths);
    writes += await apply(stage, plan, paths);
    firstFix ||= elapsed();
    const after = await settled(look, mus);
    if (after === 0) {
      outcome = 'resolved';
      break;
    }
    if (way === 'apply-undo') {
      writes += await undo.undo();
      outcome = 'undone';
    }
  }
  return {
    outcome,
    detected: told?.detected ?? false,
    findings: told?.findings ?? [],
    attempts,
    writes,
    costUsd: 0,
    transactions: 0,
    muRise: attempts === 0 ? 0 : riseOf(mus),
    seconds: {
      ...(told?.seconds.detect === undefined ? {} : { detect: told.seconds.detect }),
      ...(told?.seconds.diagnose === undefined ? {} : { diagnose: told.seconds.diagnose }),
      ...(firstFix > 0 ? { firstFix: round(firstFix / 1000) } : {}),
      total: round(elapsed() / 1000),
    },
    reason: outcome === 'healthy' ? '' : `${attempts} of ${ATTEMPTS[way]} attempts; ${told?.reason ?? ''}`,
  };
}

/** Severity that a diagnosis prints; null where it is unknown. */
export function muOf(stdout: string): number | null {
  try {
    const { mu } = JSON.parse(stdout) as { mu?: { value?: unknown } };
    return typeof mu?.value === 'number' ? mu.value : null;
  } catch {
    return null;
  }
}

/** Looks until nothing is wrong or the time is over; everything that was seen is noted. */
async function settled(look: () => Promise<number | null>, mus: (number | null)[]): Promise<number | null> {
  const end = performance.now() + SETTLE_MS;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const now = await look();
    mus.push(now);
    if (now === 0 || performance.now() > end) return now;
  }
}

/** @returns how many commands wrote something; one that fails ends the plan */
async function apply(stage: Stage, { commands }: Proposal, paths: ReadonlyMap<string, string>): Promise<number> {
  let writes = 0;
  for (const argv of commands) {
    const words = argv.map((word) => word.replace(/\{\{([^}]+)\}\}/g, (all, name: string) => paths.get(name) ?? all));
    if ((await stage.cluster.tryKubectl(words)).code !== 0) return writes;
    writes += 1;
  }
  return writes;
}

function writeFiles(home: string, attempt: number, { files }: Proposal): Map<string, string> {
  return new Map(
    files.map(({ name, content }, index) => {
      const path = join(home, `plan-${attempt}-${index}.yaml`);
      writeFileSync(path, content);
      return [name, path];
    }),
  );
}
