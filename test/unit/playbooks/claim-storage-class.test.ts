import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [9, 17, 55, 600, 12345];
const RULE = 'claim-storage-class';

const only = (world: World) => onlyFinding(world, RULE);

class Storage {
  readonly world: World;

  constructor(seed: number) {
    this.world = new World(seed);
  }

  class(name: string, provisioner: string, fields: Loose = {}) {
    const { isDefault, ...rest } = fields;
    const annotations = isDefault ? { 'storageclass.kubernetes.io/is-default-class': 'true' } : {};
    return this.world.add(
      'StorageClass',
      'storage.k8s.io/v1',
      name,
      { metadata: { annotations }, provisioner, volumeBindingMode: 'Immediate', ...rest },
      null,
    );
  }

  claim(storageClassName: string | undefined, fields: Loose = {}) {
    const { name = this.world.random.name('claim-'), bound, provisioner, metadata, spec, ...rest } = fields;
    const volume = bound ? this.world.random.name('pv-') : undefined;
    if (volume) {
      const annotations = { 'pv.kubernetes.io/provisioned-by': provisioner };
      this.world.add(
        'PersistentVolume',
        'v1',
        volume,
        { metadata: { annotations }, spec: { storageClassName }, status: { phase: 'Bound' } },
        null,
      );
    }
    return this.world.add('PersistentVolumeClaim', 'v1', name, {
      metadata,
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName,
        volumeName: volume,
        ...spec,
      },
      status: { phase: bound ? 'Bound' : 'Pending' },
      ...rest,
    });
  }

  user(claim: { metadata: { name: string } }) {
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: claim.metadata.name } }];
    return this.world.workload({ podSpec: { volumes }, pods: 'pending' });
  }
}

