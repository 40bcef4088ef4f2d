import { describe, expect, it } from 'vitest';
import type { Finding, Fix } from '../../../src/domain/finding.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [5, 88, 4711];

const liveness = { httpGet: { path: '/', port: 8080, scheme: 'HTTP' }, periodSeconds: 4, failureThreshold: 3 };

interface Broken {
  /** The first container now and, where given, in the revision before. */
  now: Loose;
  before?: Loose;
  podSpec?: Loose;
  podBefore?: Loose;
  status: Loose;
  events?: [string, string, number?][];
  log?: string[];
}

/** A workload whose only pod suffers from what the present revision holds. */
function broken(seed: number, { now, before, podSpec, podBefore, status, events = [], log }: Broken) {
  const world = new World(seed);
  const base = world.container({ port: 8080 });
  const workload = world.workload({
    replicas: 1,
    pods: 'waiting',
    containers: [{ ...base, ...now }],
    podSpec,
    earlier: before ? [{ containers: [{ ...base, ...before }], podSpec: podBefore }] : [],
  }) as Loose;
  const [pod] = world.podsOf(workload) as [Loose];
  pod.status.phase = 'Running';
  pod.status.containerStatuses[0] = { ...pod.status.containerStatuses[0], ready: false, ...status };
  for (const [reason, message, count = 5] of events) {
    world.event(pod, reason, message, { type: 'Warning', count, lastTimestamp: '2031-05-06T07:08:00Z' });
  }
  if (log) world.logs.set(`${pod.metadata.name}/${base.name}/true`, log);
  if (log) world.logs.set(`${pod.metadata.name}/${base.name}/false`, log);
  return { world, workload, container: base.name as string };
}

const running = (startedAt = '2031-05-06T07:05:00Z') => ({ state: { running: { startedAt } }, restartCount: 0 });
const crashed = (terminated: Loose = {}) => ({
  restartCount: 4,
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: {
    terminated: {
      exitCode: 1,
      reason: 'Error',
      startedAt: '2031-05-06T07:07:00Z',
      finishedAt: '2031-05-06T07:07:13Z',
      ...terminated,
    },
  },
});

function after(workload: Loose, fix: Fix | undefined): Loose {
  const result = applyPatch(workload, patchOps(fix!.commands[0]!));
  return result.spec.template.spec.containers[0];
}

/** No fix takes a probe or a limit away, or makes the program freer. */
function expectNoCheat(workload: Loose, finding: Finding): void {
  const present = workload.spec.template.spec.containers[0];
  for (const fix of finding.fixes) {
    if (!fix.commands[0]!.some((word) => word.startsWith('-p='))) continue;
    const container = after(workload, fix);
    for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe'])
      if (present[field]) expect(container[field], field).toBeDefined();
    if (present.resources?.limits?.memory) expect(container.resources.limits.memory).toBeDefined();
    expect(container.securityContext?.privileged ?? false).toBe(false);
  }
}

