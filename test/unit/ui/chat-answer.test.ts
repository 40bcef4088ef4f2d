import { describe, expect, it } from 'vitest';
import type { TransactionSummary } from '../../../src/domain/transaction.ts';
import type { AnswerSink, ChatWorld } from '../../../src/ui/chat/answer.ts';
import { answer } from '../../../src/ui/chat/answer.ts';
import type { Told } from '../../../src/ui/chat/told.ts';
import { toldOfDiagnosis, toldOfRun } from '../../../src/ui/chat/told.ts';
import { projectRun } from '../../../src/ui/run/run-projection.ts';
import { FakeApp } from '../../host/fake-app.ts';

const never = new AbortController().signal;
const PLACE = { context: 'kind-oncall', namespace: 'hotel-reservation' };

const TOLD: Told = {
  place: 'hotel-reservation @ kind-oncall',
  headline: 'Something is wrong',
  wrong: ['targetPort 9999 matches no container port'],
  causes: [
    {
      message: 'Service geo sends to port 9999',
      object: 'Service/geo',
      evidence: [{ where: 'log Pod/search', text: 'password=hunter22 [x](command:evil) refused' }],
      explains: ['frontend is not ready'],
      commands: ['kubectl patch service geo'],
      unfixed: '',
      door: { run: 'run-1', finding: 'geo/a b' },
    },
  ],
  done: [],
  notes: [],
};

class Sink implements AnswerSink {
  text = '';
  readonly trusted: string[] = [];
  readonly buttons: unknown[][] = [];
  readonly told: string[] = [];
  markdown(text: string, commands: readonly string[] = []) {
    this.text += text;
    this.trusted.push(...commands);
  }
  button(title: string, command: string, args: readonly unknown[]) {
    this.buttons.push([title, command, args]);
  }
  progress(text: string) {
    this.told.push(text);
  }
}

const worldOf = (parts: Partial<ChatWorld> = {}): ChatWorld => ({
  run: () => ({ told: TOLD, place: PLACE }),
  chosen: () => null,
  diagnose: async () => {
    throw new Error('not to be looked at');
  },
  changes: async () => [],
  phrase: null,
  ...parts,
});

async function ask(command: string, prompt: string, parts: Partial<ChatWorld> = {}) {
  const sink = new Sink();
  const outcome = await answer({ command, prompt }, worldOf(parts), sink, never);
  return { sink, followUps: outcome.followUps.map(({ command: next }) => next) };
}

