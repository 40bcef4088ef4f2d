import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../catalogue/catalogue.ts';
import { drawIncident, ENTRIES, SINGLE_FAULTS } from '../../catalogue/catalogue.ts';
import { objectsOf } from '../../catalogue/application.ts';
import { FAMILIES } from '../../catalogue/fault.ts';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const KEY = /^[A-Z][A-Za-z]+\/[a-z0-9][a-z0-9.-]*$/;
const ofKind = (kind: Entry['kind']) => ENTRIES.filter((entry) => entry.kind === kind);

describe('the fault catalogue', () => {
  it('holds as much of each kind as the benchmark promises', () => {
    expect(ofKind('single').length).toBeGreaterThanOrEqual(60);
    expect(ofKind('pair')).toHaveLength(12);
    expect(ofKind('calm')).toHaveLength(5);
    expect(ofKind('unfixable')).toHaveLength(10);
    expect(new Set(SINGLE_FAULTS.map(({ family }) => family))).toEqual(
      new Set(FAMILIES.filter((family) => family !== 'rights')),
    );
  });

  it('reproduces every mitigation problem of AIOpsLab', () => {
    const rows = SINGLE_FAULTS.flatMap(({ likeness = '' }) => /AIOpsLab ([^;]+)/.exec(likeness)?.[1] ?? []).sort();
    expect(rows).toEqual([
      'assign_to_non_existent_node',
      'auth_miss_mongodb',
      'k8s_target_port-misconfig 1',
      'k8s_target_port-misconfig 2',
      'k8s_target_port-misconfig 3',
      'misconfig_app_hotel_res',
      'redeploy_without_PV',
      'revoke_auth_mongodb 1',
      'revoke_auth_mongodb 2',
      'scale_pod_zero_social_net',
      'user_unregistered_mongodb 1',
      'user_unregistered_mongodb 2',
      'wrong_bin_usage',
    ]);
  });

  it('has names of its own', () => {
    const names = ENTRIES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const root = join(import.meta.dirname, '..', '..', '..');
    const product = globSync('src/**/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
    const shared = names.filter((name) => product.some((text) => text.includes(name)));
    expect(shared).toEqual([]);
  });

  it.each(ENTRIES.map((entry) => [entry.name, entry] as const))('%s is well formed', (_, entry) => {
    for (const seed of SEEDS) {
      const { application, plan } = drawIncident(entry, seed);
      expect(plan.what).not.toBe('');
      if (entry.kind !== 'calm') expect(plan.causes.length).toBeGreaterThan(0);
      for (const key of [...plan.mayChange, ...(plan.outside ?? [])]) expect(key).toMatch(KEY);
      const objects = objectsOf(application);
      const keys = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      expect(new Set(keys).size).toBe(keys.length);
      for (const key of keys) expect(key).toMatch(KEY);
      for (const { metadata } of objects) expect(metadata.name.length).toBeLessThanOrEqual(50);
      // What a scene makes outside its namespace carries the namespace's name.
      for (const key of plan.outside ?? []) if (!key.startsWith('Node/')) expect(key).toContain(application.namespace);
    }
  });

  it.each(ENTRIES.map((entry) => [entry.name, entry] as const))(
    '%s is the same for a seed, and differs by seed',
    (_, entry) => {
      const drawn = (seed: number) => JSON.stringify(drawIncident(entry, seed));
      expect(drawn(1)).toBe(drawn(1));
      expect(drawn(1)).not.toBe(drawn(2));
    },
  );
});
