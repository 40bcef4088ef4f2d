import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FenceInstaller } from '../../../src/cluster/lock/fence-installer.ts';
import { fenceObjects, fencePath } from '../../../src/cluster/lock/fence-manifests.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Upstream, UpstreamRequest } from '../../../src/gateway/wire/upstream.ts';

/** Objects by path; `refuse` answers a request instead. */
class Cluster implements Upstream {
  readonly objects = new Map<string, KubeObject>();
  readonly writes: string[] = [];
  refuse: (method: string, path: string) => number | null = () => null;

  async request({ method, path: target, body }: UpstreamRequest) {
    const [path = '', query = ''] = target.split('?');
    const refused = this.refuse(method, target);
    if (refused) return answer(refused, { message: 'no' });
    const live = this.objects.get(path);
    if (method === 'GET') return live ? answer(200, live) : answer(404, { message: 'not found' });
    const object = JSON.parse(String(body)) as KubeObject;
    const place = method === 'POST' ? `${path}/${object.metadata.name}` : path;
    this.writes.push(`${query ? 'try ' : ''}${method} ${place.split('/').slice(-2).join('/')}`);
    if (query) return answer(200, object);
    if (method === 'DELETE') this.objects.delete(path);
    else this.objects.set(place, { ...object, metadata: { ...object.metadata, uid: 'u', resourceVersion: '7' } });
    return answer(200, object);
  }

  get kept(): string[] {
    return [...this.objects.values()].map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  }
}

function answer(status: number, object: unknown) {
  return { status, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(object))]) };
}

describe('FenceInstaller', () => {
  it('shows, creates everything in order, and finds nothing to do the second time', async () => {
    const cluster = new Cluster();
    const installer = new FenceInstaller(cluster, 'kube-system');
    expect((await installer.plan('install')).every(({ action }) => action === 'create')).toBe(true);
    expect(cluster.writes).toEqual([]);
    await installer.apply('install');
    const wanted = fenceObjects('kube-system').map((entry) => fencePath(entry));
    expect([...cluster.objects.keys()]).toEqual(wanted);
    expect(cluster.writes.at(-1)).toBe('POST validatingadmissionpolicybindings/stratus-fence');
    expect((await installer.apply('install')).every(({ action }) => action === 'keep')).toBe(true);
    expect(cluster.writes).toHaveLength(2 * wanted.length);
  });

  it('puts back what was altered, in place, and keeps what others noted on it', async () => {
    const cluster = new Cluster();
    const installer = new FenceInstaller(cluster, 'kube-system');
    await installer.apply('install');
    const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/stratus-fence';
    const policy = cluster.objects.get(path)!;
    policy.spec.failurePolicy = 'Ignore';
    policy.metadata.annotations = { reviewed: 'yes' };
    const changes = await installer.apply('install');
    expect(changes.filter(({ action }) => action !== 'keep')).toMatchObject([
      { action: 'replace', name: 'stratus-fence' },
    ]);
    expect(cluster.objects.get(path)).toMatchObject({
      metadata: { annotations: { reviewed: 'yes' } },
      spec: { failurePolicy: 'Fail' },
    });
    expect(cluster.writes.some((write) => write.startsWith('DELETE'))).toBe(false);
  });

  it('takes away the binding of the fence first and leaves only what keeps the watch going', async () => {
    const cluster = new Cluster();
    const installer = new FenceInstaller(cluster, 'kube-system');
    await installer.apply('install');
    cluster.writes.length = 0;
    await installer.apply('uninstall');
    const real = cluster.writes.filter((write) => !write.startsWith('try'));
    expect(real[0]).toBe('DELETE validatingadmissionpolicybindings/stratus-fence');
    expect(cluster.kept).toEqual([
      'ValidatingAdmissionPolicy stratus-lease-watch',
      'ValidatingAdmissionPolicyBinding stratus-lease-watch',
    ]);
    expect((await installer.apply('uninstall')).every(({ action }) => action === 'keep')).toBe(true);
  });

  it('changes nothing when one right is missing, and names it', async () => {
    const cluster = new Cluster();
    cluster.refuse = (method, path) => (method === 'POST' && path.includes('policybindings') ? 403 : null);
    const failed = new FenceInstaller(cluster, 'kube-system').apply('install');
    await expect(failed).rejects.toThrow(
      'no right to create validatingadmissionpolicybindings.admissionregistration.k8s.io',
    );
    expect(cluster.objects.size).toBe(0);
  });

  it('tells that the server is too old', async () => {
    const cluster = new Cluster();
    cluster.refuse = (_method, path) => (path.includes('validatingadmissionpolic') ? 404 : null);
    await expect(new FenceInstaller(cluster, 'kube-system').apply('install')).rejects.toThrow('needs Kubernetes 1.30');
    expect(cluster.objects.size).toBe(0);
  });
});
