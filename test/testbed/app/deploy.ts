import { randomBytes } from 'node:crypto';
import { importImage } from '../images.ts';
import type { Instance } from '../instance-record.ts';
import type { Report } from '../report.ts';
import { TestbedError } from '../testbed-error.ts';
import { shopImages } from './image.ts';
import { Kubectl, type KubeObject } from './kubectl.ts';
import { credentialsName, shopManifests, type Manifest } from './manifests.ts';
import { claimName, SHOP_NAMESPACE, SHOP_REQUEST, SHOP_SERVICES, SHOP_STORES } from './topology.ts';

const READY_TIMEOUT_MS = 120_000;
const ANSWER_TIMEOUT_MS = 30_000;
const ASK_EVERY_MS = 200;

/**
 * Brings the shop up in an instance and returns when all of it is ready and, on a real node, a guest's request is
 * answered. Safe to repeat: what is there is kept, what was changed is set back. Throws a TestbedError that says
 * what did not become ready.
 */
export async function deployShop(instance: Instance, report: Report): Promise<void> {
  const kubectl = new Kubectl(instance);
  if (instance.nodes === 'real') {
    const images = await shopImages(report);
    await report.step('Loading the shop images into the node', async () => {
      for (const image of images) await importImage(instance, image);
    });
  }
  await report.step('Creating the shop', async () => {
    const known = await knownPasswords(kubectl);
    const manifests = shopManifests((service) => known.get(service) ?? randomBytes(18).toString('base64url'));
    const all = instance.nodes === 'real' ? manifests : [...manifests, ...(await simulatedVolumes(kubectl))];
    await kubectl.run(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: all }));
  });
  await report.step('Waiting for the shop to be ready', (progress) => untilShopReady(kubectl, progress));
  if (instance.nodes === 'real') await report.step('Asking the shop for hotels', () => untilShopAnswers(kubectl));
}

/** Waits until every Deployment of the shop is rolled out and ready. */
export async function untilShopReady(kubectl: Kubectl, progress: (text: string) => void = () => {}): Promise<void> {
  const names = [...SHOP_SERVICES, ...SHOP_STORES].map(({ name }) => name).concat('loadgen');
  await kubectl.until(deploymentsOf(SHOP_NAMESPACE), READY_TIMEOUT_MS, (deployments) => {
    const ready = new Set(deployments.filter(isRolledOut).map(({ metadata }) => metadata.name));
    const waiting = names.filter((name) => !ready.has(name));
    progress(`${names.length - waiting.length} of ${names.length}`);
    return waiting.length === 0 ? '' : `the shop is not ready: ${waiting.join(', ')}`;
  });
}

/** Asks for hotels as a guest; "" when hotels came, else the reason why not. Only a real node can answer. */
export async function askShop(kubectl: Kubectl): Promise<string> {
  const { service, port, path } = SHOP_REQUEST;
  const url = `/api/v1/namespaces/${SHOP_NAMESPACE}/services/${service}:${port}/proxy${path}`;
  const { code, stdout, stderr } = await kubectl.attempt(['get', '--raw', url, '--request-timeout=5s']);
  if (code !== 0) return stderr.trim();
  const { features } = JSON.parse(stdout) as { features?: unknown[] };
  return features?.length ? '' : 'the answer holds no hotels';
}

/** Repeats the guest's request until it is answered. */
export async function untilShopAnswers(kubectl: Kubectl): Promise<void> {
  await untilRequest(kubectl, (reason) => reason === '', 'the shop does not answer');
}

/** Repeats the guest's request until it fails. */
export async function untilShopFails(kubectl: Kubectl): Promise<void> {
  await untilRequest(kubectl, (reason) => reason !== '', 'the shop still answers');
}

/** Path of the Deployments of a namespace. */
export function deploymentsOf(namespace: string): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments`;
}

/** Whether a Deployment's controller has seen its spec and all its pods are of the new revision and ready. */
export function isRolledOut({ metadata, spec, status }: KubeObject): boolean {
  const seen = (status?.observedGeneration ?? 0) >= Number(metadata['generation'] ?? 0);
  const counts = [status?.updatedReplicas ?? 0, status?.readyReplicas ?? 0, status?.replicas ?? 0];
  return seen && counts.every((count) => count === spec.replicas);
}

async function untilRequest(kubectl: Kubectl, good: (reason: string) => boolean, what: string): Promise<void> {
  const deadline = performance.now() + ANSWER_TIMEOUT_MS;
  for (;;) {
    const reason = await askShop(kubectl);
    if (good(reason)) return;
    if (performance.now() > deadline) throw new TestbedError(`${what}${reason && `: ${reason}`}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** Passwords of a shop that was deployed before: running stores know only these. */
async function knownPasswords(kubectl: Kubectl): Promise<Map<string, string>> {
  const path = `/api/v1/namespaces/${SHOP_NAMESPACE}/secrets`;
  const { items } = (await kubectl.get(path)) as KubeObject & { items: KubeObject[] };
  const known = new Map<string, string>();
  for (const { name } of SHOP_SERVICES) {
    const secret = items.find(({ metadata }) => metadata.name === credentialsName(name));
    if (secret?.data?.password) known.set(name, Buffer.from(secret.data.password, 'base64').toString('utf8'));
  }
  return known;
}

/** Where nodes are simulated nothing provides volumes, so each claim gets one that exists on paper only. */
async function simulatedVolumes(kubectl: Kubectl): Promise<Manifest[]> {
  const { items } = (await kubectl.get('/apis/storage.k8s.io/v1/storageclasses')) as KubeObject & {
    items: KubeObject[];
  };
  const isDefault = ({ metadata }: KubeObject): boolean =>
    metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true';
  const storageClassName = items.find(isDefault)?.metadata.name ?? '';
  return SHOP_STORES.filter(({ persistent }) => persistent).map(({ name }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `simulated-${claimName(name)}` },
    spec: {
      capacity: { storage: '64Mi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName,
      hostPath: { path: `/simulated/${claimName(name)}` },
      claimRef: { namespace: SHOP_NAMESPACE, name: claimName(name) },
    },
  }));
}