describe.each(SEEDS)('a claim whose class cannot make a volume (seed %i)', (seed) => {
  it('is made anew with the class of its siblings', async () => {
    const storage = new Storage(seed);
    const { world } = storage;
    const [good, provisioner] = [world.random.name('class-'), `${world.random.name()}.example/p`];
    storage.class(good, provisioner);
    storage.claim(good, { bound: true, provisioner });
    const claim = storage.claim('no-such-class', {
      metadata: {
        labels: { app: 'x' },
        finalizers: ['kubernetes.io/pvc-protection'],
        annotations: {
          'volume.kubernetes.io/selected-node': 'n',
          'pv.kubernetes.io/bind-completed': 'yes',
          team: 'blue',
        },
      },
    });
    storage.user(claim);
    const finding = await only(world);
    const { name } = claim.metadata;
    expect(finding.severity).toBe('critical');
    expect(finding.object).toMatchObject({ kind: 'PersistentVolumeClaim', name });
    expect(finding.fixes).toHaveLength(1);
    const { commands, files } = finding.fixes[0]!;
    expect(commands).toEqual([
      ['delete', 'persistentvolumeclaim', name, '-n', world.namespace, '--timeout=60s'],
      ['create', '-f', `{{claim-${name}.json}}`, '-n', world.namespace],
    ]);
    expect(JSON.parse(files![0]!.content)).toEqual({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: world.namespace, labels: { app: 'x' }, annotations: { team: 'blue' } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: good },
    });
  });

  it('gets the default class when it works and there are no siblings', async () => {
    const storage = new Storage(seed);
    storage.class('a-driver', 'csi.example', { isDefault: true });
    storage.class('b-driver', 'dead.example');
    storage.world.add('CSIDriver', 'storage.k8s.io/v1', 'csi.example', {}, null);
    storage.user(storage.claim('typo'));
    const finding = await only(storage.world);
    expect(finding.fixes).toHaveLength(1);
    expect(finding.fixes[0]!.files![0]!.content).toContain('"storageClassName": "a-driver"');
  });

  it('has no fix where no class is known to work', async () => {
    const storage = new Storage(seed);
    storage.class('other', 'other.example');
    storage.user(storage.claim('typo'));
    expect((await only(storage.world)).fixes).toEqual([]);
  });

  it('trusts the default class where no volume was ever made', async () => {
    const storage = new Storage(seed);
    storage.class('standard', 'standard.example', { isDefault: true });
    storage.user(storage.claim('typo'));
    const [fix] = (await only(storage.world)).fixes;
    expect(fix!.files![0]!.content).toContain('"storageClassName": "standard"');
  });

  it('does not trust a default class that other claims wait for in vain', async () => {
    const storage = new Storage(seed);
    storage.class('dead', 'dead.example', { isDefault: true });
    storage.user(storage.claim('typo'));
    storage.user(storage.claim('dead'));
    const finding = (await storage.world.diagnose()).find(({ message }) => message.includes('typo'));
    expect(finding!.fixes).toEqual([]);
  });

  it('is found where nobody serves the provisioner of the class', async () => {
    const storage = new Storage(seed);
    const { world } = storage;
    storage.class('good', 'live.example', { isDefault: true });
    storage.claim('good', { bound: true, provisioner: 'live.example' });
    storage.class('ghost', 'ghost.example');
    const claim = storage.claim('ghost');
    storage.user(claim);
    world.event(
      claim,
      'ExternalProvisioning',
      "Waiting for a volume to be created either by the external provisioner 'ghost.example'",
    );
    const finding = await only(world);
    expect(finding.message).toContain('ghost.example');
    expect(finding.fixes[0]!.files![0]!.content).toContain('"storageClassName": "good"');
  });

  it('of a StatefulSet is replaced together with its brothers, those to come included', async () => {
    const storage = new Storage(seed);
    const { world } = storage;
    storage.class('good', 'live.example', { isDefault: true });
    storage.claim('good', { bound: true, provisioner: 'live.example' });
    const template = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, storageClassName: 'gone' },
    };
    const set = world.workload({
      kind: 'StatefulSet',
      replicas: 3,
      pods: 'none',
      spec: { volumeClaimTemplates: [template] },
    });
    const { name } = set.metadata;
    storage.claim('gone', { name: `data-${name}-0` });
    const { commands, files } = (await only(world)).fixes[0]!;
    // Its controller would make a deleted claim anew from the broken template while the replica is wanted.
    expect(commands.map((argv) => argv.slice(0, 3))).toEqual([
      ['scale', `statefulset/${name}`, '--replicas=0'],
      ['delete', 'persistentvolumeclaim', `data-${name}-0`],
      ['create', '-f', `{{claim-data-${name}-0.json}}`],
      ['create', '-f', `{{claim-data-${name}-1.json}}`],
      ['create', '-f', `{{claim-data-${name}-2.json}}`],
      ['scale', `statefulset/${name}`, '--replicas=3'],
    ]);
    const second = JSON.parse(files![1]!.content);
    expect(second.spec).toEqual({ ...template.spec, storageClassName: 'good' });
    expect(second.metadata.labels).toEqual(set.spec.selector.matchLabels);
  });

  it('of a StatefulSet leaves the replicas alone that run', async () => {
    const storage = new Storage(seed);
    const { world } = storage;
    storage.class('good', 'live.example');
    const template = { metadata: { name: 'data' }, spec: { storageClassName: 'gone' } };
    const set = world.workload({
      kind: 'StatefulSet',
      replicas: 2,
      pods: 'none',
      spec: { volumeClaimTemplates: [template], ordinals: { start: 5 } },
    });
    const { name } = set.metadata;
    storage.claim('good', { name: `data-${name}-5`, bound: true, provisioner: 'live.example' });
    storage.claim('gone', { name: `data-${name}-6` });
    const { commands } = (await only(world)).fixes[0]!;
    expect(commands[0]!.slice(1, 3)).toEqual([`statefulset/${name}`, '--replicas=1']);
    expect(commands.at(-1)!.slice(1, 3)).toEqual([`statefulset/${name}`, '--replicas=2']);
    expect(commands).toHaveLength(4);
  });

  it('of a StatefulSet has no fix where scaling down deletes claims or there are too many', async () => {
    for (const more of [{ persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' } }, { replicas: 30 }]) {
      const storage = new Storage(seed);
      const { world } = storage;
      storage.class('good', 'live.example');
      storage.claim('good', { bound: true, provisioner: 'live.example' });
      const template = { metadata: { name: 'data' }, spec: { storageClassName: 'gone' } };
      const spec = { volumeClaimTemplates: [template], ...more };
      const set = world.workload({ kind: 'StatefulSet', replicas: 2, pods: 'none', spec });
      storage.claim('gone', { name: `data-${set.metadata.name}-0` });
      const finding = await only(world);
      expect(finding.fixes).toEqual([]);
      expect(finding.message).not.toContain('no class');
      expect(finding.unfixed).toMatch(/StatefulSet|replicas/);
    }
  });

  it('that belongs to an operator or a pod has no fix', async () => {
    const storage = new Storage(seed);
    storage.class('good', 'live.example', { isDefault: true });
    storage.claim('good', { bound: true, provisioner: 'live.example' });
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true };
    storage.claim('gone', { metadata: { ownerReferences: [owner] } });
    const finding = await only(storage.world);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('Pod p makes this claim');
    expect(finding.message).toContain(finding.unfixed);
  });

  it('does not fall for events of an earlier claim of the same name', async () => {
    const storage = new Storage(seed);
    storage.class('lazy', 'new.example', { volumeBindingMode: 'WaitForFirstConsumer' });
    const claim = storage.claim('lazy');
    storage.world.event(claim, 'ProvisioningFailed', 'storageclass "gone" not found', {
      involvedObject: {
        kind: 'PersistentVolumeClaim',
        name: claim.metadata.name,
        namespace: storage.world.namespace,
        uid: 'earlier',
      },
    });
    expect(byRule(await storage.world.diagnose(), RULE)).toEqual([]);
  });
});