describe.each(SEEDS)('programs that a probe kills while they start (seed %i)', (seed) => {
  const killed = (now: Loose, before?: Loose, terminated: Loose = { exitCode: 137 }) =>
    broken(seed, {
      now,
      before,
      status: crashed(terminated),
      events: [
        [
          'Unhealthy',
          'Liveness probe failed: Get "http://10.1.1.1:8080/": dial tcp 10.1.1.1:8080: connect: connection refused',
        ],
        ['Killing', 'Container x failed liveness probe, will be restarted'.replace('x', 'program')],
      ],
      log: ['loading'],
    });

  it('get the former startup probe back', async () => {
    const startupProbe = { ...liveness, periodSeconds: 2, failureThreshold: 30 };
    const { world, workload } = killed({ livenessProbe: liveness }, { livenessProbe: liveness, startupProbe });
    const finding = await onlyFinding(world, 'slow-start');
    expect(finding.severity).toBe('critical');
    expect(after(workload, finding.fixes[0])).toMatchObject({ livenessProbe: liveness, startupProbe });
    expectNoCheat(workload, finding);
    expect(byRule(await world.diagnose(), 'memory-limit')).toEqual([]);
  });

  it('get a startup probe made of the liveness probe where none was before', async () => {
    const { world, workload } = killed({ livenessProbe: liveness });
    const finding = await onlyFinding(world, 'slow-start');
    const container = after(workload, finding.fixes[0]);
    expect(container.livenessProbe).toEqual(liveness);
    expect(container.startupProbe.httpGet).toEqual(liveness.httpGet);
    expect(container.startupProbe.periodSeconds * container.startupProbe.failureThreshold).toBeGreaterThanOrEqual(120);
  });

  it('get what they were run with before, before a time is made up', async () => {
    const args = (port: number) => ({ livenessProbe: liveness, args: ['-p', String(port)] });
    const { world, workload } = killed(args(8149), args(8080));
    const { fixes } = await onlyFinding(world, 'slow-start');
    expect(after(workload, fixes[0]).args).toEqual(['-p', '8080']);
    expect(fixes[1]!.confidence).toBeLessThan(fixes[0]!.confidence);
  });

  it('keep a liveness probe that an earlier state lacks', async () => {
    const { world, workload } = killed({ livenessProbe: liveness }, {});
    expectNoCheat(workload, await onlyFinding(world, 'slow-start'));
  });

  it('are asked where they listen, if the probe asks elsewhere and each start fails the readiness probe once', async () => {
    const get = (port: number) => ({ httpGet: { path: '/', port } });
    const refused = (port: number) =>
      `probe failed: Get "http://10.1.1.1:${port}/": dial tcp: connect: connection refused`;
    const { world, workload } = broken(seed, {
      now: { livenessProbe: { ...get(40), periodSeconds: 1, failureThreshold: 2 }, readinessProbe: get(8080) },
      status: crashed({ exitCode: 137 }),
      events: [
        ['Unhealthy', `Liveness ${refused(40)}`],
        ['Unhealthy', `Readiness ${refused(8080)}`, 1],
        ['Killing', 'Container program failed liveness probe, will be restarted'],
      ],
    });
    const finding = await onlyFinding(world, 'probe-target');
    expect(after(workload, finding.fixes[0]).livenessProbe.httpGet.port).toBe(8080);
    expectNoCheat(workload, finding);
    expect(byRule(await world.diagnose(), 'slow-start')).toEqual([]);
  });

  it('are not meant where the program ran long before', async () => {
    const terminated = { exitCode: 137, startedAt: '2031-05-06T06:07:00Z' };
    const { world } = killed({ livenessProbe: liveness }, undefined, terminated);
    expect(byRule(await world.diagnose(), 'slow-start')).toEqual([]);
  });
});

describe.each(SEEDS)('probes that give up too early (seed %i)', (seed) => {
  const probe = { exec: { command: ['check'] }, periodSeconds: 5, failureThreshold: 3 };
  const slow = (before?: Loose) =>
    broken(seed, {
      now: { readinessProbe: { ...probe, timeoutSeconds: 1 } },
      before,
      status: running(),
      events: [['Unhealthy', 'Readiness probe failed: command timed out: "check" timed out after 1s']],
    });

  it('wait as long as before', async () => {
    const { world, workload } = slow({ readinessProbe: { ...probe, timeoutSeconds: 6 } });
    const finding = await onlyFinding(world, 'probe-timeout');
    expect(after(workload, finding.fixes[0]).readinessProbe).toEqual({ ...probe, timeoutSeconds: 6 });
    expect((await world.diagnose())[0]!.rule).toBe('probe-timeout');
  });

  it('wait longer where nothing tells how long', async () => {
    const { world, workload } = slow();
    const finding = await onlyFinding(world, 'probe-timeout');
    expect(after(workload, finding.fixes[0]).readinessProbe).toEqual({ ...probe, timeoutSeconds: 5 });
    expectNoCheat(workload, finding);
  });
});

