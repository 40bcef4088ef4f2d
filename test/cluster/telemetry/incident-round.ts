import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_COMMAND, Product, resultOf, tailOf, type ProductRun } from '../../judge/product.ts';
import { Kubectl, type KubeObject } from '../../testbed/app/kubectl.ts';
import { SHOP_NAMESPACE } from '../../testbed/app/topology.ts';
import { healFault, injectFault } from '../../testbed/faults/catalog.ts';
import { TELEMETRY_FAULTS } from '../../testbed/faults/telemetry/faults.ts';
import { hasAnswer } from '../../testbed/faults/telemetry/measured.ts';
import type { Instance } from '../../testbed/instance.ts';
import { firingAlerts } from '../../testbed/telemetry/firing-alerts.ts';
import { telemetryVariables } from '../../testbed/telemetry/variables.ts';

/** Alerts wait and look back for minutes, and rollouts have to pass. */
const TURN_MS = 300_000;
const RUN_MS = 600_000;
const ASK_EVERY_MS = 1_000;

/** What one round of injecting, mitigating and taking back is to come to. */
export interface Expected {
  /** A rule that has to be among the findings, about an object that the fault concerns. */
  rule: string;
  /** Part of the name of the object that it has to be about. */
  about: string;
  /** Nothing can be done that could be taken back exactly: then nothing may be done. */
  onlyTold?: boolean;
  /** It is over before a rule that waits can tell of it. */
  noAlert?: boolean;
}

interface Told {
  id: string;
  rule: string;
  object: { name: string };
}

/** What `stratus diagnose --json` prints. */
interface Diagnosis {
  findings: Told[];
  mu: { value: number | null; items: { source: string; what: string }[] };
}

/**
 * Faults that only telemetry shows, and `stratus` as a black box. Whether there is an incident, and whether it is over, says
 * Prometheus, by its alerts or, where it has no rules, by the query that shows the fault; what was changed and taken back, the
 * API server.
 */
export class IncidentRounds {
  readonly #instance: Instance;
  readonly #kubectl: Kubectl;
  readonly #home = mkdtempSync(join(tmpdir(), 'stratus-rounds-'));
  readonly #product: Product;
  readonly #hasRules: boolean;

