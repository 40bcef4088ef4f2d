import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect, it } from 'vitest';
import { toolSpecs } from '../../../src/run/brains/model-tools.ts';
import { RECORDED, sharedSnapshot } from '../../support/recorded.ts';

const PROGRAM = join(import.meta.dirname, 'recorded-mcp-program.ts');
const NAME = RECORDED.find((name) => (sharedSnapshot(name).objects.Deployment ?? []).length > 0)!;
const SNAPSHOT = sharedSnapshot(NAME);
const DEPLOYMENT = SNAPSHOT.objects.Deployment!.find(({ metadata }) => metadata.namespace === SNAPSHOT.namespaces[0])!
  .metadata.name;

/** Arguments that each tool takes; one without a row takes none. */
const ARGS: Record<string, Record<string, unknown>> = {
  list_objects: { kind: 'Deployment' },
  describe_object: { kind: 'Deployment', name: DEPLOYMENT },
  get_object: { kind: 'Deployment', name: DEPLOYMENT },
  get_logs: { name: DEPLOYMENT },
  resource_graph: { kind: 'Deployment', name: DEPLOYMENT },
  related_objects: { kind: 'Deployment', name: DEPLOYMENT },
  rollout_history: { kind: 'Deployment', name: DEPLOYMENT },
  who_changed_what: { kind: 'Deployment', name: DEPLOYMENT },
  find_text: { text: DEPLOYMENT },
  get_metrics: { name: DEPLOYMENT },
  get_traces: { service: DEPLOYMENT },
};

it(
  'each tool answers about a recorded cluster, bounded, and refuses what is wrong in words',
  { timeout: 120_000 },
  async () => {
    const client = new Client({ name: 'test', version: '1' });
    const args = ['--disable-warning=ExperimentalWarning', PROGRAM, NAME];
    await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }));
    const call = async (name: string, given: Record<string, unknown>) => {
      const { isError, content } = await client.callTool({ name, arguments: given });
      return { ok: !isError, text: (content as { text: string }[])[0]!.text };
    };
    try {
      const answered: string[] = [];
      for (const { name } of toolSpecs()) {
        const { ok, text } = await call(name, ARGS[name] ?? {});
        expect(text.length, name).toBeLessThan(21_000);
        if (ok) expect(text, name).toMatch(/^Read from [^\n]+\n<data-([0-9a-f]{16}) data>\n[^]*<\/data-\1>$/);
        // What has no monitoring behind it says so.
        else
          expect([name, text]).toEqual([
            expect.stringMatching(/^get_(metrics|traces|logs)$/),
            expect.stringMatching(/\w/),
          ]);
        if (ok) answered.push(name);
        if ((ARGS[name] ?? null) !== null) expect((await call(name, { name: 7, kind: [] })).ok, name).toBe(false);
        const elsewhere = await call(name, { ...ARGS[name], namespace: 'kube-node-lease' });
        expect(elsewhere.text, name).toMatch(/out of reach/);
      }
      expect(answered.length).toBeGreaterThan(10);
      expect(toolSpecs().map(({ name }) => name)).not.toContain('attempts');
    } finally {
      await client.close();
    }
  },
);
