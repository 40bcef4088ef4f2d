import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ALERT_RULES, alertRuleFiles } from '../../../../scripts/generate-alert-rules.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../../../src/domain/signal-settings.ts';
import { INCIDENT_TYPES } from '../../../../src/signals/incident-types/incident-types.ts';
import { prometheusRule, ruleGroups } from '../../../../src/signals/incident-types/rule-file.ts';
import { edgeQueries } from '../../../../src/signals/graph/metric-graph.ts';
import { signalAsks } from '../../../../src/signals/read-signals.ts';
import { sceneAt, START } from '../../../support/signal-scene.ts';
import { cacheHomes } from '../../../testbed/paths.ts';

/** Of Debian's package prometheus: installed, or unpacked by the testbed. */
function promtool(): string | null {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...cacheHomes().map((home) => join(home, 'debian', 'prometheus', 'usr', 'bin')),
  ];
  return folders.map((folder) => join(folder, 'promtool')).find((path) => existsSync(path)) ?? null;
}

describe('docs/alerts', () => {
  it('is what scripts/generate-alert-rules.ts writes', () => {
    const files = alertRuleFiles();
    expect(readdirSync(ALERT_RULES).sort()).toEqual(['README.md', ...files.keys()].sort());
    for (const [name, text] of files) expect(readFileSync(join(ALERT_RULES, name), 'utf8')).toBe(text);
  });

  it('explains every alert', () => {
    const page = readFileSync(join(ALERT_RULES, 'README.md'), 'utf8');
    const alerts = INCIDENT_TYPES.flatMap((type) => type.rules(DEFAULT_SIGNAL_SETTINGS)).flatMap(
      ({ alert }) => alert ?? [],
    );
    expect(alerts).toHaveLength(8);
    for (const alert of alerts) expect(page).toContain(`\`${alert}\``);
  });
});

describe('rules', () => {
  it('are alerts of a type each, and say which', () => {
    for (const type of INCIDENT_TYPES) {
      const alerts = type.rules(DEFAULT_SIGNAL_SETTINGS).filter(({ alert }) => alert);
      expect(alerts.length).toBeGreaterThan(0);
      for (const { labels } of alerts) expect(labels?.stratus).toBe(type.kind);
    }
  });

  it('follow the settings', () => {
    const settings = {
      ...DEFAULT_SIGNAL_SETTINGS,
      oom: { ...DEFAULT_SIGNAL_SETTINGS.oom, usedRatio: 0.5, forMs: 90_000 },
    };
    const [first] = ruleGroups(settings)[0]!.rules as { expr: string; for: string }[];
    expect(first!.expr).toMatch(/> 0\.5$/);
    expect(first!.for).toBe('90s');
  });

  it('are the same for the operator, in the namespace and with the labels asked for', () => {
    const object = parse(prometheusRule(DEFAULT_SIGNAL_SETTINGS, 'watch', { release: 'kps' }));
    expect(object.metadata).toEqual({ name: 'stratus', namespace: 'watch', labels: { release: 'kps' } });
    expect(object.spec.groups).toEqual(ruleGroups(DEFAULT_SIGNAL_SETTINGS));
  });
});

const tool = promtool();
const title = tool ? '' : ' (skipped: no promtool; install prometheus, or bring the testbed up with telemetry)';

describe(`promtool${title}`, () => {
  it.skipIf(!tool)(
    'takes the rules, and finds that they fire when they should and only then',
    () => {
      const rules = join(ALERT_RULES, 'stratus-rules.yaml');
      expect(execFileSync(tool!, ['check', 'rules', rules], { encoding: 'utf8' })).toMatch(/SUCCESS/);
      const tests = join(import.meta.dirname, 'rules.promtool.yaml');
      expect(execFileSync(tool!, ['test', 'rules', tests], { encoding: 'utf8' })).toMatch(/SUCCESS/);
    },
    180_000,
  );

  it.skipIf(!tool)('takes every query that is asked', { timeout: 60_000 }, () => {
    const scene = sceneAt(START);
    const queries = [
      ...signalAsks(scene).map(({ query }) => query),
      ...edgeQueries(300_000).flatMap(({ rate, failed, p50, p99 }) => [rate, failed, p50, p99]),
    ];
    const folder = mkdtempSync(join(tmpdir(), 'stratus-queries-'));
    try {
      const file = join(folder, 'queries.yaml');
      const rules = queries.map((expr, at) => ({ record: `query:${at}`, expr }));
      writeFileSync(file, stringify({ groups: [{ name: 'queries', rules }] }));
      const said = execFileSync(tool!, ['check', 'rules', file], { encoding: 'utf8' });
      expect(said).toContain(`${queries.length} rules found`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
