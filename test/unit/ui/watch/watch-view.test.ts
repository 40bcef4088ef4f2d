import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CorrelatedIncident } from '../../../../src/domain/signals.ts';
import { IncidentNews } from '../../../../src/ui/watch/incident-news.ts';
import type { WatchView } from '../../../../src/ui/watch/watch-view.ts';
import { afterEvent, afterLook, begun, stopped } from '../../../../src/ui/watch/watch-view.ts';
import { ageText, newsText, statusWords } from '../../../../src/ui/watch/watch-words.ts';

const START = Date.parse('2031-03-04T05:06:07Z');
const target = { context: 'staging', namespace: 'shop', server: 'https://198.18.0.1:6443', fingerprint: 'f' };
const web = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };

function incident(name: string, more: Partial<CorrelatedIncident> = {}): CorrelatedIncident {
  const member = {
    source: 'object' as const,
    id: name,
    objects: [web],
    labels: {},
    since: START,
    message: `${name} fails`,
  };
  return {
    fingerprint: name,
    title: `${name} is not ready`,
    since: START,
    root: { object: web, reason: 'others depend on it' },
    members: [member],
    count: 1,
    isStorm: false,
    isKnown: false,
    absorbed: [],
    ...more,
  };
}

const fresh = (): WatchView => begun(target, 15_000);
const look = (view: WatchView, at: number, ...open: CorrelatedIncident[]) =>
  afterLook(view, { at, mu: open.length, open });
const finding = {
  id: 'f',
  rule: 'r',
  severity: 'critical' as const,
  object: web,
  message: 'its image does not exist',
  evidence: [],
  fixes: [],
};
const opened = (view: WatchView, at: number, one: CorrelatedIncident) =>
  afterEvent(view, { type: 'opened', at, incident: one, diagnosis: { findings: [finding], hypotheses: [] }, mu: 1 });

describe('what a watch shows', () => {
  it('says what it has read and when, in the status bar and below it', () => {
    const words = statusWords(look(fresh(), START), START + 12_000);
    expect(words).toMatchObject({ icon: 'eye', state: 'watching', isAlarming: false });
    expect(words.tooltip[0]).toBe('Watches shop @ staging every 15 s; nothing is written');
    expect(words.tooltip[1]).toBe('No incident is open');
    expect(words.tooltip[2]).toMatch(/^Last look \d\d:\d\d:\d\d, 12 s ago$/);
  });

  it('says nothing of health before the first look', () => {
    const words = statusWords(fresh(), START);
    expect(words.state).toBe('first look');
    expect(words.tooltip.join()).toMatch(/Nothing was read yet/);
    expect(words.tooltip.join()).not.toMatch(/No incident/);
  });

  it('counts what is open, with its age, and calls for a person', () => {
    const view = look(opened(fresh(), START, incident('web')), START + 120_000, incident('web'), incident('geo'));
    const words = statusWords(view, START + 120_000);
    expect(words).toMatchObject({ icon: 'flame', state: '2 incidents open', isAlarming: true });
    expect(words.tooltip).toContain('For 2 min: web is not ready');
    expect(view.incidents.map(({ cause }) => cause)).toEqual(['its image does not exist', '']);
  });

  it('keeps the cause of what grows or turns out to be another one', () => {
    const view = opened(fresh(), START, incident('web'));
    const grown = afterEvent(view, { type: 'grew', at: START, incident: incident('web', { count: 4 }) });
    expect(grown.incidents).toMatchObject([{ count: 4, cause: 'its image does not exist' }]);
    const merged = look(grown, START, incident('all', { absorbed: ['web'] }));
    expect(merged.incidents).toMatchObject([{ fingerprint: 'all', cause: 'its image does not exist' }]);
  });

  it('shows what is over no longer', () => {
    const view = opened(fresh(), START, incident('web'));
    const over = afterEvent(view, { type: 'closed', at: START, incident: incident('web'), lastedMs: 5 });
    expect(over.incidents).toEqual([]);
    expect(statusWords(look(over, START), START).state).toBe('watching');
  });

  it('takes nothing back that was open while nothing is known, and says when it asks again', () => {
    const view = look(opened(fresh(), START, incident('web')), START, incident('web'));
    const lost = afterEvent(view, { type: 'unknown', at: START, reason: 'too many requests', retryMs: 60_000 });
    const words = statusWords(lost, START + 20_000);
    expect(words).toMatchObject({ state: 'no answer, 1 incident before', isAlarming: true });
    expect(words.tooltip[1]).toBe('Nothing is known: too many requests; asked again in 40 s. Before that: 1 incident');
    expect(statusWords(lost, START + 120_000).tooltip[1]).toMatch(/asked again now/);
  });

  it('shows what is open where a part does not answer, with what is missing, until it does', () => {
    const part = (view: WatchView, at: number, ...open: CorrelatedIncident[]) =>
      afterEvent(afterLook(view, { at, mu: null, open }), {
        ...{ type: 'unknown', at, reason: 'signals: no answer', retryMs: 60_000, isPart: true },
      } as const);
    const none = statusWords(part(fresh(), START), START);
    expect(none).toMatchObject({ icon: 'warning', state: 'no full answer', isAlarming: true });
    expect(none.tooltip[1]).toBe('No incident is known; not all is: signals: no answer');
    const view = part(opened(fresh(), START, incident('web')), START, incident('web'));
    const words = statusWords(view, START + 90_000);
    expect(words).toMatchObject({ icon: 'flame', state: '1 incident open' });
    expect(words.tooltip[1]).toBe('Open: 1 incident; not all is known: signals: no answer');
    expect(statusWords(look(view, START + 90_000), START + 90_000)).toMatchObject({ state: 'watching' });
  });

  it('shows notes as they are now, in place of those of before', () => {
    const started = afterEvent(fresh(), { type: 'started', at: START, notes: ['metrics are read'] });
    const change = { notes: ['metrics are read', 'not watched: alerts'], fresh: ['not watched: alerts'], gone: [] };
    const view = afterEvent(started, { type: 'noted', at: START, ...change });
    expect(statusWords(view, START).tooltip.slice(3)).toEqual(change.notes);
  });

  it('pauses for a machine that slept, until it was read anew', () => {
    const view = afterEvent(look(fresh(), START), { type: 'slept', at: START + 9e6, forMs: 9e6 });
    const words = statusWords(view, START + 9e6);
    expect(words.state).toBe('paused');
    expect(words.tooltip[1]).toMatch(/the machine slept for 2\.5 h, and what happened meanwhile is not known/);
    expect(statusWords(look(view, START + 9e6), START + 9e6).state).toBe('watching');
  });

  it('is paused by itself where looks do not come', () => {
    const view = look(fresh(), START);
    expect(statusWords(view, START + 59_000).state).toBe('watching');
    const late = statusWords(view, START + 301_000);
    expect(late.state).toBe('paused');
    expect(late.tooltip[1]).toBe('Paused: there was no look for 5 min');
  });

  it('says why it ended', () => {
    const words = statusWords(stopped(look(fresh(), START), 'the kubeconfig is gone'), START);
    expect(words).toMatchObject({ state: 'watch stopped', isAlarming: true });
    expect(words.tooltip[1]).toBe('No longer watched: the kubeconfig is gone');
  });

  it('goes on where it was begun anew, without what it knew being called read', () => {
    const view = begun(target, 5_000, look(fresh(), START, incident('web')));
    expect(statusWords(view, START)).toMatchObject({ state: 'first look, 1 incident before' });
  });

  it('shows no text of a cluster that acts or turns words round', () => {
    const hostile = 'a\u001b[2J\u202egpj\n# x';
    const view = opened(fresh(), START, incident('x', { title: hostile, root: { object: web, reason: hostile } }));
    expect(JSON.stringify(view)).not.toMatch(/\\u001b|\\n|\u202e/);
  });
});