describe.each(SEEDS)('probes that ask the wrong thing (seed %i)', (seed) => {
  const asking = (now: Loose, message: string, before?: Loose) =>
    broken(seed, { now, before, status: running(), events: [['Unhealthy', `Readiness probe failed: ${message}`]] });
  const get = (change: Loose) => ({
    readinessProbe: { httpGet: { path: '/', port: 8080, scheme: 'HTTP', ...change } },
  });
  const refused = 'Get "http://10.1.1.1:40/": dial tcp 10.1.1.1:40: connect: connection refused';

  it('ask the former port again', async () => {
    const { world, workload } = asking(get({ port: 40 }), refused, get({}));
    const finding = await onlyFinding(world, 'probe-target');
    expect(after(workload, finding.fixes[0]).readinessProbe).toEqual(get({}).readinessProbe);
  });

  it('ask the one port that the container declares', async () => {
    const { world, workload } = asking(get({ port: 40 }), refused);
    const finding = await onlyFinding(world, 'probe-target');
    expect(after(workload, finding.fixes[0]).readinessProbe.httpGet.port).toBe(8080);
    expectNoCheat(workload, finding);
  });

  it('ask their own pod again where they ask another host', async () => {
    const said = 'Get "http://www.shop.test:8080/": dial tcp: lookup www.shop.test: no such host';
    const { world, workload } = asking(get({ host: 'www.shop.test' }), said, get({}));
    const finding = await onlyFinding(world, 'probe-target');
    expect(finding.message).toContain('asks host www.shop.test instead of its own pod');
    expect(after(workload, finding.fixes[0]).readinessProbe).toEqual(get({}).readinessProbe);
  });

  it('ask a port by a name that exists', async () => {
    const { world, workload } = asking(get({ port: 'htpp' }), 'strconv.Atoi: parsing "htpp": invalid syntax');
    const finding = await onlyFinding(world, 'probe-target');
    expect(finding.message).toContain('htpp');
    expect(after(workload, finding.fixes[0]).readinessProbe.httpGet.port).toBe('http');
  });

  it('speak the scheme in which the program answers', async () => {
    const message = 'Get "https://10.1.1.1:8080/": http: server gave HTTP response to HTTPS client';
    const { world, workload } = asking(get({ scheme: 'HTTPS' }), message);
    const finding = await onlyFinding(world, 'probe-target');
    expect(after(workload, finding.fixes[0]).readinessProbe.httpGet.scheme).toBe('HTTP');
  });

  it('run a command that the image does not have: explained, or as it was before', async () => {
    const said =
      'failed to exec in container: OCI runtime exec failed: exec failed: exec: "curl": executable file not found in $PATH: unknown';
    const runs = (program: string) => ({ readinessProbe: { exec: { command: [program, '-f', 'localhost:8080'] } } });
    const unknown = await onlyFinding(asking(runs('curl'), said).world, 'probe-target');
    expect(unknown.message).toContain('runs curl');
    expect(unknown.fixes).toEqual([]);
    const { world, workload } = asking(runs('curl'), said, runs('wget'));
    const finding = await onlyFinding(world, 'probe-target');
    expect(after(workload, finding.fixes[0]).readinessProbe).toEqual(runs('wget').readinessProbe);
  });

  it('are explained, not guessed at, where a path is not served and none is known to be', async () => {
    const { world } = asking(get({ path: '/wrong' }), 'HTTP probe failed with statuscode: 404');
    const finding = await onlyFinding(world, 'probe-target');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('path');
  });

  it('are not blamed where the program does not listen on its own port', async () => {
    const message = 'Get "http://10.1.1.1:8080/": dial tcp 10.1.1.1:8080: connect: connection refused';
    const { world } = asking(get({}), message);
    const rules = (await world.diagnose()).map(({ rule }) => rule);
    expect(rules).not.toContain('probe-target');
    expect(rules).toContain('pod-unready');
  });
});

describe.each(SEEDS)('containers killed for their memory (seed %i)', (seed) => {
  const limits = (memory: string) => ({ resources: { limits: { memory }, requests: { memory } } });
  const oom = crashed({ exitCode: 137, reason: 'OOMKilled' });

  it('get their former limit back', async () => {
    const { world, workload } = broken(seed, { now: limits('10Mi'), before: limits('128Mi'), status: oom });
    const finding = await onlyFinding(world, 'memory-limit');
    expect(after(workload, finding.fixes[0]).resources).toEqual(limits('128Mi').resources);
    expectNoCheat(workload, finding);
  });

  const unprepared = (before?: Loose, other = '64Mi') => {
    const made = broken(seed, {
      now: limits('96m'),
      before,
      status: { state: { waiting: { reason: 'ContainerCreating' } }, restartCount: 0 },
      events: [['FailedMount', 'MountVolume.SetUp failed for volume "kube-api-access": no space left on device']],
    });
    made.world.workload({ containers: [{ ...made.world.container(), ...limits(other) }] });
    return made;
  };

  it('are named where their unit is thousandths of a byte, and get their former one back', async () => {
    const { world, workload } = unprepared(limits('80Mi'));
    const finding = await onlyFinding(world, 'memory-limit');
    expect(finding.message).toContain('its memory limit of 96m: m is for thousandths, so it comes to 0.096 bytes');
    expect(after(workload, finding.fixes[0]).resources).toEqual(limits('80Mi').resources);
    expectNoCheat(workload, finding);
  });

  it('get the unit that their neighbours use', async () => {
    const { world, workload } = unprepared();
    const finding = await onlyFinding(world, 'memory-limit');
    expect(after(workload, finding.fixes[0]).resources.limits.memory).toBe('96Mi');
    world.list('Event').forEach((event) => world.remove(event));
    expect(byRule(await world.diagnose(), 'memory-limit')).toEqual([]);
  });

  it('get a somewhat larger one where none is known, within what the namespace allows', async () => {
    const { world, workload } = broken(seed, { now: limits('100Mi'), before: {}, status: oom });
    world.add('LimitRange', 'v1', 'range', { spec: { limits: [{ type: 'Container', max: { memory: '150Mi' } }] } });
    const finding = await onlyFinding(world, 'memory-limit');
    expect(after(workload, finding.fixes[0]).resources.limits.memory).toBe('150Mi');
    expectNoCheat(workload, finding);
  });

  it('get their former heap back where it outgrew the limit', async () => {
    const heap = (size: string) => ({ ...limits('512Mi'), env: [{ name: 'JAVA_TOOL_OPTIONS', value: `-Xmx${size}` }] });
    const { world, workload } = broken(seed, { now: heap('2g'), before: heap('256m'), status: oom });
    const finding = await onlyFinding(world, 'memory-limit');
    expect(finding.message).toContain('-Xmx2g');
    expect(after(workload, finding.fixes[0]).env).toEqual(heap('256m').env);
  });

  it('get their former program back where the former limit alone does not help', async () => {
    const now = { ...limits('10Mi'), args: ['--load-all'] };
    const before = { ...limits('64Mi'), args: ['--lazy'] };
    const { world, workload } = broken(seed, { now, before, status: oom });
    const [first, second] = (await onlyFinding(world, 'memory-limit')).fixes;
    expect(after(workload, first).args).toEqual(now.args);
    expect(after(workload, second)).toMatchObject(before);
  });

  it('are left alone once they outlived it', async () => {
    const { world } = broken(seed, { now: limits('100Mi'), status: { ...oom, ...running() } });
    const pod = world.list('Pod').find(({ status }) => status.containerStatuses[0].lastState) as Loose;
    pod.status.containerStatuses[0].ready = true;
    pod.status.conditions[0].status = 'True';
    expect(byRule(await world.diagnose(), 'memory-limit')).toEqual([]);
  });
});

