import { randomBytes } from 'node:crypto';
import { ApiClient } from '../api-client.ts';
import { importImage } from '../images.ts';
import { readRecord, type Instance } from '../instance-record.ts';
import type { Report } from '../report.ts';
import { TestbedError } from '../testbed-error.ts';
import { shopImages } from './image.ts';
import { Kubectl, type KubeObject } from './kubectl.ts';
import { credentialsName, shopManifests } from './manifests.ts';
import { observedShop } from './observed.ts';
import { SHOP_NAMESPACE, SHOP_REQUEST, SHOP_SERVICES, SHOP_STORES } from './topology.ts';

const READY_TIMEOUT_MS = 120_000;
const ANSWER_TIMEOUT_MS = 30_000;
const ASK_EVERY_MS = 200;

/**
 * Brings the shop up in an instance and returns when all of it is ready and, on a real node, a guest's request is
 * answered. Safe to repeat: passwords and data are kept, changed fields of the manifests are set back (fields that others
 * added stay). Throws a TestbedError that says what did not become ready.
 */
export async function deployShop(instance: Instance, report: Report): Promise<void> {
  const kubectl = new Kubectl(instance);
  if (instance.nodes === 'real') {
    const images = await shopImages(report, Boolean(instance.telemetry));
    await report.step('Loading the shop images into the node', async () => {
      for (const image of images) await importImage(instance, image);
    });
  }
  await report.step('Creating the shop', async () => {
    const known = await knownPasswords(kubectl);
    const plain = shopManifests((service) => known.get(service) ?? randomBytes(18).toString('base64url'));
    const manifests = instance.telemetry ? observedShop(plain, instance.telemetry.kind) : plain;
    await kubectl.run(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));
  });
  await report.step('Waiting for the shop to be ready', (progress) => untilShopReady(kubectl, progress));
  if (instance.nodes === 'real') await report.step('Asking the shop for hotels', () => untilShopAnswers(instance));
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

/** What the shop answers a guest who asks for hotels, in one line for people. Only a real node can answer. */
export async function askShop(instance: Instance): Promise<string> {
  return (await requestHotels(instance)).text;
}

/** Repeats the guest's request until it is answered. */
export async function untilShopAnswers(instance: Instance): Promise<void> {
  await untilRequest(instance, (answered) => answered, 'the shop does not answer');
}

/** Repeats the guest's request until it fails. */
export async function untilShopFails(instance: Instance): Promise<void> {
  await untilRequest(instance, (answered) => !answered, 'the shop still answers');
}

export interface ShopAnswer {
  answered: boolean;
  /** The hotels, or the reason why there are none, in one line. */
  text: string;
}

/** Asks for hotels as a guest does, through the API server's service proxy. */
export async function requestHotels(instance: Instance): Promise<ShopAnswer> {
  const record = readRecord(instance.stateFolder);
  if (!record) throw new TestbedError(`instance ${instance.name} is not running`);
  const { service, port, path } = SHOP_REQUEST;
  const client = new ApiClient(instance.stateFolder, record);
  try {
    const url = `/api/v1/namespaces/${SHOP_NAMESPACE}/services/${service}:${port}/proxy${path}`;
    const { status, body } = await client.send('GET', url);
    const { features = [], error, message } = Object(body) as HotelsAnswer;
    const names = features.map(({ properties }) => properties.name);
    if (status === 200 && names.length > 0) {
      return { answered: true, text: `${status}, ${names.length} hotels, the nearest is ${names[0]}` };
    }
    return { answered: false, text: `${status}, ${error ?? message ?? 'no hotels'}`.replaceAll('\n', ' ') };
  } catch (failure) {
    return { answered: false, text: (failure as Error).message };
  } finally {
    client.close();
  }
}

interface HotelsAnswer {
  features?: { properties: { name: string } }[];
  /** The shop's own words, or the API server's. */
  error?: string;
  message?: string;
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

async function untilRequest(instance: Instance, good: (answered: boolean) => boolean, what: string): Promise<void> {
  const deadline = performance.now() + ANSWER_TIMEOUT_MS;
  for (;;) {
    const { answered, text } = await requestHotels(instance);
    if (good(answered)) return;
    if (performance.now() > deadline) throw new TestbedError(`${what}: ${text}`);
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
