import { describe, expect, it } from 'vitest';
import type { CaseInput } from '../../../../src/agents/model/evidence/case-file.ts';
import { caseFile } from '../../../../src/agents/model/evidence/case-file.ts';
import { EvidenceDesk } from '../../../../src/agents/model/evidence/evidence-desk.ts';
import { rawCase } from '../../../support/raw-case.ts';
import {
  NO_READS,
  playbookOf,
  RECORDED,
  recordedSnapshot,
  severityOf,
  sharedSnapshot,
  UNSTOPPED,
} from '../../../support/recorded.ts';

async function caseOf(name: string, change: Partial<CaseInput> = {}): Promise<{ text: string; input: CaseInput }> {
  const snapshot = sharedSnapshot(name);
  const input: CaseInput = {
    snapshot,
    severity: severityOf(snapshot),
    reads: NO_READS,
    playbook: change.playbook === undefined ? await playbookOf(snapshot) : change.playbook,
    evidence: new EvidenceDesk(),
    signal: UNSTOPPED,
    budgetTokens: 4_000,
    ...change,
  };
  return { text: await caseFile(input), input };
}

describe('the case file', () => {
  it.each(RECORDED)(
    '%s: within the budget, a fifth of the objects in full, every id that it shows is filed',
    async (name) => {
      const { text, input } = await caseOf(name);
      expect(text.length).toBeLessThanOrEqual(16_000);
      expect(text.length * 5).toBeLessThan(JSON.stringify(input.snapshot.objects).length);
      const ids = [...text.matchAll(/^\[(E\d+)\] (.*)$/gm)];
      expect(ids.map(([, id]) => id).sort()).toEqual(
        input.evidence
          .all()
          .map(({ id }) => id)
          .sort(),
      );
      for (const [, id, line] of ids) expect(line).toContain(input.evidence.get(id!)!.text);
      expect(text).not.toMatch(/undefined|\[object|NaN/);
    },
  );

  it.each([
    ['shop-target-port', 'spec.ports[http].targetPort: last applied, now: 8081 → 9999'],
    ['shop-image-pull', 'spec.template.spec.containers[profile].image: revision 1 → 2'],
    ['shop-storage-class', 'StorageClass fast-ssd: does not exist; there are local-path'],
    ['shop-scale-zero', 'spec.replicas: last applied, now:'],
    ['shop-node-selector', 'spec.template.spec.nodeSelector: revision'],
    ['seed-29-lost-key', 'needs ConfigMap bakery-settings key window-level: it has only'],
    ['shop-target-port', 'port 8081 leads to pod port 9999; its pods declare 8081/http: nobody listens there'],
  ])('%s: shows the cause without the playbooks: %s', async (name, cause) => {
    const { text } = await caseOf(name, { playbook: null });
    expect(text).toContain(cause);
    expect(text).toContain('They were not asked.');
  });

  it.each([0, 1, 50, 200, 700])('keeps to a budget of %i tokens and says what is left out', async (budgetTokens) => {
    const { text, input } = await caseOf('shop-storage-class', { budgetTokens });
    expect(text.length).toBeLessThanOrEqual(budgetTokens * 4);
    if (budgetTokens < 700) return;
    expect(text).toMatch(/… \d+ more facts left out/);
    expect(text).toContain('PersistentVolumeClaim/hotel-reservation/redis-rate-data');
    expect(input.evidence.all().length).toBeGreaterThan(5);
  });

  it('shows logs of what fails as templates, redacted as a whole, and says of a log that it could not be read', async () => {
    const snapshot = recordedSnapshot('shop-missing-key');
    const asked: string[] = [];
    const reads = {
      ...NO_READS,
      readLog: async (_namespace: string, pod: string) => {
        asked.push(pod);
        if (asked.length > 1) throw new Error('pods/log is forbidden');
        const key = ['-----BEGIN RSA PRIVATE', 'KEY-----'].join(' ');
        return ['listening on 1', 'listening on 2', key, 'MIIEowIBAAKCAQEA', key.replace('BEGIN', 'END')];
      },
    };
    const { text } = await caseOf('shop-missing-key', { reads, severity: severityOf(snapshot) });
    expect(asked.length).toBeGreaterThan(1);
    expect(text).toContain('listening on <num> (×2)');
    expect(text).toContain('could not be read: pods/log is forbidden');
    expect(text).not.toContain('MIIEow');
  });

  it('says what is unknown', async () => {
    const snapshot = recordedSnapshot('shop-target-port');
    delete snapshot.objects.Event;
    snapshot.unreadable.Event = 'events is forbidden';
    const { text } = await caseOf('shop-target-port', {
      snapshot,
      severity: { known: false, reason: 'the API server is down' },
      playbook: null,
    });
    expect(text).toContain('could not be measured: the API server is down');
    expect(text).toContain('Unknown, because they could not be read: Event (events is forbidden).');
    expect(text).toContain('Unknown: events could not be read.');
  });

  it('never shows values of Secrets or of variables that are named like credentials', async () => {
    const snapshot = recordedSnapshot('shop-missing-key');
    for (const secret of snapshot.objects.Secret ?? []) {
      secret['data'] = { password: 'aHVudGVyMg==' };
      secret.metadata.annotations = { copy: 'hunter2' };
    }
    for (const { spec } of snapshot.objects.Deployment ?? [])
      spec.template.spec.containers[0].env = [{ name: 'DB_PASSWORD', value: 'hunter2' }];
    const { text } = await caseOf('shop-missing-key', { snapshot, severity: severityOf(snapshot), playbook: null });
    expect(text).not.toMatch(/hunter2|aHVudGVyMg/);
    expect(text).toContain('DB_PASSWORD');
  });

  it('is measured against all objects, events and lines in full', async () => {
    const snapshot = sharedSnapshot('seed-19-healthy');
    const raw = await rawCase(snapshot, severityOf(snapshot), { ...NO_READS, readLog: async () => ['a line'] });
    expect(raw.length).toBeGreaterThan(JSON.stringify(snapshot.objects).length / 2);
    expect(raw).toContain('managedFields');
    expect(raw.match(/^a line$/gm)!.length).toBe(2 * snapshot.objects.Pod!.length);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const reads = { ...NO_READS, readLog: () => new Promise<string[]>(() => stop.abort(new Error('enough'))) };
    await expect(caseOf('shop-missing-key', { reads, signal: stop.signal })).rejects.toThrow('enough');
  });
});
