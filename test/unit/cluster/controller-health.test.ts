import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { evaluateHealth } from '../../../src/severity/health-oracle.ts';
import { ago, container, deployment, NS, object, ownedBy, pod, service, slice, snapshot } from './objects.ts';

/** What is wrong with objects of controllers, as `Kind/name what`. */
function judge(...objects: KubeObject[]) {
  const { items, progressing } = evaluateHealth(snapshot(objects));
  const said = (list: typeof items) => list.map(({ object: about, what }) => `${about!.kind}/${about!.name} ${what}`);
  return { bad: said(items), moving: said(progressing) };
}
const WELL = { bad: [], moving: [] };

describe('CronJobs', () => {
  const cron = (spec: object, status: object = {}) =>
    object('CronJob', 'tidy', {
      spec: { schedule: '* * * * *', ...spec },
      status: { lastScheduleTime: ago(50), ...status },
    });
  const job = (owner: KubeObject, name: string, seconds: number, fields: object = {}) =>
    object('Job', name, { metadata: ownedBy(owner), spec: {}, status: { startTime: ago(seconds) }, ...fields });
  const done = (seconds: number) => ({
    status: {
      startTime: ago(seconds + 10),
      completionTime: ago(seconds),
      conditions: [{ type: 'Complete', status: 'True' }],
    },
  });

  it('are well while they run by their schedule, and while they are suspended', () => {
    expect(judge(cron({}))).toEqual(WELL);
    expect(judge(cron({ suspend: true, schedule: '0 0 31 2 *' }, { lastScheduleTime: ago(90_000) }))).toEqual(WELL);
    const failed = { status: { conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: ago(60) }] } };
    const idle = cron({ suspend: true });
    expect(judge(idle, job(idle, 'a', 90, failed))).toEqual(WELL);
    expect(judge(cron({ schedule: '0 0 29 2 *' }, { lastScheduleTime: ago(90_000) }))).toEqual(WELL);
    // Hours are those of a zone that is not known here.
    expect(judge(cron({ schedule: '*/5 9-17 * * *' }, { lastScheduleTime: ago(36_000) }))).toEqual(WELL);
  });

  it('are bad while they are suspended and were applied with the words that they are not', () => {
    const applied = (spec: object) => ({
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec }) },
    });
    const suspended = (spec: object) => {
      const idle = cron({ suspend: true });
      return judge({ ...idle, metadata: { ...idle.metadata, ...applied(spec) } });
    };
    expect(suspended({ suspend: false }).bad).toEqual([expect.stringMatching(/ suspended$/)]);
    expect(suspended({ suspend: true })).toEqual(WELL);
    expect(suspended({})).toEqual(WELL);
  });

  it('are not judged by a failed run of another template while the next run is due soon', () => {
    const template = (image: string) => ({ template: { spec: { containers: [{ name: 'a', image }] } } });
    const made = (spec: object) =>
      cron({ jobTemplate: { spec: template('r/new:1') }, ...spec }, { lastScheduleTime: ago(20) });
    const failed = (owner: KubeObject, image: string) =>
      job(owner, 'a', 90, {
        spec: template(image),
        status: {
          startTime: ago(90),
          conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: ago(30) }],
        },
      });
    const often = made({});
    expect(judge(often, failed(often, 'r/old:1'))).toEqual({ bad: [], moving: ['CronJob/tidy failed'] });
    expect(judge(often, failed(often, 'r/new:1'))).toEqual({ bad: ['CronJob/tidy failed'], moving: [] });
    const seldom = made({ schedule: '0 0 1 1 *' });
    expect(judge(seldom, failed(seldom, 'r/old:1')).bad).toEqual(['CronJob/tidy failed']);
    // The last word of the present template was a success, whatever another one did since.
    const good = job(seldom, 'good', 900, { spec: template('r/new:1'), ...done(800) });
    expect(judge(seldom, good, failed(seldom, 'r/old:1'))).toEqual(WELL);
    const goodOften = job(often, 'good', 900, { spec: template('r/new:1'), ...done(800) });
    // … but a run that is due soon will show it.
    expect(judge(often, goodOften, failed(often, 'r/old:1')).moving).toEqual(['CronJob/tidy failed']);
    const stuck = job(seldom, 'hand', 60, { spec: template('r/old:1') });
    expect(judge(seldom, stuck, pod('hand-a', 'pull', stuck)).bad).toEqual(['CronJob/tidy unready']);
    expect(judge(seldom, good, stuck, pod('hand-a', 'pull', stuck))).toEqual(WELL);
    const waits = job(often, 'hand', 60, { spec: template('r/old:1') });
    expect(judge(often, waits, pod('hand-a', 'pull', waits)).moving).toEqual(['CronJob/tidy unready']);
    const before = failed(often, 'r/old:1');
    const next = job(often, 'b', 5, { spec: template('r/new:1'), ...done(1) });
    expect(judge(often, before, next)).toEqual(WELL);
  });

  it('are bad when no day fits their schedule', () => {
    expect(judge(cron({ schedule: '0 0 31 2 *' })).bad).toEqual(['CronJob/tidy never-fires']);
  });

  it('are bad when runs were missed, and well again after the next', () => {
    expect(judge(cron({}, { lastScheduleTime: ago(600) })).bad).toEqual(['CronJob/tidy missed']);
    expect(judge(cron({}, { lastScheduleTime: ago(100) }))).toEqual(WELL);
  });

  it('are bad when a run that does not end keeps others from starting, not when runs are just long', () => {
    const forbid = cron({ concurrencyPolicy: 'Forbid' }, { lastScheduleTime: ago(1800) });
    const hung = job(forbid, 'now', 1800);
    expect(judge(forbid, hung, job(forbid, 'before', 1900, done(1860))).bad).toEqual(['CronJob/tidy hung']);
    const long = { ...done(1900), status: { ...done(1900).status, startTime: ago(4000) } };
    expect(judge(forbid, hung, job(forbid, 'before', 4000, long))).toEqual(WELL);
    expect(judge(cron({ concurrencyPolicy: 'Allow' }), hung)).toEqual(WELL);
  });

  it('are bad sooner where runs are known to be short', () => {
    const forbid = cron({ concurrencyPolicy: 'Forbid', schedule: '* * * * *' }, { lastScheduleTime: ago(175) });
    const hung = job(forbid, 'now', 175);
    expect(judge(forbid, hung)).toEqual(WELL);
    expect(judge(forbid, hung, job(forbid, 'before', 260, done(255))).bad).toEqual(['CronJob/tidy hung']);
    const long = { ...done(300), status: { ...done(300).status, startTime: ago(400) } };
    expect(judge(forbid, hung, job(forbid, 'before', 400, long))).toEqual(WELL);
  });
});

