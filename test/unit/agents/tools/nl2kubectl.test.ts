import { describe, expect, it } from 'vitest';
import { kubectlRead, readRefusal } from '../../../../src/agents/model/tools/nl2kubectl.ts';
import { runTool } from '../../../../src/agents/model/tools/run-tool.ts';
import type { ChatModel, ChatPart, ChatRequest } from '../../../../src/domain/chat.ts';
import { toolDesk } from '../../../support/tool-desk.ts';

function scripted(...answers: string[]): { model: ChatModel; requests: ChatRequest[] } {
  const requests: ChatRequest[] = [];
  const model: ChatModel = {
    name: 'script',
    contextTokens: 8_000,
    scripted: true,
    async *complete(request): AsyncIterable<ChatPart> {
      requests.push(request);
      const answer = answers.shift() ?? '';
      if (answer.startsWith('{')) yield { type: 'call', call: { id: '1', tool: 'kubectl_command', args: answer } };
      else yield { type: 'text', text: answer };
      yield { type: 'end', reason: 'stop', model: 'script' };
    },
  };
  return { model, requests };
}

const command = (text: string): string => JSON.stringify({ command: text });

function ask(parts: Omit<Parameters<typeof kubectlRead>[0], 'prompt'>) {
  const tool = kubectlRead({ prompt: 'write one command', ...parts });
  const args = JSON.stringify({ question: 'which node does geo run on' });
  return runTool({ id: '1', tool: 'kubectl_read', args }, toolDesk('seed-19-healthy'), [tool as never]);
}

describe('a question in plain words', () => {
  it('becomes one command, which is run in read mode and whose output is bounded and redacted', async () => {
    const { model, requests } = scripted(command('kubectl get pods -n shop -o wide'));
    const ran: unknown[] = [];
    const run = async (argv: readonly string[]) => {
      ran.push(argv);
      return `geo node1 password=hunter2 \u001b[2J${'x'.repeat(20_000)}`;
    };
    const { ok, text } = await ask({ model, run });
    expect(ok).toBe(true);
    expect(ran).toEqual([['get', 'pods', '-n', 'shop', '-o', 'wide']]);
    expect(text).toMatch(/^kubectl get pods -n shop -o wide\ngeo node1 password=\[redacted\]/);
    expect(text.length).toBeLessThanOrEqual(6_000);
    expect(requests[0]).toMatchObject({
      force: 'kubectl_command',
      messages: [{ role: 'system', text: 'write one command' }, { role: 'user' }],
    });
  });

  it('is answered with the command alone where nothing can run it', async () => {
    const { model } = scripted('```\nkubectl get nodes\n```');
    expect(await ask({ model })).toEqual({
      ok: true,
      text: expect.stringMatching(/^kubectl get nodes\n\(not run/) as string,
    });
  });

  it('whose command is refused is written anew, with the refusal quoted', async () => {
    const { model, requests } = scripted(
      command('kubectl delete pod geo'),
      command('kubectl get pods | grep geo'),
      command('kubectl get pod geo'),
    );
    const { ok, text } = await ask({ model });
    expect({ ok, text }).toMatchObject({ ok: true, text: expect.stringMatching(/^kubectl get pod geo/) as string });
    expect(requests).toHaveLength(3);
    expect(requests[1]!.messages.at(-1)).toMatchObject({
      role: 'user',
      text: expect.stringMatching(/^Refused: .*Write one command/) as string,
    });
    expect(requests[2]!.messages).toHaveLength(6);
  });

  it('is given up after two repairs', async () => {
    const { model, requests } = scripted(
      'I cannot',
      'rm -rf /',
      command('kubectl apply -f x.yaml'),
      command('kubectl get pods'),
    );
    const { ok, text } = await ask({ model });
    expect(ok).toBe(false);
    expect(text).toContain('no command was allowed');
    expect(requests).toHaveLength(3);
  });
});

describe('only one command that reads is allowed', () => {
  it.each([
    ['get', 'pods'],
    ['describe', 'pod', 'geo'],
    ['logs', 'geo', '--tail=50'],
    ['rollout', 'history', 'deployment/geo'],
  ])('%s %s', (...argv) => {
    expect(readRefusal(argv)).toBeNull();
  });

  it.each([
    ['delete', 'pod', 'geo'],
    ['exec', 'geo', '--', 'sh'],
    ['scale', 'deploy/geo', '--replicas=0'],
    ['apply', '-f', 'x'],
    ['gett', 'pods'],
    ['get', 'pods', '--kubeconfig=/x'],
    ['edit', 'pod', 'geo'],
  ])('not %s %s', (...argv) => {
    expect(readRefusal(argv)).not.toBeNull();
  });
});
