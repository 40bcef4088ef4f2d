import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Instance } from '../testbed/instance-record.ts';
import type { Api } from './api.ts';
import { removeNamespace } from './deploy-app.ts';
import { chooseFault } from './faults/catalogue.ts';
import { generateApp } from './generate.ts';
import { Product } from './product.ts';
import type { SeedReport } from './seed-report.ts';
import { Trial } from './trial.ts';

export interface SeedOptions {
  seed: number;
  fault?: string;
  kill: boolean;
  /** Leaves namespace and journal of a failed seed for inspection. */
  keep: boolean;
  command: readonly string[];
  /** Path of the binary that plays the members. */
  program: string;
  say(text: string): void;
}

/** Deploys, breaks, has the product mitigate and undo, and judges all of it. Never throws for the product's faults. */
export async function runSeed(api: Api, instance: Instance, options: SeedOptions): Promise<SeedReport> {
  const app = generateApp(options.seed);
  const fault = chooseFault(app, options.fault);
  const home = mkdtempSync(join(tmpdir(), 'judge-stratus-'));
  const report: SeedReport = {
    seed: options.seed,
    passed: false,
    fault: fault.fault,
    variant: fault.variant,
    description: `${app.namespace}: ${fault.description}`,
    members: app.members.length,
    killed: options.kill,
    failures: [],
    changes: [],
    result: null,
    seconds: {},
  };
  const product = new Product(options.command, productEnvironment(instance, home));
  const { program, kill, say } = options;
  try {
    await new Trial({ api, instance, app, fault, product, program, kill, report, say }).run();
  } catch (error) {
    report.failures.push((error as Error).message);
  }
  report.passed = report.failures.length === 0;
  if (options.keep && !report.passed) report.stratusHome = home;
  else {
    rmSync(home, { recursive: true, force: true });
    await removeNamespace(api, app.namespace);
    await fault.cleanUp(api);
  }
  return report;
}

/** The product as an engineer of that cluster would start it, with a state folder of its own. */
export function productEnvironment(instance: Instance, home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    KUBECONFIG: instance.kubeconfig,
    STRATUS_HOME: home,
    STRATUS_KUBECTL: instance.kubectl,
    PATH: `${dirname(instance.kubectl)}:${process.env.PATH ?? ''}`,
  };
}
