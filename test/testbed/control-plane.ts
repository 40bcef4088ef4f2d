import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from './api-client.ts';
import type { Binary } from './build.ts';
import { createAuthority, createSigningKey, issueCertificate, type KeyedCertificate } from './certificates.ts';
import type { DebianProgram } from './debian-programs.ts';
import { apiServerHost, apiServerUrl, contextName, instanceFiles, type InstanceRecord } from './instance-record.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { isRunning, logTail, startDaemon, type ProcessRecord } from './processes.ts';
import { slotNetwork } from './slots.ts';
import { TestbedError } from './testbed-error.ts';

/** What starting a part of a cluster needs. */
export interface StartContext {
  readonly folder: string;
  readonly record: InstanceRecord;
  readonly binaries: ReadonlyMap<Binary, string>;
  readonly debianPrograms: ReadonlyMap<DebianProgram, string>;
  /** Puts a started process on record; called before anything waits for it. */
  readonly onProcess: (process: ProcessRecord) => void;
  /** Puts the host interface to a real node on record. */
  readonly onLink: (index: number) => void;
}

/** Component identities; the organization becomes the group that RBAC's default roles are bound to. */
const IDENTITIES = {
  admin: { commonName: 'testbed-admin', organization: 'system:masters' },
  'kube-controller-manager': { commonName: 'system:kube-controller-manager' },
  'kube-scheduler': { commonName: 'system:kube-scheduler' },
  'kube-proxy': { commonName: 'system:kube-proxy' },
  kwok: { commonName: 'testbed-kwok', organization: 'system:masters' },
} as const;

/** Whoever shows this name and was signed by the authority for it speaks to aggregated servers for somebody else. */
const FRONT_PROXY = 'front-proxy-client';

export const REAL_NODE_NAME = 'node1';