describe('ages', () => {
  it.each([
    [0, 'less than a second'],
    [-5, 'less than a second'],
    [12_345, '12 s'],
    [59_400, '59 s'],
    [89_000, '1 min'],
    [133_000, '2 min'],
    [59 * 60_000, '59 min'],
    [100 * 60_000, '1.7 h'],
  ])('%d ms are %s', (ms, text) => expect(ageText(ms)).toBe(text));
});

describe('what a person is told of', () => {
  const open = (...names: string[]) => look(fresh(), START, ...names.map((name) => incident(name))).incidents;
  const names = (told: readonly { fingerprint: string }[]) => told.map(({ fingerprint }) => fingerprint);

  it('is each incident once for as long as it is open, and again when it comes back', () => {
    const news = new IncidentNews();
    expect(names(news.next(open('a'), false))).toEqual(['a']);
    expect(names(news.next(open('a', 'b'), false))).toEqual(['b']);
    expect(names(news.next(open('a', 'b'), false))).toEqual([]);
    expect(names(news.next(open('b'), false))).toEqual([]);
    expect(names(news.next(open('a', 'b'), false))).toEqual(['a']);
  });

  it('waits for the end of a run that is at work there', () => {
    const news = new IncidentNews();
    expect(news.next(open('a'), true)).toEqual([]);
    expect(news.next(open('a', 'b'), true)).toEqual([]);
    expect(names(news.next(open('b'), false))).toEqual(['b']);
  });

  it('is told twice of none and misses none, whatever opens and closes', () => {
    const sets = fc.array(fc.record({ ids: fc.uniqueArray(fc.integer({ min: 0, max: 5 })), held: fc.boolean() }));
    fc.assert(
      fc.property(sets, (looks) => {
        const news = new IncidentNews();
        const told = new Set<string>();
        for (const { ids, held } of looks) {
          const now = ids.map(String);
          for (const id of told) if (!now.includes(id)) told.delete(id);
          const fresh = names(news.next(open(...now), held));
          for (const id of fresh) {
            expect(told.has(id)).toBe(false);
            told.add(id);
          }
          if (!held) expect([...told].sort()).toEqual([...now].sort());
        }
      }),
    );
  });

  it('is what broke, since when, where it begins and why', () => {
    const [one] = opened(fresh(), START, incident('web')).incidents;
    expect(newsText([one!], START + 133_000)).toBe(
      'web is not ready, for 2 min. It probably begins at Deployment/shop/web: others depend on it. Cause: its image does not exist',
    );
  });

  it('is one message where there are several', () => {
    expect(newsText(open('a', 'b', 'c'), START + 5_000)).toBe(
      '3 incidents: a is not ready, for 5 s; b is not ready, for 5 s; c is not ready, for 5 s',
    );
  });
});
