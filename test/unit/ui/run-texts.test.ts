import { describe, expect, it } from 'vitest';
import type { Diagnosis, NamespaceDiagnosis } from '../../../src/run/incidents.ts';
import { FakeApp } from '../../host/fake-app.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';
import { SOURCE_TEXT } from '../../../src/domain/finding.ts';
import { refLabel } from '../../../src/domain/kube-object.ts';
import { diagnosisHeadline, diagnosisText, namedObjects } from '../../../src/ui/doors/diagnosis-text.ts';
import { findingText, runSummary } from '../../../src/ui/doors/run-summary.ts';
import { shownSignals } from '../../../src/domain/signals-now.ts';
import { unpainted } from '../../../src/signals/told/paint.ts';
import { signalLines } from '../../../src/signals/told/signal-lines.ts';
import { slowGeo } from '../../support/slow-geo.ts';

const never = new AbortController().signal;

describe('the summary of a run', () => {
  it('says where, what, why and what is proposed, then what was changed', async () => {
    const run = await RecordedRun.open();
    const waiting = runSummary(await run.untilAsked());
    expect(waiting).toMatch(/^Waiting for your approval: hotel-reservation @ kind-oncall\n/);
    expect(waiting).toContain('Service geo sends to port 9999');
    expect(waiting).toContain('connection refused');
    expect(waiting).toContain('Proposed:\n- kubectl patch service geo');
    const ended = run.when(({ result }) => result !== null);
    await run.approve();
    const text = runSummary(await ended);
    expect(text).toMatch(/^Resolved/);
    expect(text).toMatch(/Changes:\n- tx-\w+: committed/);
    expect(text).not.toContain('Still wrong');
  });

  it('does not call wrong or resolved what was not read since the undo', async () => {
    const run = await RecordedRun.open();
    await run.untilAsked();
    const ended = run.when(({ result }) => result !== null);
    await run.approve();
    const { id } = (await ended).transactions[0]!;
    await run.app.transactions.undo(id, never, () => undefined);
    run.session.noteJournal([await run.app.transactions.read(id)]);
    const text = runSummary(run.session.snapshot());
    expect(text).toMatch(/^Undone\. The cluster is as it was before this run/);
    expect(text).toContain('at the start, not read since the undo.');
    expect(text).toContain('Wrong at the start, not read since the undo:\n- ');
    expect(text).not.toMatch(/Still wrong|Resolved/);
  });

  it('says of a cause why no fix is known', async () => {
    const { findings } = await new FakeApp().incidents.diagnose(await new FakeApp().targets.pin(), [], never);
    const unfixed = { ...findings[0]!, fixes: [], unfixed: 'nobody knows the port' };
    expect(findingText(unfixed)).toContain('No fix is known: nobody knows the port');
  });
});

