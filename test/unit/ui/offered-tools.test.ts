import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toolManifest } from '../../../scripts/generate-tool-manifest.ts';
import type { Target } from '../../../src/domain/target.ts';
import type { OwnPlan } from '../../../src/run/brains/own-plans.ts';
import type { ToolWorld } from '../../../src/ui/chat/offered-tools.ts';
import { callOffered, questionOf } from '../../../src/ui/chat/offered-tools.ts';
import { FakeApp } from '../../host/fake-app.ts';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
const never = new AbortController().signal;
const TARGET: Target = { context: 'kind', server: 'https://198.18.0.1', fingerprint: 'f', namespace: 'shop' };

function worldOf(parts: Partial<ToolWorld> = {}) {
  const proposed: OwnPlan[] = [];
  const world: ToolWorld = {
    target: async () => TARGET,
    propose: async (_target, plan) => (proposed.push(plan), { run: 'run-7' }),
    ...parts,
  };
  return { world, proposed };
}

function appWith(call: FakeApp['tools']['call']): FakeApp {
  const app = new FakeApp();
  app.tools.call = call;
  return app;
}

describe('tools for other agents', () => {
  it('are listed in package.json as they are (node scripts/generate-tool-manifest.ts)', () => {
    expect(manifest.contributes.languageModelTools).toEqual(JSON.parse(JSON.stringify(toolManifest())));
    for (const { name, inputSchema } of manifest.contributes.languageModelTools) {
      expect(name).toMatch(/^stratus_[a-z][a-z_]*$/);
      expect(inputSchema.type).toBe('object');
    }
  });

  it('always ask, saying where and with what', () => {
    for (const tool of ['events', 'propose_plan']) {
      const { title, message } = questionOf(tool, { name: 'geo', note: 'token=abcdefgh123' }, 'shop @ kind');
      expect(title).not.toBe('');
      expect(`${title} ${message}`).toContain('shop @ kind');
      expect(message).toContain('geo');
      expect(message).not.toContain('abcdefgh123');
      expect(message).toContain('Nothing is changed');
    }
    expect(questionOf('events', { text: 'x'.repeat(5_000) }, 'shop @ kind').message.length).toBeLessThan(700);
  });

  it('answer with fenced, bounded, redacted text of the chosen target', async () => {
    const asked: unknown[][] = [];
    const app = appWith(async (target, tool, args) => {
      asked.push([target.namespace, tool, args]);
      return { ok: true, text: `password=hunter22\n${'x'.repeat(50_000)}` };
    });
    const text = await callOffered(app, worldOf().world, 'events', { name: 'geo' }, never);
    expect(asked).toEqual([['shop', 'events', '{"name":"geo"}']]);
    expect(text).toMatch(/^Read from shop @ kind\.[^]*<data-([0-9a-f]{16}) data>\n[^]*<\/data-\1>$/);
    expect(text).not.toContain('hunter22');
    expect(text.length).toBeLessThan(21_000);
  });

  it('answer in words what went wrong', async () => {
    const { world } = worldOf();
    const refused = appWith(async () => ({ ok: false, text: 'kind has to be one of …' }));
    expect(await callOffered(refused, world, 'list', {}, never)).toBe('Not answered: kind has to be one of …');
    const away = appWith(() => Promise.reject(new Error('the server does not answer')));
    expect(await callOffered(away, world, 'list', {}, never)).toBe('Not answered: the server does not answer');
    const nowhere = worldOf({ target: async () => null }).world;
    expect(await callOffered(away, nowhere, 'list', {}, never)).toContain('No cluster and namespace were chosen');
    const stop = new AbortController();
    stop.abort(new Error('cancelled'));
    await expect(callOffered(away, world, 'list', {}, stop.signal)).rejects.toThrow('cancelled');
  });

  it('propose a plan and run nothing', async () => {
    const { world, proposed } = worldOf();
    const app = appWith(() => Promise.reject(new Error('not to be called')));
    const input = { title: 'Scale up', commands: ['kubectl scale deployment/api --replicas=2'] };
    const text = await callOffered(app, world, 'propose_plan', input, never);
    expect(text).toMatch(/^Nothing was run\. run-7 /);
    expect(proposed.map(({ steps }) => steps)).toEqual([[{ argv: ['scale', 'deployment/api', '--replicas=2'] }]]);
    const denied = { title: 'x', commands: ['kubectl delete namespace shop'] };
    expect(await callOffered(app, world, 'propose_plan', denied, never)).toMatch(/^Not proposed: command 1: /);
    expect(proposed).toHaveLength(1);
    const busy = worldOf({ propose: async () => ({ problem: 'a run on shop is under way' }) }).world;
    expect(await callOffered(app, busy, 'propose_plan', input, never)).toBe('Not proposed: a run on shop is under way');
  });
});