describe.each(SEEDS)('a read-only file system (seed %i)', (seed) => {
  const hard = { securityContext: { readOnlyRootFilesystem: true } };

  it.each([
    ["mkdir: can't create directory '/spool/': Read-only file system", '/spool'],
    ['open /data/cache/state.db: read-only file system', '/data/cache'],
    ["Error: EROFS: read-only file system, open '/srv/out/x.json'", '/srv/out'],
    ["OSError: [Errno 30] Read-only file system: '/work/tmp.txt'", '/work'],
  ])('gets an empty volume where the log says: %s', async (line, directory) => {
    const { world, workload } = broken(seed, { now: hard, before: {}, status: crashed(), log: ['starting', line] });
    const finding = await onlyFinding(world, 'read-only-root');
    const container = after(workload, finding.fixes[0]);
    expect(container.securityContext).toEqual(hard.securityContext);
    expect(container.volumeMounts).toEqual([{ name: expect.any(String), mountPath: directory }]);
    const patched = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(patched.spec.template.spec.volumes).toEqual([{ name: container.volumeMounts[0].name, emptyDir: {} }]);
  });

  it.each(['/etc/app.conf', '/usr/share/x/y', '/x.txt'])('gets none that would hide %s', async (path) => {
    const { world, workload } = broken(seed, {
      now: hard,
      status: crashed(),
      log: [`open ${path}: read-only file system`],
    });
    expect((await onlyFinding(world, 'read-only-root')).fixes).toEqual([]);
    expectNoCheat(workload, await onlyFinding(world, 'read-only-root'));
  });

  it('gets a former volume back first', async () => {
    const mounts = { ...hard, volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }] };
    const { world, workload } = broken(seed, {
      now: hard,
      before: mounts,
      podBefore: { volumes: [{ name: 'tmp', emptyDir: {} }] },
      status: crashed(),
      log: ['open /tmp/a: read-only file system'],
    });
    expect(after(workload, (await onlyFinding(world, 'read-only-root')).fixes[0])).toMatchObject(mounts);
  });
});

describe.each(SEEDS)('files that a program may not use (seed %i)', (seed) => {
  const log = ['touch: /data/x: Permission denied'];
  const mounts = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
  const podSpec = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'c' } }] };

  it('are usable again with the former group', async () => {
    const { world, workload } = broken(seed, {
      now: mounts,
      before: mounts,
      podSpec: { ...podSpec, securityContext: { runAsUser: 1000 } },
      podBefore: { ...podSpec, securityContext: { runAsUser: 1000, fsGroup: 1000 } },
      status: crashed(),
      log,
    });
    const finding = await onlyFinding(world, 'file-permission');
    const patched = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(patched.spec.template.spec.securityContext).toEqual({ runAsUser: 1000, fsGroup: 1000 });
  });

  it('belong to the group as which the program runs, not to root', async () => {
    const { world, workload } = broken(seed, {
      now: mounts,
      podSpec: { ...podSpec, securityContext: { runAsUser: 1000 } },
      status: crashed(),
      log,
    });
    const finding = await onlyFinding(world, 'file-permission');
    const patched = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(patched.spec.template.spec.securityContext).toEqual({ runAsUser: 1000, fsGroup: 1000 });
  });

  it('are nothing to guess about otherwise', async () => {
    const { world } = broken(seed, { now: {}, status: crashed(), log: ['db: permission denied for table x'] });
    expect(byRule(await world.diagnose(), 'file-permission')).toEqual([]);
  });
});

