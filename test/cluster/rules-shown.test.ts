import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../judge/api.ts';
import { untilAsked } from '../judge/wait.ts';
import { EXPIRED_CERTIFICATE } from '../support/expired-certificate.ts';
import { boundVolume, DATA, HOST, node, pod, rolledOut, RuleLab, serviceOf, workload } from './rule-lab.ts';

/** Rules whose fault no incident of the catalogue has, each on a cluster. */
let lab: RuleLab;
beforeAll(async () => {
  lab = await RuleLab.open();
});
afterAll(() => lab?.close());

const ADMISSION = 'admissionregistration.k8s.io/v1';

describe('on a cluster it is found', () => {
  it('that no node takes the pods of a DaemonSet', async () => {
    const place = await lab.place();
    const { cluster, own } = place;
    place.outside.push({ kind: 'Node', name: own });
    await cluster.create([
      node(own, { taints: [{ key: 'example.com/kept', effect: 'NoSchedule' }] }),
      workload('DaemonSet', 'agent', pod({ nodeSelector: { [HOST]: own } })),
      serviceOf('agent'),
    ]);
    await lab.shows(place, 'daemon-set-nowhere', 'agent');
  });

  it('that a node is not ready which carries pods', async () => {
    const place = await lab.place();
    const { cluster, own } = place;
    place.outside.push({ kind: 'Node', name: own });
    const spec = pod({ nodeName: own, tolerations: [{ operator: 'Exists' }] });
    await cluster.create([
      node(own, { played: false }),
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'lost' }, spec },
    ]);
    await lab.shows(place, 'node-condition', own);
  });

  it('that a volume is on a node which is gone', async () => {
    const place = await lab.place();
    place.outside.push({ kind: 'PersistentVolume', name: place.own });
    const matchExpressions = [{ key: HOST, operator: 'In', values: ['gone.example'] }];
    const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions }] } };
    await place.cluster.create([
      ...boundVolume(place, { local: { path: '/data' }, nodeAffinity }),
      workload('Deployment', 'store', pod({ volumes: DATA })),
    ]);
    await lab.shows(place, 'volume-reach', 'store');
  });

  it('that pods had to go for others of a higher priority', async () => {
    const place = await lab.place();
    const { cluster, own } = place;
    place.outside.push({ kind: 'Node', name: own }, { kind: 'PriorityClass', name: own });
    const big = (more: object) =>
      pod({ nodeSelector: { [HOST]: own }, ...more }, { resources: { requests: { cpu: '6' } } });
    await cluster.create([
      node(own),
      { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: own }, value: 1000 },
      workload('Deployment', 'early', big({})),
      serviceOf('early'),
    ]);
    await rolledOut(place, 'early');
    await cluster.create([workload('Deployment', 'late', big({ priorityClassName: own }))]);
    await lab.shows(place, 'preempted-pods', 'early');
  });

  it('that a volume is held by a pod on another node', async () => {
    const place = await lab.place();
    const { cluster, own } = place;
    place.outside.push({ kind: 'PersistentVolume', name: own });
    const apart = (other: string) => {
      const labelSelector = { matchLabels: { app: other } };
      return {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: HOST, labelSelector }] },
      };
    };
    await cluster.create([
      ...boundVolume(place, { hostPath: { path: '/data' } }),
      workload('Deployment', 'keeper', pod({ volumes: DATA, affinity: apart('taker') })),
    ]);
    await rolledOut(place, 'keeper');
    await cluster.create([workload('Deployment', 'taker', pod({ volumes: DATA, affinity: apart('keeper') }))]);
    await rolledOut(place, 'taker');
    const [{ metadata }] = (await cluster.list('pods', '--selector', 'app=taker')) as [KubeObject];
    // What the attach-detach controller says; simulated nodes attach nothing.
    const lastTimestamp = new Date().toISOString().replace(/\.\d+/, '');
    await cluster.create([
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'multi-attach' },
        type: 'Warning',
        reason: 'FailedAttachVolume',
        message: `Multi-Attach error for volume "${own}" Volume is already used by pod(s) keeper`,
        involvedObject: { kind: 'Pod', namespace: own, name: metadata.name, uid: metadata.uid },
        firstTimestamp: lastTimestamp,
        lastTimestamp,
        count: 3,
      },
    ]);
    await lab.shows(place, 'volume-held', 'taker');
  });

  it('that pods wait for a scheduler that nobody runs', async () => {
    const place = await lab.place();
    await place.cluster.create([
      workload('Deployment', 'queued', pod({ schedulerName: 'nobody' })),
      serviceOf('queued'),
    ]);
    await lab.shows(place, 'pod-held', 'queued');
  });

  it('that pods are refused by a policy, or by the server itself', async () => {
    const place = await lab.place();
    const { cluster, own } = place;
    const [kind, binding] = ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'];
    place.outside.push({ kind: binding!, name: own }, { kind: kind!, name: own });
    const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
    const expression = '!has(object.metadata.labels) || !has(object.metadata.labels.guarded)';
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': own } };
    const guardedPod = { metadata: { name: 'x', labels: { guarded: 'yes' } }, spec: pod() };
    await cluster.create([
      {
        apiVersion: ADMISSION,
        kind,
        metadata: { name: own },
        spec: { matchConstraints: { resourceRules }, validations: [{ expression, message: 'no guarded pods here' }] },
      },
      {
        apiVersion: ADMISSION,
        kind: binding,
        metadata: { name: own },
        spec: { policyName: own, validationActions: ['Deny'], matchResources: { namespaceSelector } },
      },
    ]);
    await untilAsked(60_000, 'the policy denies', async () => {
      const words = ['create', '--dry-run=server', '-f', '-'];
      const { code } = await cluster.tryKubectl(
        words,
        JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...guardedPod }),
      );
      return code === 0 ? 'it lets pods through' : '';
    });
    const guarded = workload('Deployment', 'guarded', pod());
    guarded.spec.template.metadata.labels.guarded = 'yes';
    await cluster.create([guarded, workload('Deployment', 'ranked', pod({ priority: 5 }))]);
    await lab.shows(place, 'admission-denied', 'guarded');
    await lab.shows(place, 'pod-creation-refused', 'ranked');
  });

  it('what breaks only later: a budget without room, a full quota, an expired authority', async () => {
    const place = await lab.place();
    const { cluster, own } = place;
    place.outside.push({ kind: 'ValidatingWebhookConfiguration', name: own });
    const webhook = {
      name: 'guard.shown.example',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      failurePolicy: 'Fail',
      clientConfig: {
        caBundle: Buffer.from(EXPIRED_CERTIFICATE).toString('base64'),
        service: { namespace: own, name: 'guard' },
      },
      rules: [{ apiGroups: ['shown.example'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] }],
    };
    await cluster.create([
      workload('Deployment', 'web', pod(), 2),
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'whole' },
        spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
      },
      { apiVersion: ADMISSION, kind: 'ValidatingWebhookConfiguration', metadata: { name: own }, webhooks: [webhook] },
    ]);
    await rolledOut(place, 'web');
    // Pods that are made beside their quota may be missed when it is first counted, and it is counted anew minutes later.
    await cluster.create([
      { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'budget' }, spec: { hard: { pods: '2' } } },
    ]);
    await lab.shows(place, 'disruption-budget-room', 'whole');
    await lab.shows(place, 'quota-headroom', 'budget');
    await lab.shows(place, 'webhook-certificate', own);
  });

  it('that something was deleted and does not go', async () => {
    const place = await lab.place();
    const { cluster } = place;
    const ref = { kind: 'Service', name: 'kept' };
    await cluster.create([{ ...serviceOf('kept'), metadata: { name: 'kept', finalizers: ['shown.example/never'] } }]);
    await cluster.kubectl(['delete', 'service', 'kept', '--wait=false']);
    try {
      await lab.shows(place, 'stuck-deletion', 'kept');
    } finally {
      await cluster.patch(ref, [{ op: 'remove', path: '/metadata/finalizers' }]);
    }
  });

  it('that two autoscalers scale one workload', async () => {
    const place = await lab.place();
    const { cluster } = place;
    const scaler = (name: string, target: string): KubeObject => ({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
        minReplicas: 2,
        maxReplicas: 4,
      },
    });
    await cluster.create([workload('Deployment', 'shared', pod(), 2), workload('Deployment', 'own', pod(), 2)]);
    await cluster.create([scaler('by-day', 'shared'), scaler('by-night', 'shared'), scaler('own', 'own')]);
    expect(await lab.shows(place, 'rival-autoscalers', 'shared')).not.toContain('rival-autoscalers own');
  });

  it('that an autoscaler may not add the pods that it would', async () => {
    const place = await lab.place();
    const { cluster } = place;
    const scaler = (name: string): KubeObject => ({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, minReplicas: 1, maxReplicas: 2 },
    });
    await cluster.create([workload('Deployment', 'busy', pod(), 2), workload('Deployment', 'calm', pod(), 2)]);
    await cluster.create([scaler('busy'), scaler('calm')]);
    // What its controller says where metrics are served; nobody serves any of simulated nodes.
    const conditions = [{ type: 'ScalingLimited', status: 'True', reason: 'TooManyReplicas', message: 'at maximum' }];
    const patch = JSON.stringify({ status: { currentReplicas: 2, desiredReplicas: 2, conditions } });
    await cluster.kubectl(['patch', 'hpa', 'busy', '--subresource=status', '--type=merge', '--patch', patch]);
    expect(await lab.shows(place, 'autoscaler-at-maximum', 'busy')).not.toContain('autoscaler-at-maximum calm');
  });
});
