import { describe, expect, it } from 'vitest';
import { METADATA_KIND } from '../../../../scripts/generate-openapi-fields.ts';
import type { ApiRequest } from '../../../../src/gateway/wire/api-request.ts';
import { parseApiRequest } from '../../../../src/gateway/wire/api-request.ts';
import { judgeRequest } from '../../../../src/gateway/monitor/policy.ts';
import { CLOSED_KINDS } from '../../../../src/undo/consequences/closed-kinds.ts';
import { CONSEQUENCES } from '../../../../src/undo/consequences/consequence-table.ts';
import type { FieldRule } from '../../../../src/undo/consequences/field-rule.ts';
import { LOOKS } from '../../../../src/undo/consequences/field-rule.ts';
import { rowsOfKind } from '../../../../src/undo/consequences/kind-rows.ts';
import { pathSteps } from '../../../../src/undo/consequences/rule-trie.ts';
import { METADATA } from '../../../../src/undo/consequences/table/metadata.ts';
import { fieldsWithoutRule } from './fields-without-rule.ts';
import { storedFields } from './openapi-fields.ts';

const stored = storedFields();
const metadata = [...stored.get(METADATA_KIND)!].map((field) => `metadata.${field}`);

/** Both as steps in which a named key is one of a map. */
function matches(row: string, field: string): boolean {
  const steps = pathSteps(row).map((step) => (step.startsWith('[') ? '*' : step));
  const open = steps.at(-1) === '**';
  const wanted = open ? steps.slice(0, -1) : steps;
  const given = field.replace(/ <.*$/, '').split('.');
  return (open || wanted.length === given.length) && wanted.every((step, i) => step === given[i]);
}

describe('the table of consequences', () => {
  it('has every kind of every release, as open or as closed', () => {
    const kinds = new Set([...stored.keys()].filter((kind) => kind !== METADATA_KIND));
    // Served for reading only.
    kinds.add('/ComponentStatus');
    expect([...Object.keys(CONSEQUENCES), ...Object.keys(CLOSED_KINDS)].sort()).toEqual([...kinds].sort());
  });

  it('has every field of every release', () => {
    expect(fieldsWithoutRule(stored)).toEqual([]);
  });

  it('has no field that no release has', () => {
    const typos = Object.entries(CONSEQUENCES).flatMap(([kind, rows]) => {
      const fields = [...(stored.get(kind) ?? []), ...metadata];
      return Object.keys(rows)
        .filter((row) => !fields.some((field) => matches(row, field)))
        .map((row) => `${kind} ${row}`);
    });
    expect(typos).toEqual([]);
    const common = [...metadata, 'apiVersion', 'kind', 'status <Status>'];
    expect(Object.keys(METADATA).filter((row) => !common.some((field) => matches(row, field)))).toEqual([]);
  });

  it('names each reversible field: what a later release adds below is unknown', () => {
    const open = Object.keys({ ...CONSEQUENCES, common: METADATA }).flatMap((kind) =>
      Object.entries((CONSEQUENCES[kind] ?? METADATA) as Record<string, FieldRule>)
        .filter(([path, rule]) => rule.act === 'reversible' && path.endsWith('.**'))
        .map(([path]) => `${kind} ${path}`),
    );
    expect(open).toEqual([
      '/ConfigMap data.**',
      '/ConfigMap binaryData.**',
      'common metadata.managedFields.*.fieldsV1.**',
    ]);
  });

  it('asks for every look it has, and has every look it asks for', () => {
    const asked = new Set(
      [METADATA, ...Object.values(CONSEQUENCES)].flatMap((rows) =>
        Object.values(rows).flatMap((rule) => (rule.act === 'controllers' && rule.back === 'look' ? [rule.look] : [])),
      ),
    );
    expect([...asked].sort()).toEqual(Object.keys(LOOKS).sort());
  });

  it('says of a kind’s labels what the kind says, whatever their prefix', () => {
    for (const kind of ['/Pod', '/Node', '/Namespace', '/PersistentVolume', 'rbac.authorization.k8s.io/ClusterRole']) {
      const labels = Object.keys(rowsOfKind(kind)!).filter((path) => path.startsWith('metadata.labels'));
      expect(labels, kind).toEqual(['metadata.labels.*']);
    }
  });
});

describe('a closed kind', () => {
  const plural = (kind: string) => kind.toLowerCase().replace(/s$/, 'se').replace(/y$/, 'ie') + 's';
  const objects = Object.keys(CLOSED_KINDS).filter((key) => !/Options$|Review$|Eviction$|TokenRequest$/.test(key));

  it.each(objects)('%s is refused by the gateway', (key) => {
    const [group, kind] = key.split('/') as [string, string];
    const path = group ? `/apis/${group}/v1/${plural(kind)}/x` : `/api/v1/${plural(kind)}/x`;
    const request: ApiRequest = parseApiRequest('PUT', path);
    expect(judgeRequest('journal', request)).toMatchObject({
      action: 'refuse',
      rule: expect.stringMatching(/^closed-/) as string,
    });
  });
});