describe.each(SEEDS)('a claim that is in order (seed %i)', (seed) => {
  const quiet = async (storage: Storage) => expect(byRule(await storage.world.diagnose(), RULE)).toEqual([]);

  it('waits for its first consumer', async () => {
    const storage = new Storage(seed);
    storage.class('lazy', 'unseen.example', { volumeBindingMode: 'WaitForFirstConsumer', isDefault: true });
    storage.claim('lazy');
    await quiet(storage);
  });

  it('is being provisioned this moment', async () => {
    const storage = new Storage(seed);
    storage.class('fresh', 'unseen.example');
    const claim = storage.claim('fresh', { metadata: { creationTimestamp: '2031-05-06T07:08:05Z' } });
    storage.user(claim);
    await quiet(storage);
    storage.world.event(claim, 'ExternalProvisioning', 'Waiting for a volume to be created');
    storage.world.event(claim, 'Provisioning', 'External provisioner is provisioning volume', {
      source: { component: 'unseen.example_pod' },
    });
    await quiet(storage);
  });

  it('is meant for a volume made by hand', async () => {
    const storage = new Storage(seed);
    storage.claim('');
    storage.claim('manual');
    storage.world.add(
      'PersistentVolume',
      'v1',
      'by-hand',
      { spec: { storageClassName: 'manual' }, status: { phase: 'Available' } },
      null,
    );
    await quiet(storage);
  });

  it('is bound, or the classes could not be read', async () => {
    const storage = new Storage(seed);
    storage.claim('unknown-now', { bound: true, provisioner: 'x' });
    await quiet(storage);
    storage.world.unreadable['StorageClass'] = 'forbidden';
    storage.user(storage.claim('whatever'));
    await quiet(storage);
  });
});

describe.each(SEEDS)('a claim that a release put in the place of another one (seed %i)', (seed) => {
  /** The workload mounted `former` in its revision before. */
  function moved(fields: Loose = {}, elsewhere = false) {
    const storage = new Storage(seed);
    const { world } = storage;
    storage.class('usual', 'made.example/usual', { isDefault: true });
    const former = storage.claim('usual', {
      name: 'ledger-data',
      bound: true,
      provisioner: 'made.example/usual',
      ...fields,
    });
    storage.claim('usual', { bound: true, provisioner: 'made.example/usual' });
    const claim = storage.claim('fast-ssd', { name: 'ledger-data-v2' });
    const of = (claimName: string) => [{ name: 'data', persistentVolumeClaim: { claimName } }];
    const workload = world.workload({
      kind: world.random.pick(['Deployment', 'StatefulSet']),
      podSpec: { volumes: of(claim.metadata.name) },
      pods: 'pending',
      earlier: [{ podSpec: { volumes: of(former.metadata.name) } }],
    });
    if (elsewhere) world.workload({ podSpec: { volumes: of(former.metadata.name) } });
    return { world, workload };
  }

  it('gives way to the former one, which holds what was kept; an empty volume needs a person', async () => {
    const { world, workload } = moved();
    const finding = await only(world);
    expect(finding.message).toContain('had claim ledger-data before, which is still bound');
    const [back, ...anew] = finding.fixes;
    expect(back!.changes[0]).toMatchObject({
      type: 'json-patch',
      object: { kind: workload.kind, name: workload.metadata.name },
      ops: [
        { op: 'test', value: 'ledger-data-v2' },
        { op: 'replace', path: '/spec/template/spec/volumes/0/persistentVolumeClaim/claimName', value: 'ledger-data' },
      ],
    });
    expect(back!.needsPerson).toBeUndefined();
    expect(anew.length).toBeGreaterThan(0);
    expect(anew.every(({ needsPerson }) => /empty volume/.test(needsPerson ?? ''))).toBe(true);
  });

  it('is left alone once nobody mounts it any more', async () => {
    const storage = new Storage(seed);
    const { world } = storage;
    storage.class('usual', 'made.example/usual', { isDefault: true });
    storage.claim('usual', { name: 'ledger-data', bound: true, provisioner: 'made.example/usual' });
    storage.claim('fast-ssd', { name: 'ledger-data-v2' });
    const mounting = (claimName: string) => ({
      podSpec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] },
    });
    world.workload({ kind: 'Deployment', ...mounting('ledger-data'), earlier: [mounting('ledger-data-v2')] });
    const finding = await only(world);
    expect(finding).toMatchObject({ object: { name: 'ledger-data-v2' }, fixes: [] });
    expect(finding.unfixed).toMatch(/nobody mounts it any more/);
  });

  it.each<[string, Loose, boolean]>([
    ['is gone with what it held', { bound: false }, false],
    ['is being deleted', { metadata: { deletionTimestamp: '2031-05-06T07:00:00Z' } }, false],
    ['is used by another workload', {}, true],
  ])('is made anew where the former one %s', async (_, fields, elsewhere) => {
    const { world } = moved(fields, elsewhere);
    const finding = byRule(await world.diagnose(), RULE).find(({ object }) => object.name === 'ledger-data-v2')!;
    expect(finding.fixes.length).toBeGreaterThan(0);
    expect(finding.fixes.flatMap(({ changes }) => changes.map(({ type }) => type))).not.toContain('json-patch');
  });
});
