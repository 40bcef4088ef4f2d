import { describe, expect, it } from 'vitest';
import type { AnnouncedWrite } from '../../judge/consequences/announced.ts';
import { classOf, surprise } from '../../judge/consequences/announced.ts';
import type { DumpChange, How } from '../../judge/dump/compare-dumps.ts';
import type { Item } from '../../judge/dump/dump.ts';

function item(kind: string, name: string, group = ''): Item {
  const served = {
    group,
    version: 'v1',
    kind,
    resource: `${kind.toLowerCase()}s`,
    namespaced: true,
    statusApart: false,
  };
  const object = { metadata: { name, namespace: 'shop' } };
  return { key: `${kind}/shop/${name}`, kind: served, custom: false, namespace: 'shop', name, uid: name, object };
}
const web = item('Deployment', 'web', 'apps');
const change = (how: How, one: Item, above: Item[] = []): DumpChange => ({
  how,
  item: one,
  above,
  text: `${one.key} ${how}`,
});
const object = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
const written = (undo: AnnouncedWrite['undo']): AnnouncedWrite[] => [{ object, undo }];

describe('what was named before a write', () => {
  it('is nothing where there is no class', () => {
    expect(classOf([])).toBeUndefined();
    expect(classOf([{ object, undo: {} }])).toBeUndefined();
    expect(surprise(change('gone', web), [{ object }])).toContain('unnamed');
  });

  it('takes the worst class of all writes', () => {
    expect(classOf([{ undo: { class: 'exact' } }, { undo: { class: 'losses' } }, { undo: { class: 'unknown' } }])).toBe(
      'losses',
    );
  });

  it('lets exact tolerate nothing', () => {
    const writes = written({ class: 'exact', residue: ['Deployment/web has a new uid'] });
    expect(surprise(change('renewed', web), writes)).toContain('exact, but');
  });

  it('takes a kind below an object for all of that kind that it owns', () => {
    const pods = written({ class: 'consequences', consequences: [{ text: '', object, below: ['Pod'], back: true }] });
    expect(surprise(change('replaced', item('Pod', 'web-1'), [web]), pods)).toBe('');
    expect(surprise(change('replaced', item('Pod', 'api-1'), [item('Deployment', 'api', 'apps')]), pods)).toContain(
      'unnamed',
    );
    expect(surprise(change('gone', item('ReplicaSet', 'web-1', 'apps'), [web]), pods)).toContain('unnamed');
  });

  it('does not take a promise for a warning', () => {
    const pods = written({ class: 'consequences', consequences: [{ text: '', object, below: ['Pod'], back: true }] });
    expect(surprise(change('gone', item('Pod', 'web-1'), [web]), pods)).toContain('was to come back');
  });

  it('reads names in sentences, whole ones', () => {
    const said = written({ class: 'consequences', residue: ['ConfigMap/shop/settings has a new uid'] });
    expect(surprise(change('renewed', item('ConfigMap', 'settings')), said)).toBe('');
    expect(surprise(change('renewed', item('ConfigMap', 'settings-2')), said)).toContain('unnamed');
  });
});
