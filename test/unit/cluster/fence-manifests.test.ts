import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { fenceFiles } from '../../../scripts/generate-fence-manifests.ts';
import { fenceObjects, policyObjects, WRITER_RULES } from '../../../src/cluster/lock/fence-manifests.ts';
import { KNOWN_KINDS } from '../../../src/cluster/read/kinds.ts';
import { fenceYaml } from '../../../src/cluster/lock/fence-yaml.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'docs', 'rbac');
const text = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

describe('docs/rbac', () => {
  it('is what scripts/generate-fence-manifests.ts writes', () => {
    const files = fenceFiles();
    expect(readdirSync(FOLDER).sort()).toEqual(['README.md', ...files.keys()].sort());
    for (const [name, content] of files) expect(text(name)).toBe(content);
  });

  it('explains every object', () => {
    const page = text('README.md');
    for (const { object } of fenceObjects('kube-system')) expect(page).toContain(object.metadata.name);
  });

  it('reads back as the objects that are applied', () => {
    const objects = fenceObjects('ops');
    const read = parseAllDocuments(fenceYaml(objects)).map((document) => document.toJS() as unknown);
    expect(read).toEqual(objects.map(({ object }) => object));
  });
});

describe('the writer', () => {
  const granted = WRITER_RULES.flatMap(({ apiGroups, resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${apiGroups[0]}/${resource}`)),
  );

  it('may read nothing and delete no collection', () => {
    const reading = granted.filter((right) => /^(get|list|watch|deletecollection|\*) /.test(right));
    expect(reading).toEqual([]);
  });

  it.each(['rbac.authorization.k8s.io', 'admissionregistration.k8s.io', 'coordination.k8s.io', 'certificates.k8s.io'])(
    'has no right in %s',
    (group) => {
      expect(granted.filter((right) => right.includes(` ${group}/`))).toEqual([]);
    },
  );

  it('has no wildcard and no stream, token or impersonation', () => {
    expect(
      granted.filter((right) => /\*|exec|attach|portforward|proxy|token|ephemeral|impersonate/.test(right)),
    ).toEqual([]);
  });
});

describe('the policies', () => {
  it('match sub-resources, and let the cluster live when the Lease is missing', () => {
    for (const { object } of policyObjects('kube-system')) {
      if (object.kind.endsWith('Binding')) {
        expect(object.spec.paramRef?.parameterNotFoundAction ?? 'Allow').toBe('Allow');
        expect(object.spec.validationActions).toEqual(['Deny']);
      } else if (['stratus-fence', 'stratus-guard'].includes(object.metadata.name)) {
        expect(object.spec.failurePolicy).toBe('Fail');
        expect(object.spec.matchConstraints.resourceRules[0].resources).toEqual(['*/*']);
        expect(object.spec.matchConditions[0].expression).toContain('system:serviceaccount:kube-system:stratus-writer');
      }
    }
  });

  it('are bound only after they exist, the fence last', () => {
    const order = policyObjects('kube-system').map(({ object }) => `${object.kind} ${object.metadata.name}`);
    for (const [index, entry] of order.entries()) {
      if (!entry.includes('Binding ')) continue;
      expect(order.slice(0, index)).toContain(entry.replace('PolicyBinding ', 'Policy '));
    }
    expect(order.at(-1)).toBe('ValidatingAdmissionPolicyBinding stratus-fence');
  });
});

describe('the reader role', () => {
  it('covers with the built-in role view what a snapshot reads, but Secrets', () => {
    const reader = fenceObjects('kube-system').find(({ object }) => object.metadata.name === 'stratus-reader')!;
    const rules = reader.object.rules as { apiGroups: string[]; resources: string[] }[];
    const extra = KNOWN_KINDS.filter(({ namespaced, kind }) => !namespaced || kind === 'ControllerRevision');
    for (const { resource } of extra) {
      expect(
        rules.some(({ resources }) => resources.includes(resource)),
        resource,
      ).toBe(true);
    }
  });
});