describe('Jobs', () => {
  const job = (spec: object, status: object = {}) => object('Job', 'load', { spec, status });
  const refused = (about: KubeObject) =>
    object('Event', 'e1', {
      involvedObject: { kind: 'Job', name: about.metadata.name, namespace: NS, uid: about.metadata.uid },
      reason: 'FailedCreate',
      type: 'Warning',
      message: 'exceeded quota: small',
      lastTimestamp: ago(5),
    });

  it('are bad when they failed or ran out of time', () => {
    for (const reason of ['BackoffLimitExceeded', 'DeadlineExceeded']) {
      const conditions = [{ type: 'Failed', status: 'True', reason, lastTransitionTime: ago(60) }];
      expect(judge(job({}, { conditions })).bad).toEqual(['Job/load failed']);
    }
  });

  it('are bad when their pods are refused; well when suspended, finished, or only young', () => {
    const open = job({});
    expect(judge(open, refused(open)).bad).toEqual(['Job/load unready']);
    const paused = job({ suspend: true });
    expect(judge(paused, refused(paused))).toEqual(WELL);
    const done = job({}, { conditions: [{ type: 'Complete', status: 'True' }] });
    expect(judge(done, refused(done))).toEqual(WELL);
    expect(judge(job({}))).toEqual(WELL);
  });
});

