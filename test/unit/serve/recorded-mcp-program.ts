/** As `stratus mcp`, on a cluster that was recorded. */
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import { callTool, toolSpecs } from '../../../src/run/brains/model-tools.ts';
import { serveMcp } from '../../../src/serve/mcp-server.ts';
import { FakeApp } from '../../host/fake-app.ts';
import { toolDesk } from '../../support/tool-desk.ts';

const desk = toolDesk(process.argv[2]!);
const app = new FakeApp();
app.tools.specs = async () => toolSpecs();
app.tools.call = (_target, tool, args, signal) =>
  callTool(tool, args, { ...desk, signal, playbook: new PlaybookBrain() });
await serveMcp({
  app,
  target: desk.target,
  version: '1.2.3',
  keepPlan: async () => 'stratus mitigate --plan nowhere',
  input: process.stdin,
  output: process.stdout,
  tell: (line) => void process.stderr.write(`${line}\n`),
  signal: new AbortController().signal,
});
process.stdin.destroy();