  /** @param hasRules false: no alert ever fires, and what `stratus` evaluates itself has to tell */
  constructor(instance: Instance, hasRules = true) {
    this.#hasRules = hasRules;
    this.#instance = instance;
    this.#kubectl = new Kubectl(instance);
    this.#product = new Product(DEFAULT_COMMAND, {
      ...process.env,
      KUBECONFIG: instance.kubeconfig,
      STRATUS_HOME: this.#home,
      ...telemetryVariables(instance),
    });
  }

  close(): void {
    rmSync(this.#home, { recursive: true, force: true });
  }

  /** What went wrong in a round; the fault is healed at its end, whatever happened. */
  async problems(name: string, expected: Expected): Promise<string[]> {
    const fault = TELEMETRY_FAULTS.find((candidate) => candidate.name === name)!;
    const target = fault.targets[0]!;
    const shows = () => hasAnswer(this.#instance, fault.shows!({ namespace: SHOP_NAMESPACE, target }));
    const alerts = () => firingAlerts(this.#instance, SHOP_NAMESPACE);
    const isQuiet = async () => (await alerts()).length === 0;
    if (!(await this.#until(() => this.#isAtRest())))
      return [`alerts fire before it is injected, or are about to: ${(await alerts()).join()}`];
    const isHealthy = async () => (await this.#diagnosis()).mu.value === 0;
    if (!this.#hasRules && !(await this.#until(isHealthy))) return ['something is wrong before it is injected'];
    try {
      await injectFault(this.#instance, name);
      const isAlertDue = this.#hasRules && !expected.noAlert;
      if (isAlertDue && !(await this.#until(async () => !(await isQuiet())))) return ['no alert fires'];
      const broken = await this.#objects(fault.touches(target));
      let ids: string[] = [];
      const isFound = async () => {
        const { findings, mu } = await this.#diagnosis();
        ids = [...findings.map(({ id }) => id), ...mu.items.map(({ source, what }) => `${source} ${what}`)];
        const isNamed = ({ rule, object }: Told) => rule === expected.rule && object.name.includes(expected.about);
        return mu.value !== 0 && findings.some(isNamed);
      };
      const problems = (await this.#until(isFound))
        ? []
        : [`no finding of ${expected.rule} about ${expected.about}, but ${ids.join(', ')}`];
      const run = await this.#run('mitigate', '--yes', '--json', '--namespace', SHOP_NAMESPACE);
      const said = `mitigate (${run.code}): ${tailOf(run)}`;
      if (expected.onlyTold) {
        if (run.code === 0) problems.push(`${said}, although nothing can be done`);
        if (resultOf(run)?.writes) problems.push(`${said}, and ${String(resultOf(run)?.writes)} writes`);
        return [...problems, ...(await this.#differences(fault.touches(target), broken))];
      }
      if (run.code !== 0) return [...problems, said];
      if (!(await this.#until(async () => !(await shows())))) problems.push(`${said}, but metrics still show it`);
      if (!(await this.#until(isQuiet))) problems.push(`${said}, but ${(await alerts()).join()} still fire`);
      if (!this.#hasRules && !(await this.#until(isHealthy))) problems.push(`${said}, but something is still wrong`);
      const undo = await this.#run('undo', '--last', '--yes');
      if (undo.code !== 0) problems.push(`undo (${undo.code}): ${tailOf(undo)}`);
      return [...problems, ...(await this.#differences(fault.touches(target), broken))];
    } finally {
      await healFault(this.#instance, name);
    }
  }

  /** What failed while the shop started is out of the windows of the rules, and no alert waits to fire. */
  async #isAtRest(): Promise<boolean> {
    const asks = [
      `count_over_time(http_requests_total{namespace="${SHOP_NAMESPACE}",service="frontend",code="200"}[1m]) >= 10`,
      `ALERTS{namespace="${SHOP_NAMESPACE}"}`,
      `rate(http_requests_total{namespace="${SHOP_NAMESPACE}",code=~"5.."}[1m]) > 0`,
    ];
    const [isMeasured, ...troubles] = await Promise.all(asks.map((ask) => hasAnswer(this.#instance, ask)));
    return isMeasured === true && !troubles.includes(true);
  }

  #run(...args: string[]): Promise<ProductRun> {
    return this.#product.run(args, RUN_MS);
  }

  async #diagnosis(): Promise<Diagnosis> {
    const { code, stdout, stderr } = await this.#run('diagnose', '--json', '--namespace', SHOP_NAMESPACE);
    if (code !== 0) throw new Error(`diagnose (${code}): ${stderr}`);
    return JSON.parse(stdout) as Diagnosis;
  }

  async #until(holds: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + TURN_MS;
    while (!(await holds())) {
      if (performance.now() > deadline) return false;
      await sleep(ASK_EVERY_MS);
    }
    return true;
  }

  /** What people wrote of objects, by `kind/name`. */
  async #objects(keys: readonly string[]): Promise<Map<string, unknown>> {
    const read = async (key: string): Promise<[string, unknown]> => {
      const text = await this.#kubectl.run(['get', key, '--namespace', SHOP_NAMESPACE, '--output', 'json']);
      const { spec, data, metadata } = JSON.parse(text) as KubeObject;
      return [key, { spec: spec as unknown, data: data as unknown, labels: metadata.labels }];
    };
    return new Map(await Promise.all(keys.map(read)));
  }

  async #differences(keys: readonly string[], before: Map<string, unknown>): Promise<string[]> {
    const now = await this.#objects(keys);
    return keys
      .filter((key) => !isDeepStrictEqual(now.get(key), before.get(key)))
      .map((key) => `${key} is not as before`);
  }
}

/** By fault. */
export const EXPECTED: Readonly<Record<string, Expected>> = {
  'slow-dependency': { rule: 'degraded-after-change', about: 'rate' },
  'error-ratio': { rule: 'degraded-after-change', about: 'profile' },
  'memory-leak': { rule: 'degraded-after-change', about: 'recommendation', noAlert: true },
  'tight-limit': { rule: 'memory-near-limit', about: 'profile' },
  'disk-filling': { rule: 'disk-filling', about: 'frontend-journal' },
  'certificate-near-expiry': { rule: 'certificate-expiring', about: 'frontend-tls', onlyTold: true },
  'one-bad-replica': { rule: 'one-bad-replica', about: 'rate-' },
  'retry-storm': { rule: 'degraded-after-change', about: 'search' },
  'saturated-pool': { rule: 'degraded-after-change', about: 'geo' },
  'wrong-answer': { rule: 'degraded-after-change', about: 'geo' },
  'hpa-at-maximum': { rule: 'autoscaler-range', about: 'search' },
};
