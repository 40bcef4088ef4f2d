import { describe, expect, it } from 'vitest';
import { LONGEST_ANSWER } from '../../../../src/agents/model/tools/answer.ts';
import { TOOLS, toolSpec } from '../../../../src/agents/model/tools/tools.ts';
import type { AttemptRecord } from '../../../../src/domain/brain.ts';
import type { Plan } from '../../../../src/domain/plan.ts';
import { playbookOf, RECORDED, recordedSnapshot, sharedSnapshot } from '../../../support/recorded.ts';
import type { SignalsNow } from '../../../../src/domain/signals-now.ts';
import { slowGeo } from '../../../support/slow-geo.ts';
import { ask, readsOf, toolDesk } from '../../../support/tool-desk.ts';

const PULL = 'shop-image-pull';

describe('tools', () => {
  it('are described by a JSON schema of an object, in little space', () => {
    const specs = TOOLS.map(toolSpec);
    expect(new Set(specs.map(({ name }) => name)).size).toBe(specs.length);
    for (const { name, description, parameters } of specs) {
      expect(name).toMatch(/^[a-z_]{3,30}$/);
      expect(description.length).toBeGreaterThan(20);
      expect(parameters).toMatchObject({ type: 'object' });
    }
    expect(JSON.stringify(specs).length).toBeLessThan(9_000);
  });

  it.each([
    ['health_report', {}, /Deployment\/hotel-reservation\/profile: object unready/],
    ['list_objects', { kind: 'svc' }, /Service\/hotel-reservation\/profile: ClusterIP, 8081→8081, 0 ready endpoints/],
    ['list_objects', { kind: 'deploy', unhealthy: true }, /^1 of 13 Deployment/],
    ['list_objects', { kind: 'Pod', labels: 'app.kubernetes.io/name=geo' }, /^1 of 15 Pod/],
    [
      'get_object',
      { kind: 'deployments', name: 'deployment/profile' },
      /image: shop\.testbed\.local\/hotel-reservation:1\.5\.0-rc2/,
    ],
    ['get_object', { kind: 'Secret', name: 'profile-redis' }, /keys: \[password, username\]/],
    [
      'describe_object',
      { kind: 'Pod', name: 'profile-6ddf86f9bd-c5q7b' },
      /ErrImagePull[^]*Events:[^]*BackOff[^]*Fields/,
    ],
    ['get_events', { kind: 'Pod', warnings: true }, /Failed .*Failed to pull image/],
    ['get_events', { name: 'nothing-of-it' }, /No such events.*Pod\/hotel-reservation\/profile/],
    ['get_logs', { name: 'profile', grep: 'PANIC' }, /1 lines hold 'PANIC'[^]*panic: no DB/],
    ['get_logs', { name: 'frontend' }, /request <num> served \(×5\)[^]*last lines/],
    [
      'resource_graph',
      { kind: 'Deployment', name: 'search' },
      /Deployment[^]*\n {2}\[E\d+\] ReplicaSet[^]*\n {4}\[E\d+\] Pod/,
    ],
    ['resource_graph', { kind: 'Service', name: 'profile' }, /EndpointSlice[^]*0 ready endpoints[^]*Pod\//],
    [
      'related_objects',
      { kind: 'Service', name: 'profile' },
      /picks Deployment\/profile; 0 of 1 pods ready[^]*named by Deployment\/frontend/,
    ],
    ['call_graph', { name: 'redis-profile' }, /Deployment\/hotel-reservation\/profile.*calls redis-profile:6379/],
    ['call_graph', { name: 'nobody' }, /No call from or to 'nobody'/],
    ['rollout_history', { kind: 'Deployment', name: 'geo' }, /revision 3 \(in use\)[^]*Last change[^]*nodeSelector/],
    [
      'rollout_history',
      { kind: 'Deployment', name: 'geo', from: 2, to: 3 },
      /nodeSelector: \{disktype: nvme\} → \(none\)/,
    ],
    ['recent_changes', {}, /^Deployment\/hotel-reservation\/profile, 4 s ago[^]*kubectl-set wrote/],
    ['recent_changes', { name: 'zz' }, /No such change is recorded; changed were Deployment/],
    [
      'who_changed_what',
      { kind: 'Deployment', name: 'profile' },
      /kubectl-set \(Update, last 4 s ago\): spec\.template\.spec\.containers\[profile\]\.image/,
    ],
    [
      'find_text',
      { text: 'REDIS-PROFILE' },
      /Deployment\/hotel-reservation\/profile .*configMapKeyRef\.key: redis-profile/,
    ],
    ['find_text', { text: 'no such words' }, /No object in scope holds/],
    ['attempts', {}, /Nothing was tried yet\.[^]*not available here/],
    ['get_metrics', { name: 'geo', metric: 'cpu' }, /^Not available/],
    ['get_traces', { service: 'geo' }, /^Not available/],
    ['log_changes', {}, /^Not available/],
    ['kernel_events', {}, /^Not available/],
  ])('%s %j', async (tool, args, expected) => {
    const snapshot = sharedSnapshot(PULL);
    const lines = [1, 2, 3, 4, 5].map((n) => `request ${n} served`);
    const desk = toolDesk(snapshot, { reads: readsOf(snapshot, { '*': [...lines, 'panic: no DB'] }) });
    const { ok, text } = await ask(desk, tool, args);
    expect(text).toMatch(expected);
    expect(ok).toBe(true);
    const shown = [...text.matchAll(/^\s*\[(E\d+)\] /gm)].map(([, id]) => id!);
    for (const id of shown) expect(text).toContain(desk.evidence.get(id)!.text);
  });

  it('show what playbooks found, with the commands of their fixes', async () => {
    const desk = toolDesk(PULL);
    expect((await ask(desk, 'playbook_findings')).text).toMatch(/^Not available/);
    const asked = toolDesk(PULL, { playbook: await playbookOf(desk.snapshot) });
    const { text } = await ask(asked, 'playbook_findings', { rule: 'image-pull' });
    expect(text).toMatch(/^image-pull \(critical, 1 fix\)[^]*fix: kubectl set image deployment\/profile/);
    expect((await ask(asked, 'playbook_findings', { rule: 'none' })).text).toContain('there are image-pull');
  });

  it('show what was tried and what can be undone', async () => {
    const plan = { steps: [{ type: 'kubectl', argv: ['scale', 'deployment/geo', '--replicas=2'] }] } as unknown as Plan;
    const attempt: AttemptRecord = {
      attempt: 1,
      plan,
      outcome: 'undone',
      reason: 'nothing got better',
      lesson: 'not replicas',
    };
    const desk = toolDesk(PULL, { attempts: [attempt], undoStack: async () => ['scale deployment/geo 1 → 2'] });
    const { text } = await ask(desk, 'attempts');
    expect(text).toMatch(
      /Attempt 1, undone: nothing got better[^]*kubectl scale[^]*lesson: not replicas[^]*last first:[^]*1 → 2/,
    );
  });

  describe('of telemetry', () => {
    const now = Date.UTC(2026, 10, 21, 3);
    const asked = async (tool: string, args: object, change: Partial<SignalsNow> = {}) => {
      const desk = toolDesk(PULL, { signals: { ...slowGeo(now), ...change } });
      const { ok, text } = await ask(desk, tool, args);
      expect(ok).toBe(true);
      for (const [, id] of text.matchAll(/^\s*\[(E\d+)\] /gm)) expect(text).toContain(desk.evidence.get(id!)!.text);
      return text;
    };

    it('tell of logs what they did not say before, with counts, of one workload or of all', async () => {
      const text = await asked('log_changes', {});
      expect(text).toMatch(/^VictoriaLogs in monitoring, since 9 min ago/);
      expect(text).toMatch(
        /\[E1\] Deployment\/hotel-reservation\/search: new: ERROR nearby: rpc to geo:<num> timed out after <num> \(214 times, never in the 30 min before; last 30 s ago\)/,
      );
      expect(text).toMatch(/trouble: WARN cache miss for <id> \(31 times, 88 times in the 30 min before/);
      expect(text).toContain('3 more kinds of lines are not kept');
      expect(await asked('log_changes', { name: 'geo' })).toContain('Nothing new, and nothing of trouble.');
      expect(await asked('log_changes', { name: 'deployment/search' })).toContain('ERROR nearby');
    });

    it('say of logs what is not known of them', async () => {
      const { logs } = slowGeo(now);
      expect(await asked('log_changes', {}, { logs: { ...logs!, unknown: 'only 3 lines from before' } })).toContain(
        'not known: only 3 lines from before',
      );
      const signals: SignalsNow = { ...slowGeo(now), notes: ['VictoriaLogs in monitoring: it refuses (403)'] };
      delete signals.logs;
      const { text } = await ask(toolDesk(PULL, { signals }), 'log_changes');
      expect(text).toMatch(/^No logs were compared[^]*not known: VictoriaLogs in monitoring: it refuses/);
    });

    it('tell of kernels what is above what is usual', async () => {
      expect(await asked('kernel_events', {})).toMatch(
        /^\[E1\] Node\/node1: TCP segments sent again on Node\/node1: 14 a second/,
      );
      expect(await asked('kernel_events', {}, { kernel: [], notes: ['events of kernels: no answer'] })).toMatch(
        /^Nothing above what is usual, as far as kernels are read\.\nnot known: events of kernels: no answer$/,
      );
    });

    it('tell of metrics and traces what signals and suspects say', async () => {
      expect(await asked('get_metrics', { name: 'geo', metric: 'latency' })).toMatch(
        /Deployment\/hotel-reservation\/geo: wrong now: p99 latency of geo is 412 ms[^]*not known: too few requests to search/,
      );
      expect(await asked('get_metrics', { name: 'rate', metric: 'cpu' })).toMatch(
        /^Metrics tell of nothing unusual about rate, as far as they are judged\./,
      );
      expect(await asked('get_traces', { service: 'geo' })).toMatch(
        /the trouble may begin in geo: a request spends 389 ms[^]*almost certain[^]*trace 4bf92f[^]*- - - geo Nearby 431 ms error[^]*2 more calls/,
      );
    });

    it('redact and bound all of it', async () => {
      const { logs } = slowGeo(now);
      const [first] = logs!.templates;
      const evil = { ...first!, text: `\u001b[31mtoken=hunter2hunter2 ${'y'.repeat(2_000)}` };
      const text = await asked(
        'log_changes',
        {},
        { logs: { ...logs!, templates: Array(40).fill(evil) as (typeof evil)[] } },
      );
      expect(text).not.toMatch(/\u001b|hunter2/);
      expect(text.length).toBeLessThanOrEqual(LONGEST_ANSWER);
    });
  });

  it('hand questions on to telemetry where there is one, and redact and bound what it says', async () => {
    const asked: unknown[] = [];
    const metrics = async (question: unknown) => {
      asked.push(question);
      return `\u001b[31mcpu high\u001b[0m password=hunter2 ${'x'.repeat(20_000)}`;
    };
    const { text } = await ask(toolDesk(PULL, { metrics }), 'get_metrics', { name: 'geo', metric: 'cpu', minutes: 5 });
    expect(asked).toEqual([{ name: 'geo', namespace: 'hotel-reservation', metric: 'cpu', minutes: 5 }]);
    expect(text).toMatch(/^cpu high password=\[redacted\]/);
    expect(text.length).toBeLessThanOrEqual(LONGEST_ANSWER);
  });
});

describe('a wrong question is answered with what to ask instead:', () => {
  it.each([
    ['no such tool', 'list_object', {}, /there is no tool 'list_object'; did you mean 'list_objects'/],
    ['no JSON', 'list_objects', '{kind: svc', /no JSON object; write for example \{"kind":"Deployment"\}/],
    ['a list', 'list_objects', '[1]', /no JSON object/],
    [
      'a missing argument',
      'get_object',
      { kind: 'svc' },
      /name: Invalid input.*write for example \{"kind":"Deployment","name":"geo"\}/,
    ],
    ['a wrong type', 'get_metrics', { name: 'geo', metric: 'speed' }, /metric: Invalid option/],
    ['no such kind', 'list_objects', { kind: 'podz' }, /kind 'podz' cannot be read; did you mean 'pod'/],
    ['a kind that holds rights', 'list_objects', { kind: 'tokenreviews' }, /cannot be read/],
    [
      'no such name',
      'get_object',
      { kind: 'Service', name: 'profil' },
      /there is no Service 'profil'.*did you mean 'profile'/,
    ],
    ['no such pod', 'get_logs', { name: 'gee' }, /did you mean 'geo'/],
    [
      'no such container',
      'get_logs',
      { name: 'geo-77b89659dc-nnx4d', container: 'goe' },
      /no container 'goe'; did you mean 'geo'/,
    ],
    [
      'no such revision',
      'rollout_history',
      { kind: 'Deployment', name: 'geo', from: 9 },
      /there is no revision 9; there are 3, 2/,
    ],
    [
      'another namespace',
      'related_objects',
      { kind: 'Service', name: 'geo', namespace: 'other' },
      /out of scope; in scope: hotel-reservation/,
    ],
    ['labels in another form', 'list_objects', { kind: 'Pod', labels: 'app geo' }, /key=value/],
  ])('%s', async (_case, tool, args, expected) => {
    const { ok, text } = await ask(toolDesk(PULL), tool, args);
    expect(text).toMatch(expected);
    expect(ok).toBe(false);
  });

  it('takes arguments in Markdown, as a string, with nulls, or none at all', async () => {
    const inFence = '```json\n{"kind": "Service", "namespace": null}\n```';
    for (const args of [inFence, JSON.stringify('{"kind":"Service"}')])
      expect((await ask(toolDesk(PULL), 'list_objects', args)).text).toMatch(/^12 of 12 Service/);
    for (const args of ['', 'null', '{}']) expect((await ask(toolDesk(PULL), 'health_report', args)).ok).toBe(true);
  });

  it('the same call twice in a row, but not once others were made or the cluster was read again', async () => {
    const desk = toolDesk(PULL);
    expect((await ask(desk, 'list_objects', { kind: 'Service' })).ok).toBe(true);
    const again = await ask(desk, 'list_objects', '{ "namespace": null, "kind": "Service" }');
    expect(again).toMatchObject({ ok: false, text: expect.stringMatching(/this very call/) as string });
    for (const kind of ['Pod', 'Node', 'Secret', 'ConfigMap', 'Event', 'Deployment'])
      await ask(desk, 'list_objects', { kind });
    expect((await ask(desk, 'list_objects', { kind: 'Service' })).ok).toBe(true);
    const fresh = { ...desk, snapshot: recordedSnapshot(PULL) };
    expect((await ask(fresh, 'list_objects', { kind: 'Service' })).ok).toBe(true);
  });

  it('what could not be read is unknown, never absent', async () => {
    const snapshot = recordedSnapshot(PULL);
    delete snapshot.objects.Event;
    delete snapshot.objects.ConfigMap;
    Object.assign(snapshot.unreadable, { Event: 'forbidden', ConfigMap: 'forbidden' });
    const forbidden = async () => Promise.reject(new Error('configmaps is forbidden'));
    const desk = toolDesk(snapshot, { reads: { ...readsOf(snapshot), list: forbidden, readLog: forbidden } });
    expect((await ask(desk, 'get_events')).text).toContain('could not be read');
    expect((await ask(desk, 'list_objects', { kind: 'ConfigMap' })).text).toContain('configmaps is forbidden');
    expect((await ask(desk, 'related_objects', { kind: 'ConfigMap', name: 'x' })).text).toContain('unknown: ConfigMap');
    expect((await ask(desk, 'related_objects', { kind: 'Deployment', name: 'profile' })).text).not.toContain(
      'does not exist',
    );
    expect((await ask(desk, 'get_logs', { name: 'geo' })).text).toContain('could not be read: configmaps is forbidden');
  });

  it('a stop is a stop', async () => {
    const stop = AbortSignal.abort(new Error('enough'));
    await expect(ask(toolDesk(PULL, { signal: stop }), 'health_report')).rejects.toThrow('enough');
  });
});

describe('any answer', () => {
  it.each(RECORDED.filter((name) => name.startsWith('shop')))(
    '%s: is bounded, without credentials and characters that act',
    async (name) => {
      const snapshot = recordedSnapshot(name);
      for (const secret of snapshot.objects.Secret ?? []) secret['data'] = { password: 'aHVudGVyMg==' };
      for (const { spec } of snapshot.objects.Deployment ?? [])
        spec.template.spec.containers[0].env = [
          { name: 'DB_PASSWORD', value: 'hunter2' },
          { name: 'X', value: '\u001b[2J\u202e' },
        ];
      const log = [
        '\u001b[31mDB_PASSWORD=hunter2',
        ...Array.from({ length: 500 }, (_, n) => `word${String.fromCharCode(97 + (n % 26))}${n} ${'y'.repeat(200)}`),
      ];
      const desk = toolDesk(snapshot, {
        reads: readsOf(snapshot, { '*': log, '*/previous': log }),
        playbook: await playbookOf(snapshot),
      });
      const subjects = ['Deployment', 'Service', 'Secret', 'Pod'].flatMap((kind) =>
        (snapshot.objects[kind] ?? []).slice(0, 2).map(({ metadata }) => ({ kind, name: metadata.name })),
      );
      const calls: [string, unknown][] = [
        ...TOOLS.map(({ name: tool }): [string, unknown] => [
          tool,
          { kind: 'Pod', name: 'geo', text: 'hunter', service: 'geo', metric: 'cpu' },
        ]),
        ...['Pod', 'Secret', 'ConfigMap', 'Deployment', 'Event'].map((kind): [string, unknown] => [
          'list_objects',
          { kind },
        ]),
        ...subjects.flatMap((subject) =>
          [
            'get_object',
            'describe_object',
            'resource_graph',
            'related_objects',
            'rollout_history',
            'who_changed_what',
          ].map((tool): [string, unknown] => [tool, subject]),
        ),
      ];
      for (const [tool, args] of calls) {
        const { text } = await ask(desk, tool, args);
        expect(text.length, tool).toBeLessThanOrEqual(LONGEST_ANSWER);
        expect(text, tool).not.toMatch(/hunter2|aHVudGVyMg|[\u0000-\u0008\u000b-\u001f\u202e]/);
        expect(text, tool).not.toMatch(/undefined|\[object|NaN/);
      }
    },
  );
});