/** Writes keys, certificates, kubeconfigs and the audit policy of a new instance. */
export function writeCredentials(folder: string, record: InstanceRecord): void {
  const files = instanceFiles(folder);
  const network = slotNetwork(record.slot);
  for (const path of [files.pki, files.logs, files.bin]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const authority = createAuthority('stratus-testbed');
  const writePair = (name: string, pair: KeyedCertificate) => {
    writeFileSync(join(files.pki, `${name}.crt`), pair.certificate);
    writeFileSync(join(files.pki, `${name}.key`), pair.key, { mode: 0o600 });
  };
  writeFileSync(join(files.pki, 'ca.crt'), authority.certificate);
  writePair(
    'kube-apiserver',
    issueCertificate(authority, {
      commonName: 'kube-apiserver',
      dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
      ipAddresses: ['127.0.0.1', network.hostAddress, network.apiServiceAddress],
    }),
  );
  const frontProxyAuthority = createAuthority('stratus-testbed-front-proxy');
  writeFileSync(join(files.pki, 'front-proxy-ca.crt'), frontProxyAuthority.certificate);
  writePair(FRONT_PROXY, issueCertificate(frontProxyAuthority, { commonName: FRONT_PROXY }));
  const signing = createSigningKey();
  writeFileSync(join(files.pki, 'service-accounts.pub'), signing.publicKey);
  writeFileSync(join(files.pki, 'service-accounts.key'), signing.key, { mode: 0o600 });
  const writeKubeconfig = (path: string, identity: KeyedCertificate) =>
    writeFileSync(
      path,
      kubeconfigText({
        name: contextName(record.name),
        server: apiServerUrl(record),
        authority: authority.certificate,
        identity,
      }),
      { mode: 0o600 },
    );
  for (const [name, identity] of Object.entries(IDENTITIES)) {
    const pair = issueCertificate(authority, identity);
    if (name === 'admin') {
      writePair(name, pair);
      writeKubeconfig(files.kubeconfig, pair);
    } else writeKubeconfig(join(files.pki, `${name}.kubeconfig`), pair);
  }
  const node = issueCertificate(authority, {
    commonName: `system:node:${REAL_NODE_NAME}`,
    organization: 'system:nodes',
    dnsNames: [REAL_NODE_NAME],
    ipAddresses: [network.nodeAddress],
  });
  writePair('kubelet', node);
  writeKubeconfig(join(files.pki, 'kubelet.kubeconfig'), node);
  writeFileSync(join(files.pki, 'audit-policy.yaml'), AUDIT_POLICY);
}

const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
`;

/** Starts etcd and the API server and waits until the API server is ready. */
export async function startApiServer(context: StartContext): Promise<void> {
  const { folder, record } = context;
  const { ports } = record;
  const files = instanceFiles(folder);
  const network = slotNetwork(record.slot);
  const etcdUrl = `http://127.0.0.1:${ports.etcdClient}`;
  const peerUrl = `http://127.0.0.1:${ports.etcdPeer}`;
  const etcd = await startComponent(context, 'etcd', [
    `--data-dir=${files.etcd}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    // The data does not outlive the instance.
    '--unsafe-no-fsync',
  ]);
  const pki = (name: string) => join(files.pki, name);
  const apiServer = await startComponent(context, 'kube-apiserver', [
    `--etcd-servers=${etcdUrl}`,
    `--bind-address=${apiServerHost(record)}`,
    `--secure-port=${ports.apiServer}`,
    `--advertise-address=${network.hostAddress}`,
    `--service-cluster-ip-range=${network.serviceCidr}`,
    `--cert-dir=${files.pki}`,
    `--client-ca-file=${pki('ca.crt')}`,
    `--tls-cert-file=${pki('kube-apiserver.crt')}`,
    `--tls-private-key-file=${pki('kube-apiserver.key')}`,
    `--service-account-key-file=${pki('service-accounts.pub')}`,
    `--service-account-signing-key-file=${pki('service-accounts.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--kubelet-certificate-authority=${pki('ca.crt')}`,
    `--kubelet-client-certificate=${pki('admin.crt')}`,
    `--kubelet-client-key=${pki('admin.key')}`,
    // Node names do not resolve; logs and exec need the address.
    '--kubelet-preferred-address-types=InternalIP',
    // Aggregated APIs (metrics.k8s.io): who may speak for whom, and addresses of pods, because none of a Service leads
    // from the host into the cluster.
    `--requestheader-client-ca-file=${pki('front-proxy-ca.crt')}`,
    `--requestheader-allowed-names=${FRONT_PROXY}`,
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${pki(`${FRONT_PROXY}.crt`)}`,
    `--proxy-client-key-file=${pki(`${FRONT_PROXY}.key`)}`,
    '--enable-aggregator-routing',
    `--audit-policy-file=${pki('audit-policy.yaml')}`,
    `--audit-log-path=${files.auditLog}`,
    '--audit-log-maxsize=200',
    '--audit-log-maxbackup=1',
  ]);
  await waitForReady(folder, record, [etcd, apiServer]);
}

/**
 * Starts controller manager and scheduler; they need no waiting for, their work shows. `graceSeconds` is how long a
 * node may be silent before it counts as NotReady; Kubernetes' default when left out.
 */
export async function startControllers(context: StartContext, graceSeconds?: number): Promise<void> {
  const files = instanceFiles(context.folder);
  const pki = (name: string) => join(files.pki, name);
  const shared = (name: string) => [
    `--kubeconfig=${pki(`${name}.kubeconfig`)}`,
    `--authentication-kubeconfig=${pki(`${name}.kubeconfig`)}`,
    `--authorization-kubeconfig=${pki(`${name}.kubeconfig`)}`,
    '--leader-elect=false',
    // Nobody asks them anything; a port less to find.
    '--secure-port=0',
  ];
  await startComponent(context, 'kube-controller-manager', [
    ...shared('kube-controller-manager'),
    `--service-account-private-key-file=${pki('service-accounts.key')}`,
    `--root-ca-file=${pki('ca.crt')}`,
    '--use-service-account-credentials',
    // At the default of 20 requests a second the controllers queue up behind each other's sign-in for seconds.
    '--kube-api-qps=300',
    '--kube-api-burst=500',
    // What they do by the clock (every 15 s as they come) would be most of what a test waits for.
    '--horizontal-pod-autoscaler-sync-period=2s',
    '--pvclaimbinder-sync-period=2s',
    ...(graceSeconds ? [`--node-monitor-grace-period=${graceSeconds}s`] : []),
  ]);
  await startComponent(context, 'kube-scheduler', shared('kube-scheduler'));
}

export async function startComponent(
  context: StartContext,
  name: Binary,
  args: readonly string[],
): Promise<ProcessRecord> {
  const command = programOf(context, name);
  const log = join(instanceFiles(context.folder).logs, `${name}.log`);
  const process = await startDaemon({ name, command, args, log, cwd: context.folder }, context.record.id);
  context.onProcess(process);
  return process;
}

/** Absolute path of a program that was made available for this start. */
export function programOf({ binaries, debianPrograms }: StartContext, name: Binary | DebianProgram): string {
  const path = binaries.get(name as Binary) ?? debianPrograms.get(name as DebianProgram);
  if (!path) throw new Error(`${name} was neither built nor fetched`);
  return path;
}

const READY_TIMEOUT_MS = 60_000;

async function waitForReady(folder: string, record: InstanceRecord, parts: readonly ProcessRecord[]): Promise<void> {
  const api = new ApiClient(folder, record);
  const isReady = () =>
    api.send('GET', '/readyz').then(
      (answer) => answer.status === 200,
      () => false,
    );
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await isReady())) {
    const dead = parts.find((part) => !isRunning(part));
    if (dead) throw new TestbedError(`${dead.name} ended while starting`, logTail(dead.log));
    if (performance.now() > deadline) {
      const last = parts.at(-1)!;
      throw new TestbedError(`${last.name} was not ready within ${READY_TIMEOUT_MS / 1000} s`, logTail(last.log));
    }
    await sleep(50);
  }
  api.close();
}