describe('autoscalers', () => {
  const scaler = (...conditions: object[]) =>
    object('HorizontalPodAutoscaler', 'lime', { spec: { scaleTargetRef: { name: 'lime' } }, status: { conditions } });
  const said = (type: string, status: string, reason: string, message = '') => ({ type, status, reason, message });

  it('are given time to look at what was changed just now', () => {
    const trouble = said('AbleToScale', 'False', 'FailedGetScale');
    const changed = (seconds: number) => {
      const one = scaler(trouble);
      one.metadata.managedFields = [
        { manager: 'kubectl', time: ago(seconds), fieldsV1: { 'f:spec': { 'f:scaleTargetRef': {} } } },
      ];
      return judge(one);
    };
    expect(changed(60).bad).toHaveLength(1);
    expect(changed(3).bad).toEqual([]);
    expect(changed(3).moving).toHaveLength(1);
  });

  it('are bad where they certainly cannot work', () => {
    expect(judge(scaler(said('AbleToScale', 'False', 'FailedGetScale'))).bad).toHaveLength(1);
    expect(judge(scaler(said('AbleToScale', 'False', 'FailedUpdateScale'))).bad).toHaveLength(1);
    expect(judge(scaler(said('ScalingActive', 'False', 'AmbiguousSelector'))).bad).toHaveLength(1);
    const missing = said('ScalingActive', 'False', 'FailedGetResourceMetric', 'missing request for cpu in container c');
    expect(judge(scaler(missing)).bad).toHaveLength(1);
  });

  it('are bad where their bound took pods away of which more were applied', () => {
    const applied = (spec: object) => ({
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec }) },
    });
    const { deploy, set } = deployment('lime', { replicas: 1 });
    const running = pod('p1', 'ready', set);
    const capped = (spec: object, rescaled = true) => {
      const bound = object('HorizontalPodAutoscaler', 'lime', {
        metadata: applied(spec),
        spec: { minReplicas: 1, maxReplicas: 1, scaleTargetRef: { kind: 'Deployment', name: 'lime' } },
      });
      const event = object('Event', 'lime.1', {
        involvedObject: { kind: 'HorizontalPodAutoscaler', name: 'lime', namespace: NS },
        reason: 'SuccessfulRescale',
        message: 'New size: 1; reason: Current number of replicas above Spec.MaxReplicas',
        lastTimestamp: ago(20),
      });
      return judge(bound, deploy, set, running, ...(rescaled ? [event] : []));
    };
    expect(capped({ minReplicas: 2, maxReplicas: 4 }).bad).toEqual(['HorizontalPodAutoscaler/lime capped']);
    expect(capped({ minReplicas: 1, maxReplicas: 4 })).toEqual(WELL);
    expect(capped({ minReplicas: 2, maxReplicas: 4 }, false)).toEqual(WELL);
  });

  it('are well at a bound, at their minimum, and where no metrics are served', () => {
    expect(
      judge(
        scaler(
          said('AbleToScale', 'True', 'SucceededGetScale'),
          said('ScalingLimited', 'True', 'TooManyReplicas'),
          said('ScalingActive', 'False', 'FailedGetResourceMetric', 'the server could not find the requested resource'),
        ),
      ),
    ).toEqual(WELL);
  });
});

describe('endpoints', () => {
  const gate = service('gate', { app: 'lime' });
  const { deploy, set } = deployment('lime', { replicas: 2 });
  const since = (seconds: number) => ({
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: ago(seconds) }],
      containerStatuses: [{ name: 'main', ready: true, restartCount: 0, state: { running: { startedAt: ago(900) } } }],
    },
  });
  const [one, two] = [pod('p1', 'ready', set, since(600)), pod('p2', 'ready', set, since(600))];

  it('lack a pod that has long been ready', () => {
    expect(judge(deploy, set, one, two, gate, slice(gate, [one, two]))).toEqual(WELL);
    expect(judge(deploy, set, one, two, gate, slice(gate, [one])).bad).toEqual(['Service/gate endpoints-lack']);
    const fresh = pod('p2', 'ready', set, since(3));
    expect(judge(deploy, set, one, fresh, gate, slice(gate, [one]))).toEqual(WELL);
  });

  it('name a pod that is gone: bad for whoever cannot wait any longer', () => {
    const gone = pod('p3', 'ready', set);
    expect(judge(deploy, set, one, two, gate, slice(gate, [one, two, gone]))).toEqual({
      bad: [],
      moving: ['Service/gate endpoints-stale'],
    });
  });
});

describe('admission webhooks', () => {
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }];
  const hook = (fields: object = {}) =>
    object('ValidatingWebhookConfiguration', 'guard', {
      webhooks: [
        {
          name: 'guard.example.test',
          failurePolicy: 'Fail',
          clientConfig: { service: { namespace: NS, name: 'guard' } },
          rules,
          ...fields,
        },
      ],
    });
  const bad = ['ValidatingWebhookConfiguration/guard refuses-pods'];

  it('are bad when they refuse new pods because nothing answers', () => {
    expect(judge(hook()).bad).toEqual(bad);
    const { deploy, set } = deployment('guard', { replicas: 1, podSpec: { containers: [container()] } });
    const one = pod('g', 'ready', set);
    const guard = service('guard', { app: 'guard' });
    expect(judge(hook(), deploy, set, one, guard, slice(guard, [one]))).toEqual(WELL);
  });

  it('are not judged where they ignore failures, look at other things, or answer from elsewhere', () => {
    expect(judge(hook({ failurePolicy: 'Ignore' }))).toEqual(WELL);
    expect(judge(hook({ rules: [{ ...rules[0], resources: ['configmaps'] }] }))).toEqual(WELL);
    expect(judge(hook({ objectSelector: { matchLabels: { a: 'b' } } }))).toEqual(WELL);
    expect(judge(hook({ namespaceSelector: { matchLabels: { guarded: 'yes' } } }))).toEqual(WELL);
    expect(judge(hook({ clientConfig: { service: { namespace: 'elsewhere', name: 'guard' } } }))).toEqual(WELL);
    expect(judge(hook({ clientConfig: { url: 'https://guard.example.test' } }))).toEqual(WELL);
  });
});
