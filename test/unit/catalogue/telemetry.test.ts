import { describe, expect, it } from 'vitest';
import { drawBadFix, drawGoodFix, FIXES } from '../../catalogue/telemetry/fixes.ts';
import { withoutScaling } from '../../catalogue/telemetry/dumps.ts';
import { calmFigures, fixFigures, telemetryFigures } from '../../catalogue/telemetry/figures.ts';
import { telemetryPage } from '../../catalogue/telemetry/page.ts';
import { rankOf, suspectRank } from '../../catalogue/telemetry/ranks.ts';
import type { CalmReport, FixReport, TelemetryReport, WatchCostReport } from '../../catalogue/telemetry/report.ts';
import { emptyTelemetryReport } from '../../catalogue/telemetry/report.ts';
import { isAsWanted, sceneNamed, TELEMETRY_SCENES } from '../../catalogue/telemetry/scenes.ts';
import { noteFates } from '../../catalogue/wrong-plans/fates.ts';
import type { Dump, Item } from '../../judge/dump/dump.ts';
import { TELEMETRY_FAULTS } from '../../testbed/faults/telemetry/faults.ts';

const SEEDS = Array.from({ length: FIXES }, (_, index) => index + 1);
const recorded = { commit: 'here', machine: 'two processors', at: '2026-01-01T00:00:00.000Z' };
const found: TelemetryReport = {
  ...emptyTelemetryReport('slow-dependency', 1, 'resolved'),
  ...{ verdict: 'resolved', passed: true, alert: 'SlowRequests', by: ['alert'], rootRight: true, rootLater: true },
  ...{ root: 'Deployment/rate', told: { place: 1, cause: 1 }, opened: { about: 1, early: 0, astray: 0 } },
  ...{ diagnosis: { place: 1, cause: 1 }, withoutTraces: { place: 2, cause: 3 }, suspect: 1, writes: 1 },
  seconds: { alert: 20, incident: 30, mitigate: 70, healthy: 71 },
};
const missed: TelemetryReport = {
  ...emptyTelemetryReport('memory-leak', 1, 'resolved'),
  ...{ verdict: 'named', opened: { about: 0, early: 1, astray: 1 }, diagnosis: { place: 3, cause: 3 } },
  seconds: { alert: 200, mitigate: 9 },
};

describe('faults that only telemetry shows', () => {
  it('have a judge each, whose causes are no words of others', () => {
    expect(TELEMETRY_SCENES.map(({ fault }) => fault.name)).toEqual(TELEMETRY_FAULTS.map(({ name }) => name));
    for (const { fault, affected } of TELEMETRY_SCENES) {
      expect(fault.shows, fault.name).toBeDefined();
      expect(affected.size).toBeGreaterThan(0);
    }
    expect(TELEMETRY_SCENES.filter(({ wanted }) => wanted === 'named').map(({ fault }) => fault.name)).toEqual([
      'disk-filling',
      'certificate-near-expiry',
    ]);
    expect(() => sceneNamed('none')).toThrow(/slow-dependency/);
  });

  it('end as is wanted of them, or better', () => {
    const named = sceneNamed('disk-filling');
    expect((['named', 'resolved'] as const).map((verdict) => isAsWanted(named, verdict))).toEqual([true, true]);
    expect((['unnamed', 'wrong', 'invalid'] as const).map((verdict) => isAsWanted(named, verdict))).not.toContain(true);
    expect(isAsWanted(sceneNamed('slow-dependency'), 'named')).toBe(false);
  });

  it('of a disk are told with the time that is left', () => {
    const scene = sceneNamed('disk-filling');
    const told = (text: string) =>
      rankOf(
        [{ rule: 'r', message: text, object: { kind: 'PersistentVolumeClaim', name: 'frontend-journal' } }],
        scene,
        [],
      ).cause;
    expect(told('it is 85 % full, and will be full in 3.6 min (2 min to 5 min)')).toBe(1);
    expect(told('it is 100 % full, and is full now')).toBe(1);
    expect(told('it fills up: claim frontend-journal will be full')).toBe(0);
  });

  it('concern whoever calls what is broken, and nobody else', () => {
    expect([...sceneNamed('slow-dependency').affected].sort()).toEqual(['frontend', 'loadgen', 'rate', 'search']);
    expect(sceneNamed('wrong-answer').affected.has('rate')).toBe(false);
  });

  it('begin at a workload, its pods and its Service, and at none whose name only holds its own', () => {
    const { isRoot } = sceneNamed('slow-dependency');
    const isAt = (kind: string, name: string) => isRoot({ kind, name }, []);
    for (const [kind, name] of [['Deployment', 'rate'], ['Service', 'rate'], ['Pod', 'rate-5bf7c74b74-djmkt'], ['ReplicaSet', 'rate-5bf7c74b74']] as const)
      expect(isAt(kind, name), name).toBe(true);
    for (const [kind, name] of [['Deployment', 'search'], ['Deployment', 'redis-rate'], ['Pod', 'redis-rate-5bf7-x'], ['ConfigMap', 'rate']] as const)
      expect(isAt(kind, name), name).toBe(false);
  }); // prettier-ignore

  it('of one pod are found when that pod is named', () => {
    const { isRoot } = sceneNamed('one-bad-replica');
    const shown = [{ labels: { service: 'rate', pod: 'rate-1-a' } }];
    expect(isRoot({ kind: 'Pod', name: 'rate-1-a' }, shown)).toBe(true);
    expect(isRoot({ kind: 'Pod', name: 'rate-1-b' }, shown)).toBe(false);
    expect(isRoot({ kind: 'Deployment', name: 'rate' }, shown)).toBe(false);
  });
});