describe('@stratus', () => {
  it('explains the run of the window without any model, with a link to each cause’s evidence', async () => {
    const { sink, followUps } = await ask('', 'what is wrong?');
    expect(sink.text).toContain('### Service geo sends to port 9999');
    const link = /\[logs, events, YAML\]\(command:stratus\.openEvidence\?([^)]+)\)/.exec(sink.text)?.[1];
    expect(JSON.parse(decodeURIComponent(link!))).toEqual([{ run: 'run-1', finding: 'geo/a b' }]);
    expect(sink.trusted).toEqual(['stratus.openEvidence']);
    expect(sink.buttons).toEqual([['Show Run', 'stratus.showRun', []]]);
    expect(followUps).toEqual(['run', 'changes']);
  });

  it('shows words of a cluster as words: no link, no credential', async () => {
    const { sink } = await ask('explain', '');
    expect(sink.text).not.toContain('hunter22');
    const outsideCode = sink.text.replace(/`[^`]*`/g, '');
    expect(outsideCode).not.toContain('command:evil');
  });

  it('looks at the namespace chosen last when there was no run, at the one that is named, and nowhere else', async () => {
    const asked: unknown[] = [];
    const parts = {
      run: () => null,
      chosen: () => PLACE,
      diagnose: async (place: unknown) => (asked.push(place), TOLD),
    };
    const { sink } = await ask('explain', '', parts);
    expect(sink.told[0]).toContain('hotel-reservation @ kind-oncall');
    await ask('', 'what about namespace payments?', parts);
    await ask('', 'and -n shop', { ...parts, run: () => ({ told: TOLD, place: PLACE }) });
    expect(asked).toEqual([PLACE, { ...PLACE, namespace: 'payments' }, { ...PLACE, namespace: 'shop' }]);
    const none = await ask('', 'what about namespace payments?', { ...parts, chosen: () => null });
    expect(none.sink.buttons).toEqual([['Diagnose…', 'stratus.diagnose', []]]);
    expect(asked).toHaveLength(3);
  });

  it('says why a namespace could not be read', async () => {
    const diagnose = async () => {
      throw new Error('the server does not answer: set KUBECONFIG');
    };
    const { sink } = await ask('', '', { run: () => null, chosen: () => PLACE, diagnose });
    expect(sink.text).toMatch(/could not be read: the server does not answer/);
  });

  it('offers a run by a button only', async () => {
    const { sink } = await ask('run', 'please fix it');
    expect(sink.buttons).toEqual([['Mitigate…', 'stratus.mitigate', [PLACE]]]);
    expect(sink.text).toContain('Nothing is changed before you approve it');
  });

  it('lists the latest changes, each with its explanation', async () => {
    const change = (id: string) =>
      ({
        id,
        title: `fix ${id}`,
        status: 'committed',
        ...PLACE,
        openedAt: '2026-11-21T02:47:11Z',
      }) as TransactionSummary;
    const all = Array.from({ length: 12 }, (_, index) => change(`tx-${index}`));
    const { sink } = await ask('changes', '', { changes: async () => all });
    expect(sink.text).toContain('2 older ones');
    expect(sink.text).toContain(encodeURIComponent('[{"transaction":"tx-0"}]'));
    expect(sink.trusted).toEqual(['stratus.explainTransaction']);
    expect((await ask('changes', '')).sink.text).toContain('has changed nothing yet');
  });

  it('has a model put the facts into words: fenced and redacted before, harmless after; the facts follow all the same', async () => {
    const prompts: string[] = [];
    const phrase = async function* (prompt: string) {
      prompts.push(prompt);
      yield 'The port is wrong. ![x](https://evil.exam';
      yield 'ple/?d=1) [run](command:stratus.mitigate)\n<img src=x>';
    };
    const { sink } = await ask('', 'why?', { phrase });
    const mark = /<(data-[0-9a-f]{16}) data>\n/.exec(prompts[0]!)![1]!;
    const fence = prompts[0]!.slice(prompts[0]!.indexOf(`<${mark} data>\n`), prompts[0]!.lastIndexOf(`</${mark}>`));
    expect(fence).toContain('Service geo sends to port 9999');
    expect(prompts[0]).not.toContain('hunter22');
    expect(sink.text).toMatch(/^The port is wrong\. /);
    const words = sink.text.slice(0, sink.text.indexOf('These words'));
    expect(words).not.toMatch(/(?<!\\)\]\(|https:\/\/|(?<!\\)</);
    expect(sink.text).toContain('### Service geo sends to port 9999');
  });

  it('tells the facts when the model fails, and ends when it is cancelled', async () => {
    const failing = async function* (): AsyncGenerator<string> {
      throw new Error('quota');
    };
    const { sink } = await ask('', '', { phrase: failing });
    expect(sink.text).toMatch(/did not put it into words: quota[^]*### Service geo/);
    const stop = new AbortController();
    const stopped = async function* (): AsyncGenerator<string> {
      stop.abort(new Error('cancelled'));
      throw new Error('cancelled');
    };
    await expect(
      answer({ command: '', prompt: '' }, worldOf({ phrase: stopped }), new Sink(), stop.signal),
    ).rejects.toThrow('cancelled');
  });

  it('cuts a model that does not come to an end', async () => {
    const endless = async function* () {
      for (;;) yield 'word '.repeat(100);
    };
    const { sink } = await ask('', '', { phrase: endless });
    expect(sink.text.length).toBeLessThan(10_000);
  });
});

describe('what is told', () => {
  it('of a look at a namespace: causes with evidence and the commands that would mend them', async () => {
    const app = new FakeApp();
    const target = await app.targets.pin('kind-oncall', PLACE.namespace);
    const diagnosis = await app.incidents.diagnose(target, [], never);
    const told = toldOfDiagnosis(target, { namespace: PLACE.namespace, diagnosis });
    expect(told.causes[0]).toMatchObject({
      object: 'Service/hotel-reservation/geo',
      evidence: [{ where: 'wanted Service/hotel-reservation/geo spec.ports[http].targetPort', text: '9999' }, {}, {}],
    });
    expect(told.causes[0]!.commands[0]).toMatch(/^kubectl patch service geo/);
    expect(told.causes[1]!.unfixed).not.toBe('');
  });

  it('never calls a namespace healthy that could not be measured', () => {
    const target = { ...PLACE, server: 's', fingerprint: 'f' };
    const diagnosis = {
      findings: [],
      hypotheses: [],
      notes: [],
      severity: { known: false as const, reason: 'pods cannot be listed' },
      mu: null,
      oracles: {},
    };
    expect(toldOfDiagnosis(target, { namespace: 'x', diagnosis }).headline).toContain('unknown: pods cannot be listed');
    expect(toldOfDiagnosis(target, { namespace: 'x', problem: 'forbidden' }).headline).toContain('forbidden');
  });

  it('of a run: its causes open their own evidence, and a plan that waits is named', async () => {
    const app = new FakeApp();
    const target = await app.targets.pin('kind-oncall', PLACE.namespace);
    const { DEFAULT_OPTIONS } = await import('../../../src/domain/run-event.ts');
    const run = await app.incidents.mitigate({
      target,
      options: DEFAULT_OPTIONS,
      checks: [],
      askApproval: async () => ({ approve: false, reason: 'not now' }),
    });
    await run.start();
    const snapshot = projectRun(run.events(), {
      run: run.id,
      target: { ...PLACE, server: 's', protected: false },
      mode: '',
      past: false,
      elsewhere: false,
      awaiting: null,
      cancelling: false,
      notes: new Map(),
      lockNote: '',
      kept: null,
    });
    const told = toldOfRun(snapshot);
    expect(told.causes[0]!.door).toEqual({ run: run.id, finding: 'service-target-port/geo' });
    expect(told.done[0]).toMatch(/^Attempt 1, Point Service geo at port 8083: rejected, not now/);
  });
});
