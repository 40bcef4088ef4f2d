import { describe, expect, it } from 'vitest';
import type { ObjectRef, OwnerReference } from '../../../../src/domain/kube-object.ts';
import { refLabel } from '../../../../src/domain/kube-object.ts';
import type { Owned } from '../../../../src/undo/consequences/facts.ts';
import { LossWatch } from '../../../../src/gateway/inventory/loss-watch.ts';
import type { Holdings, MetadataReader } from '../../../../src/gateway/inventory/metadata-reader.ts';

interface Given {
  kind: string;
  name: string;
  uid?: string;
  owner?: Owned;
  going?: boolean;
  namespace?: string;
}

function object({ kind, name, uid = name, owner, going = false, namespace = 'n' }: Given): Owned {
  const ownerReferences: OwnerReference[] = owner
    ? [{ apiVersion: 'v1', kind: owner.ref.kind, name: owner.ref.name, uid: owner.uid, controller: true }]
    : [];
  return {
    ref: { apiVersion: 'v1', kind, name, ...(namespace ? { namespace } : {}) },
    uid,
    resource: `${kind.toLowerCase()}s`,
    managers: [],
    metadata: { name, ownerReferences, ...(going ? { deletionTimestamp: 'now' } : {}) },
  };
}

/** A scope that holds these objects until it is set to others. */
class World {
  holdings: Holdings;
  readonly watch: LossWatch;

  constructor(...objects: Owned[]) {
    this.holdings = { objects, unseen: [] };
    this.watch = new LossWatch({ holdings: async () => this.holdings } as unknown as MetadataReader);
  }

  static async of(...objects: Owned[]): Promise<World> {
    const world = new World(...objects);
    await world.watch.watch('n');
    return world;
  }

  async lost(...left: Owned[]): Promise<string[]> {
    this.holdings = { objects: left, unseen: this.holdings.unseen };
    return (await this.watch.losses()).map(({ ref, replaced }) => refLabel(ref) + (replaced ? ' replaced' : ''));
  }
}

const config = object({ kind: 'ConfigMap', name: 'config' });
const deployment = object({ kind: 'Deployment', name: 'web' });
const set = object({ kind: 'ReplicaSet', name: 'web-1', owner: deployment });
const pod = object({ kind: 'Pod', name: 'web-1-a', owner: set });
const ref = (kind: string, name: string): ObjectRef => ({ apiVersion: 'v1', kind, namespace: 'n', name });

describe('what vanished', () => {
  it('is lost unless it was announced', async () => {
    const world = await World.of(config);
    expect(await world.lost(config)).toEqual([]);
    expect(await world.lost()).toEqual(['ConfigMap/n/config']);
    world.watch.announce(ref('Gadget', 'one'), [{ text: '', object: ref('ConfigMap', 'config'), back: false }]);
    expect(await world.lost()).toEqual([]);
  });

  it('is not known of a kind that can no longer be listed, and that is told', async () => {
    const world = await World.of(config, deployment);
    world.holdings.unseen = ['configmaps', 'gadgets'];
    expect(await world.lost(deployment)).toEqual([]);
    expect(world.watch.blind).toEqual(['configmaps']);
    world.holdings.unseen = [];
    expect(await world.lost(config, deployment)).toEqual([]);
    expect(world.watch.blind).toEqual([]);
  });

  it('is lost as soon as it is being deleted, and when another of its name is there', async () => {
    const world = await World.of(config);
    expect(await world.lost(object({ kind: 'ConfigMap', name: 'config', going: true }))).toEqual([
      'ConfigMap/n/config',
    ]);
    expect(await world.lost(object({ kind: 'ConfigMap', name: 'config', uid: 'other' }))).toEqual([
      'ConfigMap/n/config replaced',
    ]);
  });

  it('was on its way before', async () => {
    const world = await World.of(object({ kind: 'ConfigMap', name: 'config', going: true }));
    expect(await world.lost()).toEqual([]);
  });

  it('is no loss where its controller lives and makes it again', async () => {
    const world = await World.of(deployment, set, pod);
    expect(await world.lost(deployment, set)).toEqual([]);
    expect(await world.lost(deployment)).toEqual(['Pod/n/web-1-a']);
    expect(await world.lost()).toEqual(['Deployment/n/web', 'ReplicaSet/n/web-1', 'Pod/n/web-1-a']);
  });

  it('is a loss where the transaction wrote to the controller and did not say so', async () => {
    const world = await World.of(deployment, set);
    expect(await world.lost(deployment)).toEqual([]);
    world.watch.announce(deployment.ref, []);
    expect(await world.lost(deployment)).toEqual(['ReplicaSet/n/web-1']);
    world.watch.announce(deployment.ref, [{ text: '', object: deployment.ref, below: ['ReplicaSet'], back: true }]);
    expect(await world.lost(deployment)).toEqual([]);
  });

  it('counts only where it is not derived, and outside of namespaces only where a write can have reached it', async () => {
    const slice = object({ kind: 'EndpointSlice', name: 'web' });
    const namespace = object({ kind: 'Namespace', name: 'preview', namespace: '' });
    const owner = object({ kind: 'Namespace', name: 'other', namespace: '' });
    const child = object({ kind: 'Namespace', name: 'child', namespace: '', owner });
    const volume = object({ kind: 'PersistentVolume', name: 'v', namespace: '' });
    const world = await World.of(slice, namespace, owner, child, volume);
    expect(await world.lost()).toEqual([]);
    world.watch.announce(owner.ref);
    expect(await world.lost()).toEqual(['Namespace/child']);
    world.watch.announce({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'n', name: 'c' });
    expect(await world.lost()).toEqual(['Namespace/child', 'PersistentVolume/v']);
  });

  it('is no loss where autoscalers take other nodes away meanwhile', async () => {
    const node = (name: string) => object({ kind: 'Node', name, namespace: '' });
    const world = await World.of(node('a'), node('b'));
    world.watch.announce({ apiVersion: 'v1', kind: 'Node', name: 'a' });
    expect(await world.lost(node('a'))).toEqual([]);
  });

  it('is not told where its kind can no longer be seen', async () => {
    const world = await World.of(config);
    world.holdings.unseen.push('configmaps');
    expect(await world.lost()).toEqual([]);
  });

  it('is told from the inventory of another process', async () => {
    const world = new World();
    world.watch.restore('n', [config]);
    expect(await world.lost()).toEqual(['ConfigMap/n/config']);
  });
});
