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

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
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

  it('that a Service was turned to other pods since it was applied, on the way of somebody who fails', async () => {
    const place = await lab.place();
    await place.cluster.create([
      workload('Deployment', 'directory', pod()),
      workload('Deployment', 'directory-ui', pod()),
      // kubectl writes anew what was applied where an object says that something was.
      { ...serviceOf('directory'), metadata: { name: 'directory', annotations: { [LAST_APPLIED]: '{}' } } },
      workload(
        'Deployment',
        'caller',
        pod({ nodeSelector: { [HOST]: 'nowhere' } }, { env: [{ name: 'DIRECTORY', value: 'http://directory:80' }] }),
      ),
      // Who is asked by somebody is missed at once.
      serviceOf('caller'),
    ]);
    await place.cluster.patch({ kind: 'Service', name: 'directory' }, [
      { op: 'replace', path: '/spec/selector/app', value: 'directory-ui' },
    ]);
    await lab.shows(place, 'drifted-route', 'directory');
  });

  it('that an Ingress is of a class which does not exist', async () => {
    const place = await lab.place();
    const { cluster, own } = place;
    place.outside.push({ kind: 'IngressClass', name: own });
    const apiVersion = 'networking.k8s.io/v1';
    const defaultBackend = { service: { name: 'web', port: { number: 80 } } };
    const ingress = (name: string, ingressClassName: string): KubeObject => ({
      apiVersion,
      kind: 'Ingress',
      metadata: { name },
      spec: { ingressClassName, defaultBackend },
    });
    await cluster.create([
      { apiVersion, kind: 'IngressClass', metadata: { name: own }, spec: { controller: 'shown.example/none' } },
      workload('Deployment', 'web', pod()),
      serviceOf('web'),
      ingress('right', own),
      ingress('wrong', `${own}-internal`),
    ]);
    expect(await lab.shows(place, 'ingress-class', 'wrong')).not.toContain('ingress-class right');
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

  it('that callers on other nodes reach nobody', async () => {
    const place = await lab.place();
    const { cluster, own } = place;
    const [one, other] = (await cluster.list('nodes', '--selector', 'node.kubernetes.io/instance-type=simulated')).map(
      ({ metadata }) => metadata.name,
    );
    const env = [{ name: 'STORE_ADDR', value: 'store:80' }];
    await cluster.create([
      workload('Deployment', 'store', pod({ nodeSelector: { [HOST]: one } })),
      serviceOf('store', { internalTrafficPolicy: 'Local' }),
      workload('Deployment', 'front', pod({ nodeSelector: { [HOST]: other } }, { env })),
      serviceOf('front'),
    ]);
    for (const name of ['store', 'front']) await rolledOut(place, name);
    // Nobody answers on simulated nodes, so that the check fails as it would where the store is not reached.
    await lab.shows(place, 'local-traffic', 'store', '--check', `front=svc://${own}/front:80/`);
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

  it('that nobody serves what is asked in another namespace', async () => {
    const [place, other] = [await lab.place(), await lab.place()];
    await other.cluster.create([workload('Deployment', 'ledger', pod(), 0), serviceOf('ledger')]);
    const env = [{ name: 'LEDGER_URL', value: `http://ledger.${other.own}.svc:80` }];
    // Only of a workload in trouble it is asked whom it asks.
    const waiting = pod({ nodeSelector: { [HOST]: 'gone.example' } }, { env });
    await place.cluster.create([workload('Deployment', 'caller', waiting)]);
    await lab.shows(place, 'foreign-service', 'ledger');
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
});