describe.each(SEEDS)('containers that cannot start (seed %i)', (seed) => {
  const refused = (reason: string, message: string) => ({ restartCount: 0, state: { waiting: { reason, message } } });

  it.each([
    [
      'RunContainerError',
      'exec: "srv": executable file not found in $PATH',
      { command: ['srv'] },
      { command: ['server'] },
    ],
    [
      'CreateContainerConfigError',
      'container has runAsNonRoot and image will run as root',
      { securityContext: { runAsNonRoot: true } },
      { securityContext: { runAsNonRoot: true, runAsUser: 7 } },
    ],
    [
      'RunContainerError',
      'OCI runtime create failed: chdir to cwd ("/nowhere") set in config.json failed',
      { workingDir: '/nowhere' },
      { workingDir: '/srv' },
    ],
    [
      'CreateContainerConfigError',
      'failed to prepare subPath for volumeMount "v" of container "c"',
      { volumeMounts: [{ name: 'v', subPath: 'b' }] },
      { volumeMounts: [{ name: 'v', subPath: 'a' }] },
    ],
  ])('get back what was there before: %s %s', async (reason, message, now, before) => {
    const { world, workload } = broken(seed, { now, before, status: refused(reason, message) });
    const finding = await onlyFinding(world, 'container-start');
    expect(after(workload, finding.fixes[0])).toMatchObject(before);
  });

  describe('because they must not run as root', () => {
    const status = refused('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root');
    const now = { securityContext: { runAsNonRoot: true } };

    it('keep that restriction, and try a user without rights', async () => {
      const { world, workload } = broken(seed, { now, before: {}, status });
      const finding = await onlyFinding(world, 'container-start');
      expect(finding.fixes).toHaveLength(1);
      const { securityContext } = after(workload, finding.fixes[0]);
      expect(securityContext).toEqual({ runAsNonRoot: true, runAsUser: expect.any(Number) });
      expect(securityContext.runAsUser).toBeGreaterThan(10_000);
    });

    it('get the user as which the same image runs', async () => {
      const { world, workload } = broken(seed, { now: { ...now, image: 'registry.example/own:1' }, status });
      const other = world.container({ image: 'registry.example/own:1', securityContext: { runAsUser: 1234 } });
      world.workload({ containers: [other] });
      const finding = await onlyFinding(world, 'container-start');
      expect(after(workload, finding.fixes[0]).securityContext).toEqual({ runAsNonRoot: true, runAsUser: 1234 });
    });

    it.each([
      ['nothing tells whether it works', { readinessProbe: undefined }],
      ['it keeps data', { volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
      ['its template says as whom', { securityContext: { runAsNonRoot: true, runAsUser: 0 } }],
    ])('are named only where %s', async (_, more) => {
      const podSpec = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
      const { world } = broken(seed, { now: { ...now, ...more }, before: more, podSpec, podBefore: podSpec, status });
      const finding = await onlyFinding(world, 'container-start');
      expect(finding.fixes).toEqual([]);
      expect(finding.unfixed).toContain('runAsUser');
    });
  });

  it('leave missing configuration to its rule', async () => {
    const { world } = broken(seed, {
      now: {},
      status: refused('CreateContainerConfigError', 'configmap "x" not found'),
    });
    expect(byRule(await world.diagnose(), 'container-start')).toEqual([]);
  });
});

describe.each(SEEDS)('what changed in the last revision (seed %i)', (seed) => {
  it.each([
    [{ args: ['--bad'] }, { args: ['--good'] }],
    [{ env: [{ name: 'MODE', value: 'x' }] }, { env: [{ name: 'MODE', value: 'y' }] }],
  ])('is put back, and nothing else, where the container crashes: %j', async (now, before) => {
    const { world, workload } = broken(seed, { now, before, status: crashed(), log: ['no'] });
    const finding = await onlyFinding(world, 'container-crash');
    expect(after(workload, finding.fixes[0])).toEqual({ ...workload.spec.template.spec.containers[0], ...before });
    expect(finding.fixes.at(-1)!.commands[0]).toContain('undo');
    expect((await world.plan())!.steps).toHaveLength(1);
  });

  it('may be what two revisions changed one after the other', async () => {
    const world = new World(seed);
    const base = world.container({ port: 8080 });
    const [once, twice] = [
      { ...base, image: 'x/once:1' },
      { ...base, image: 'x/once:1', args: ['--bad'] },
    ];
    const earlier = [{ containers: [base] }, { containers: [once] }];
    const workload = world.workload({ replicas: 1, pods: 'waiting', containers: [twice], earlier });
    Object.assign((world.podsOf(workload)[0] as Loose).status.containerStatuses[0], { ready: false, ...crashed() });
    const finding = await onlyFinding(world, 'container-crash');
    const rollbacks = finding.fixes.flatMap(({ changes: [change] }) =>
      change?.type === 'rollout-undo' ? change.revision : [],
    );
    expect(rollbacks).toEqual([2, 1]);
  });

  describe('is a container beside it that takes its port', () => {
    const beside = (log: string[], before?: 'too') => {
      const { world, workload } = broken(seed, { now: {}, before: {}, status: crashed(), log });
      const proxy = world.container({ name: 'added-proxy', port: 8080 });
      const [own] = workload.spec.template.spec.containers;
      const [former, now] = world.revisionsOf(workload) as [Loose, Loose];
      const [pod] = world.podsOf(workload) as [Loose];
      for (const one of [workload.spec.template, now.spec.template, pod, ...(before ? [former.spec.template] : [])])
        one.spec = { ...one.spec, containers: [proxy, own] };
      return { world, workload, own };
    };

    it('and goes, where the log says that the port is taken', async () => {
      const { world, workload, own } = beside(['httpd: bind: Address already in use']);
      const finding = await onlyFinding(world, 'container-crash');
      expect(finding.message).toContain('added-proxy');
      const patched = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
      expect(patched.spec.template.spec.containers).toEqual([own]);
    });

    it('but not where the log says something else, or it was there before', async () => {
      for (const { world } of [beside(['no such table']), beside(['bind: Address already in use'], 'too')]) {
        expect((await onlyFinding(world, 'container-crash')).message).not.toContain('added-proxy');
      }
    });
  });

  it('is nothing where the pods were only made anew', async () => {
    const { world, workload } = broken(seed, { now: {}, before: {}, status: crashed(), log: ['no'] });
    const [former] = world.revisionsOf(workload) as [Loose];
    former.spec.template.metadata.annotations = { 'kubectl.kubernetes.io/restartedAt': '2031-05-06T05:00:00Z' };
    expect((await onlyFinding(world, 'container-crash')).fixes).toEqual([]);
    former.status.readyReplicas = 1;
    expect((await onlyFinding(world, 'container-crash')).fixes).toHaveLength(1);
  });

  it('is one variable where the log names it, though more of the environment differs', async () => {
    const [mode, key, later] = ['MODE', 'API_KEY', 'API_KEY_ID'].map((name) => ({ name, value: `${name} before` }));
    const now = { env: [{ ...mode!, value: 'now' }, later, { name: 'NEW', value: '1' }] };
    const log = ['fatal: API_KEY is not set'];
    const { world, workload } = broken(seed, { now, before: { env: [mode, key, later] }, status: crashed(), log });
    const finding = await onlyFinding(world, 'container-crash');
    expect(after(workload, finding.fixes[0]).env).toEqual([now.env[0], key, later, now.env[2]]);
    expect(after(workload, finding.fixes[1]).env).toEqual([mode, key, later]);
    // Names alone: values may be anything.
    expect(finding.message).toContain('its environment (API_KEY, MODE, NEW)');
    expect(finding.fixes[1]!.expects).toContain('its former env (API_KEY, MODE, NEW)');
    expect([finding.message, finding.fixes[1]!.expects].join()).not.toContain('before and');
  });

  it('names few of many variables, and none where it is not the environment that differs', async () => {
    const env = Array.from({ length: 9 }, (_, index) => ({ name: `V${index}`, value: 'x' }));
    const many = broken(seed, { now: { env: [] }, before: { env }, status: crashed() });
    expect((await onlyFinding(many.world, 'container-crash')).message).toContain(
      'its environment (V0, V1, V2, V3, 5 more)',
    );
    const other = broken(seed, { now: { env, args: ['a'] }, before: { env, args: ['b'] }, status: crashed() });
    expect((await onlyFinding(other.world, 'container-crash')).message).not.toContain('V0');
  });

  it('is the whole environment where the log names no variable of it, or several', async () => {
    const [first, second] = ['HOST', 'PORT'].map((name) => ({ name, value: 'x' }));
    const now = { env: [{ name: 'NEW', value: '1' }] };
    for (const log of [['it is all wrong with HOSTS'], ['HOST and PORT are required']]) {
      const { world, workload } = broken(seed, { now, before: { env: [first, second] }, status: crashed(), log });
      const finding = await onlyFinding(world, 'container-crash');
      expect(after(workload, finding.fixes[0]).env).toEqual([first, second]);
    }
  });

  it('is not blamed for what the deeper rule explains', async () => {
    const limits = (memory: string) => ({ resources: { limits: { memory } } });
    const status = crashed({ exitCode: 137, reason: 'OOMKilled' });
    const { world } = broken(seed, { now: limits('10Mi'), before: limits('90Mi'), status });
    const plan = await world.plan();
    expect(plan!.findingId).toContain('memory-limit');
  });
});

describe.each(SEEDS)('init containers that do not end (seed %i)', (seed) => {
  function hanging(startedAt: string) {
    const world = new World(seed);
    const container = world.container();
    const init = { name: 'prepare', image: container.image, command: ['sleep', '99999'] };
    const workload = world.workload({
      replicas: 1,
      pods: 'waiting',
      containers: [container],
      podSpec: { initContainers: [init] },
      earlier: [{ podSpec: { initContainers: [{ ...init, command: ['true'] }] } }],
    });
    const [pod] = world.podsOf(workload) as [Loose];
    pod.metadata.creationTimestamp = startedAt;
    pod.status.initContainerStatuses = [
      { name: 'prepare', ready: false, restartCount: 0, state: { running: { startedAt } } },
    ];
    return { world, workload: workload as Loose };
  }

  it('get their former command back', async () => {
    const { world, workload } = hanging('2031-05-06T07:05:00Z');
    const finding = await onlyFinding(world, 'init-hangs');
    const patched = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(patched.spec.template.spec.initContainers[0].command).toEqual(['true']);
  });

  it('have their time', async () => {
    expect(byRule(await hanging('2031-05-06T07:07:50Z').world.diagnose(), 'init-hangs')).toEqual([]);
  });
});

describe.each(SEEDS)('init containers that fail (seed %i)', (seed) => {
  function failing(restarts: number, former: boolean, state: Loose) {
    const world = new World(seed);
    const container = world.container();
    const init = { name: 'prepare', image: container.image, command: ['false'] };
    const workload = world.workload({
      replicas: 1,
      pods: 'waiting',
      containers: [container],
      podSpec: { initContainers: [init] },
      earlier: former ? [{ readyPods: 1, podSpec: { initContainers: [{ ...init, command: ['true'] }] } }] : [],
    });
    const pod = world.podsOf(workload).find(({ status }) => status!.phase === 'Pending') as Loose;
    pod.status.initContainerStatuses = [{ name: 'prepare', ready: false, restartCount: restarts, ...state }];
    return { world, workload: workload as Loose };
  }
  const ended = { terminated: { exitCode: 3, reason: 'Error' } };

  it.each([
    ['once', 0, { state: ended }],
    ['and run again', 1, { state: { running: { startedAt: '2031-05-06T07:08:00Z' } }, lastState: ended }],
  ])('%s get their former command back, though pods of the former template serve', async (_when, restarts, state) => {
    const { world, workload } = failing(restarts, true, state);
    const finding = await onlyFinding(world, 'container-crash');
    expect(finding.severity).toBe('warning');
    expect(finding.message).toContain('Init container prepare');
    const patched = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(patched.spec.template.spec.initContainers[0].command).toEqual(['true']);
  });

  it('may wait for what was not up yet', async () => {
    const { world } = failing(0, false, { state: ended });
    expect(byRule(await world.diagnose(), 'container-crash')).toEqual([]);
  });
});

describe.each(SEEDS)('runs of a CronJob that fail (seed %i)', (seed) => {
  function runs(last: 'Failed' | 'Complete') {
    const world = new World(seed);
    const container = (args: string[]) => ({ name: 'run', image: 'registry.example/run:1', args });
    const template = (args: string[]) => ({ spec: { restartPolicy: 'Never', containers: [container(args)] } });
    const cronJob = world.add('CronJob', 'batch/v1', world.random.name(), {
      spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template(['--bad']) } } },
    });
    const { apiVersion, kind, metadata } = cronJob;
    const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
    const job = (name: string, type: string, at: string, args: string[]) =>
      world.add('Job', 'batch/v1', name, {
        metadata: { ownerReferences: [owner], creationTimestamp: at },
        spec: { template: template(args) },
        status: {
          startTime: at,
          conditions: [{ type, status: 'True', lastTransitionTime: at, reason: 'BackoffLimitExceeded' }],
        },
      });
    job('good', 'Complete', '2031-05-06T07:01:00Z', ['--good']);
    const failed = job('last', last, '2031-05-06T07:02:00Z', ['--bad']);
    world.add('Pod', 'v1', 'last-1', {
      metadata: {
        ownerReferences: [{ apiVersion, kind: 'Job', name: 'last', uid: failed.metadata.uid, controller: true }],
      },
      spec: template(['--bad']).spec,
      status: {
        phase: 'Failed',
        containerStatuses: [{ name: 'run', state: { terminated: { exitCode: 2, reason: 'Error' } } }],
      },
    });
    world.logs.set('last-1/run/false', ['unknown flag --bad']);
    return { world, cronJob };
  }

  it('are mended in the CronJob, by what the last good run had', async () => {
    const { world, cronJob } = runs('Failed');
    const finding = await onlyFinding(world, 'job-failed');
    expect(finding.object.kind).toBe('CronJob');
    expect(finding.evidence.map(({ text }) => text).join()).toContain('unknown flag');
    const patched = applyPatch(cronJob, patchOps(finding.fixes[0]!.commands[0]!));
    expect(patched.spec.jobTemplate.spec.template.spec.containers[0].args).toEqual(['--good']);
  });

  it('are nothing to tell once a later one succeeded', async () => {
    expect(byRule(await runs('Complete').world.diagnose(), 'job-failed')).toEqual([]);
  });
});