describe('ranks', () => {
  const scene = sceneNamed('slow-dependency');
  const finding = (name: string, message: string) => ({ rule: 'r', message, object: { kind: 'Deployment', name } });

  it('tell the place of the object at fault, and of the finding that says why', () => {
    const findings = [
      finding('search', 'rate was changed'),
      finding('rate', 'is slow'),
      finding('rate', 'was changed'),
    ];
    expect(rankOf(findings, scene, [])).toEqual({ place: 2, cause: 3 });
    expect(rankOf(findings.slice(0, 1), scene, [])).toEqual({ place: 0, cause: 0 });
    expect(rankOf(undefined, scene, [])).toEqual({ place: 0, cause: 0 });
  });

  it('tell the place among suspects, when the cause was looked for first', () => {
    const told = (...names: string[]) => ({
      type: 'signals',
      shown: { suspects: names.map((name) => ({ node: { name, object: { kind: 'Deployment', name } }, pod: null })) },
    });
    expect(suspectRank([told('geo', 'rate'), told('rate')], scene, [])).toBe(2);
    expect(suspectRank([{ type: 'result' }], scene, [])).toBe(0);
  });
});

describe('figures of telemetry', () => {
  it('count what was found, and what was opened for nothing', () => {
    const figures = telemetryFigures([found, missed]);
    expect(figures).toMatchObject({ trials: 2, detected: 1, opened: 3, about: 1, mendable: 2, resolved: 1, undone: 1 });
    expect(figures.traced).toEqual({ first: 1, inThree: 2, causeFirst: 1 });
    expect(figures.untraced).toEqual({ first: 0, inThree: 1, causeFirst: 0 });
    // Of times to mend those alone that were mended.
    expect(figures.seconds).toEqual({ alert: 20, incident: 30, behind: 10, mitigate: 70, healthy: 71 });
  });

  it('add up plans and minutes', () => {
    const fix = (entry: FixReport['entry'], passed: boolean): FixReport => ({
      ...{
        entry,
        seed: 1,
        what: '',
        lines: [],
        fate: 'kept',
        passed,
        before: [],
        since: [],
        seconds: { clearing: 66 },
      },
      ...{ problems: passed ? [] : ['kept'], reason: '', invalid: '' },
    });
    expect(fixFigures([fix('good', true), fix('good', false), fix('bad', true)], 'good')).toEqual({
      trials: 2, passed: 1, clearing: 66,
    }); // prettier-ignore
    const calm = (entry: string, incidents: string[]): CalmReport => ({
      entry, seed: 1, what: '', minutes: 10, incidents, unknown: 0, invalid: '',
    }); // prettier-ignore
    expect(calmFigures([calm('shop', []), calm('shop', ['x']), calm('scale:a', [])])).toEqual({
      minutes: 20, incidents: ['x'], scenes: 1, sceneMinutes: 10, sceneIncidents: [],
    }); // prettier-ignore
  });

  it('are a page of their own, which says what was not found', () => {
    const cost: WatchCostReport = {
      ...{ entry: 'watch', seed: 1, what: '1000 services', minutes: 4, share: 0.042, startSeconds: 2, peak: 141 },
      ...{ looks: 16, lookSeconds: { middle: 0.2, most: 3 }, requests: 30, megabytes: 40, incidents: 0, unknown: 0 },
    };
    const faults = [found, missed].map((one) => ({ ...one, ...recorded }));
    const page = telemetryPage({ faults, fixes: [], calm: [], cost: [{ ...cost, ...recorded }] });
    expect(page).toContain(
      '| slow-dependency 1 | SlowRequests | 20.0 | 30.0 | alert | Deployment/rate | 1/1 | 2/3 | resolved |',
    );
    expect(page).toContain('| memory-leak 1 | – | 200.0 | – | – | – | 3/3 | –/– | **named** |');
    expect(page).toContain('1 of 2: 50.0 %');
    expect(page).toContain('4.2 % of one processor, 141 MB');
    expect(() => telemetryPage({ faults: [], fixes: [], calm: [], cost: [] })).toThrow(/npm run bench -- telemetry/);
  });
});