describe('a diagnosis as a document', () => {
  const app = new FakeApp();
  const world = async (): Promise<NamespaceDiagnosis[]> => {
    const target = await app.targets.pin(undefined, 'hotel-reservation');
    const diagnosis = await app.incidents.diagnose(target, [], never);
    const healthy: Diagnosis = { ...diagnosis, findings: [], severity: { known: true, items: [] }, mu: 0 };
    return [
      { namespace: 'hotel-reservation', diagnosis },
      { namespace: 'quiet', diagnosis: healthy },
      { namespace: 'closed', problem: 'pods is forbidden' },
    ];
  };

  it('names causes by namespace, what is healthy, and what could not be read', async () => {
    const target = await app.targets.pin(undefined, 'default');
    const results = await world();
    const text = diagnosisText(target, results, new Date(2026, 10, 29));
    expect(text).toMatch(/^# \d causes found in 1 of 3 namespaces, 1 could not be read\n/);
    expect(text).toContain('## hotel-reservation');
    expect(text).toContain('**No fix is known**');
    expect(text).toMatch(/## Could not be read\n\n- `closed`: pods is forbidden/);
    expect(text).toMatch(/## Nothing wrong\n\n`quiet`/);
    expect(diagnosisHeadline(results.slice(1, 2))).toBe('Nothing wrong was found in quiet');
  });

  it('has what telemetry shows as the terminal has it, also where nothing is wrong', async () => {
    const target = await app.targets.pin(undefined, 'default');
    const [troubled, quiet] = await world();
    if (!troubled || !quiet || !('diagnosis' in troubled) || !('diagnosis' in quiet)) throw new Error('diagnoses');
    const evil = '``` ````\n[a](command:x)';
    const signals = { ...shownSignals(slowGeo(Date.UTC(2026, 10, 21, 3))), unknown: [evil] };
    const lines = signalLines(signals, unpainted);
    expect(lines.length).toBeGreaterThan(20);
    for (const { namespace, diagnosis } of [troubled, quiet]) {
      const text = diagnosisText(target, [{ namespace, diagnosis: { ...diagnosis, signals } }], new Date(0));
      const [, fence, block] = /\n(`{3,})text\n([^]*?)\n\1\n/.exec(text) ?? [];
      expect(fence).toBe('`````');
      expect(block?.split('\n')).toEqual(lines);
    }
  });

  it('says what was noted of namespaces in which nothing is wrong, each once', async () => {
    const target = await app.targets.pin(undefined, 'default');
    const [troubled, quiet] = await world();
    if (!quiet || !('diagnosis' in quiet)) throw new Error('a diagnosis');
    const noted = { ...quiet.diagnosis, notes: ['alerts: a rule fails'] };
    const many = ['a', 'b', 'c', 'd'].map((namespace) => ({ namespace, diagnosis: noted }));
    const all = diagnosisText(target, [troubled!, ...many], new Date(0));
    expect(all).toContain('- alerts: a rule fails (`a`, `b`, `c` and 1 more)\n');
    expect(diagnosisText(target, many.slice(0, 1), new Date(0))).toContain('\n- alerts: a rule fails\n');
  });

  it('tells what is wrong without a known cause, names the objects of evidence, and which checks were not run', async () => {
    const target = await app.targets.pin(undefined, 'default');
    const [one] = await world();
    if (!one || !('diagnosis' in one)) throw new Error('a diagnosis');
    const object = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'hotel-reservation', name: 'lonely' };
    const lonely = { source: 'object' as const, object, what: 'not-ready', grade: 1, message: 'lonely is not ready' };
    const { severity, findings } = one.diagnosis;
    const items = [...(severity.known ? severity.items : []), lonely];
    const diagnosis = { ...one.diagnosis, severity: { known: true as const, items } };
    const text = diagnosisText(target, [{ ...one, diagnosis }], new Date(0), ['home=https://example.org']);
    expect(text).toContain('- lonely is not ready: **no cause was found for it**');
    expect(text).toMatch(/^# \d causes? found in hotel-reservation, \d of what is wrong without a known cause\n/);
    expect(text).toMatch(/not run: `home`/);
    const evidence = findings.flatMap((finding) => finding.evidence).find((row) => row.object)!;
    expect(text).toContain(`- ${SOURCE_TEXT[evidence.source]} \`${refLabel(evidence.object!)}\``);
    const named = namedObjects(diagnosis);
    expect(named[0]!.what).toBe(findings[0]!.message);
    expect(named.at(-1)).toEqual({ what: 'lonely is not ready', objects: [object] });
  });

  it('shows words of the cluster as words', async () => {
    const target = await app.targets.pin(undefined, 'default');
    const [one] = await world();
    if (!one || !('diagnosis' in one)) throw new Error('a diagnosis');
    const evil = '![x](http://evil) <img src=x> `code` [a](command:x)\n# heading';
    const [finding] = one.diagnosis.findings;
    const findings = [{ ...finding!, message: evil, evidence: [{ source: 'log' as const, text: evil }] }];
    const text = diagnosisText(target, [{ ...one, diagnosis: { ...one.diagnosis, findings } }], new Date(0));
    expect(text).not.toMatch(/^# heading/m);
    // What stands in code is shown as it is.
    const markup = text.replace(/`[^`\n]*`/g, '');
    expect(markup).not.toMatch(/(^|[^\\])[![]/);
    expect(text).toContain('`![x](http://evil)`');
  });
});