describe.each(SEEDS)('a Secret that was changed before its reader broke (seed %i)', (seed) => {
  const crashing = (at: string) => {
    const case_ = broken(seed, { now: {}, status: crashed(), log: ['the gate refuses the token: 401'] });
    const { world, workload } = case_;
    const secret = world.secret(['token']) as Loose;
    const fieldsV1 = { 'f:data': { 'f:token': {} } };
    secret.metadata.managedFields = [{ manager: 'kubectl-patch', operation: 'Update', time: at, fieldsV1 }];
    secret.metadata.creationTimestamp = '2031-05-06T01:00:00Z';
    const secretKeyRef = { name: secret.metadata.name as string, key: 'token' };
    workload.spec.template.spec.containers[0].env = [{ name: 'TOKEN', valueFrom: { secretKeyRef } }];
    return { world, name: secretKeyRef.name };
  };

  it('is named, with who changed it, where nothing tells what would be right', async () => {
    const { world, name } = crashing('2031-05-06T07:00:00Z');
    const finding = await onlyFinding(world, 'container-crash');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain(`Secret ${name}, which it takes, was changed lately`);
    expect(JSON.stringify(finding.evidence)).toContain('changed by kubectl-patch at 2031-05-06T07:00:00.000Z');
  });

  it('is no suspect where that was long before', async () => {
    const { world, name } = crashing('2031-05-06T02:00:00Z');
    expect((await onlyFinding(world, 'container-crash')).unfixed).not.toContain(name);
  });
});