describe('plans of an engineer', () => {
  it('are the same for a seed, ten different ones of each kind', () => {
    for (const draw of [drawGoodFix, drawBadFix]) {
      expect(SEEDS.map(draw)).toEqual(SEEDS.map(draw));
      expect(new Set(SEEDS.map((seed) => draw(seed).lines.join())).size).toBe(FIXES);
      for (const { lines } of SEEDS.map(draw)) for (const line of lines) expect(line).toMatch(/^kubectl [a-z]+ \S/);
    }
  });

  it('that are bad mend what is seen, and break what only an alert shows', () => {
    for (const { lines, alert, target } of SEEDS.map(drawBadFix)) {
      expect(lines[0]).toBe(`kubectl rollout undo deployment/${target}`);
      expect(lines).toHaveLength(2);
      expect(alert).toBeTruthy();
    }
    expect(SEEDS.map(drawGoodFix).every(({ alert }) => alert === undefined)).toBe(true);
  });

  it('come to what the events of the run say', () => {
    const plans = [{ fate: 'not tried' as const, reason: '' }];
    const planned = { type: 'planned', plan: { title: 'Your plan plan.txt' } };
    const steps = [{ ok: true, partial: false, problem: '' }];
    noteFates([planned, { type: 'rehearsed', steps }, { type: 'judged', verdict: { reason: 'worse' } }, { type: 'undone' }], plans);
    expect(plans).toEqual([{ fate: 'undone', reason: 'worse' }]);
    noteFates([planned, { type: 'rehearsed', steps: [{ ok: false, partial: false, problem: 'no' }] }], plans);
    expect(plans).toEqual([{ fate: 'refused', reason: 'no' }]);
  }); // prettier-ignore
});

it('what an autoscaler chooses is left out of a dump, and nothing else', () => {
  const item = (kind: string, name: string, spec: object): [string, Item] => [
    `${kind}/shop/${name}`,
    {
      key: `${kind}/shop/${name}`, kind: { kind, group: 'apps', version: 'v1', resource: '', namespaced: true, statusApart: true },
      custom: false, namespace: 'shop', name, uid: name, object: { metadata: { name }, spec },
    },
  ]; // prettier-ignore
  const dump: Dump = {
    items: new Map([
      item('HorizontalPodAutoscaler', 'search', { scaleTargetRef: { kind: 'Deployment', name: 'search' }, maxReplicas: 6 }),
      item('Deployment', 'search', { replicas: 3, paused: true }),
      item('Deployment', 'rate', { replicas: 3 }),
    ]),
    byUid: new Map(),
    kinds: new Map(),
  }; // prettier-ignore
  const specs = [...withoutScaling(dump).items.values()].map(({ object }) => object.spec as unknown);
  expect(specs.slice(1)).toEqual([{ paused: true }, { replicas: 3 }]);
});
