/** A program that serves the application of the tests over its standard streams, as `stratus mcp` does the real one. */
import { keepPlan } from '../../../src/cli/mcp.ts';
import { serveMcp } from '../../../src/serve/mcp-server.ts';
import { FakeApp } from '../../host/fake-app.ts';

const app = new FakeApp();
const waiting = new Set<string>();
app.tools.specs = async () =>
  ['echo', 'refuse', 'fail', 'wait', 'cancelled'].map((name) => ({
    name,
    description: `It does ${name}.`,
    parameters: { type: 'object', properties: { text: { type: 'string' } } },
  }));
app.tools.call = async (target, tool, args, signal) => {
  if (tool === 'refuse') return { ok: false, text: 'kind has to be one of Pod, Service' };
  if (tool === 'fail') throw new Error('the server does not answer');
  if (tool === 'cancelled') return { ok: true, text: [...waiting].join() };
  if (tool === 'wait') {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    waiting.add(String(JSON.parse(args).text));
    throw signal.reason;
  }
  return { ok: true, text: `${target.namespace} ${args} password=hunter22` };
};
const target = await app.targets.pin('kind-oncall', 'hotel-reservation');
await serveMcp({
  app,
  target,
  version: '1.2.3',
  keepPlan: (title, commands) => keepPlan(process.argv[2]!, target, title, commands),
  input: process.stdin,
  output: process.stdout,
  tell: (line) => void process.stderr.write(`${line}\n`),
  signal: new AbortController().signal,
});
process.stdin.destroy();