describe.each(SEEDS)('a ConfigMap that was changed before its reader broke (seed %i)', (seed) => {
  const SAID = "router.conf line 2: expected key=value, got 'upstream: stock:8080', invalid";
  const crashing = (at: string, checksums: [string, string] | null) => {
    const case_ = broken(seed, {
      now: {},
      ...(checksums ? { before: {} } : {}),
      status: crashed(),
      log: ['router 2.1', SAID],
    });
    const { world, workload } = case_;
    const map = world.configMap({ 'router.conf': 'x' }, { name: 'router-conf' }) as Loose;
    map.metadata.managedFields = [
      { manager: 'ci', operation: 'Apply', time: at, fieldsV1: { 'f:data': { 'f:router.conf': {} } } },
    ];
    map.metadata.creationTimestamp = '2031-05-06T01:00:00Z';
    const templates = [workload, ...world.revisionsOf(workload)].map((each: Loose) => each.spec.template);
    const [now, then, current] = checksums ? templates : [templates[0], null, templates[1]];
    for (const each of [now, then, current]) {
      if (!each) continue;
      each.spec = { ...each.spec, volumes: [{ name: 'conf', configMap: { name: 'router-conf' } }] };
      if (checksums)
        each.metadata = {
          ...each.metadata,
          annotations: { 'checksum/config': each === then ? checksums[0] : checksums[1] },
        };
    }
    return world;
  };

  it('stands in the message, with who changed it and what the program says of it', async () => {
    const { message, unfixed, fixes } = await onlyFinding(crashing('2031-05-06T07:00:00Z', null), 'container-crash');
    expect(fixes).toEqual([]);
    expect(message).toContain(
      'ConfigMap router-conf, which it takes, was changed by ci at 2031-05-06T07:00:00.000Z, and its log says: router.conf line 2',
    );
    expect(unfixed).toContain('no earlier state of its template is known to have worked');
  });

  it('is told beside a revision that only a checksum tells from this one', async () => {
    const world = crashing('2031-05-06T07:00:00Z', ['a', 'b']);
    const { unfixed, fixes } = await onlyFinding(world, 'container-crash');
    expect(fixes).toEqual([]);
    expect(unfixed).toMatch(
      /^revision 1 of its template differs from the present one in nothing but annotations \(checksum\/config\); ConfigMap router-conf/,
    );
  });

  it('is not told where it was changed long before', async () => {
    const { message, unfixed } = await onlyFinding(crashing('2031-05-06T02:00:00Z', ['a', 'b']), 'container-crash');
    expect(message).not.toContain('router-conf');
    expect(unfixed).toMatch(/annotations \(checksum\/config\): going back to it changes nothing$/);
  });
});
