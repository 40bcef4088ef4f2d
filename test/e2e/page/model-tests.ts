import * as assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import type { ScriptedBrain } from '../../host/scripted-brain.ts';
import { scriptedBrain } from '../../host/scripted-brain.ts';
import { assertReadable } from './page-checks.ts';
import type { PageTest } from './page-stage.ts';
import { onStage } from './page-stage.ts';
import { RecordedRun } from './record-run.ts';
import type { Theme } from './themes.ts';

const withModel = (brain: ScriptedBrain = {}) =>
  RecordedRun.open({ brains: (playbook) => [scriptedBrain(playbook, brain), playbook] });

/** Amid the second thought, with two calls of tools before it. */
async function thinking(brain: ScriptedBrain = {}): Promise<RunSnapshot> {
  const recorded = await withModel(brain);
  void recorded.session.start();
  return recorded.when(({ agents }) => agents.some((agent) => agent.thinking && agent.tools.length === 2));
}

const asked = async (brain: ScriptedBrain = {}) => (await withModel(brain)).untilAsked();

/** A run whose agents ask a model. */
export const MODEL_TESTS: PageTest[] = [
  {
    name: 'streams thoughts in place: what is open stays open, and the log hears each once, when it is whole',
    async run(browser) {
      const first = await thinking();
      const later = { ...(await asked()), run: first.run };
      await onStage(browser, first, async ({ page }) => {
        const card = page.locator('.agent').first();
        await card.getByText('Nobody listens on 9999,').waitFor();
        assert.equal(await card.locator('vscode-progress-ring').isVisible(), true);
        await card.getByText('Looked at 2 things').click();
        await card.locator('.tools li summary').filter({ hasText: 'describe' }).click();
        await card.getByText('port 8083 to targetPort 9999').waitFor();
        assert.equal(await page.locator('.log').getByText('Nobody listens').count(), 0);
        assert.equal(await page.locator('.agents-part [aria-live]:not([aria-live=off])').count(), 0);
        await page.evaluate(`window.postMessage(${JSON.stringify({ type: 'snapshot', snapshot: later })}, '*')`);
        await card.getByText('the container of geo listens on 8083.').waitFor();
        assert.equal(await card.locator('vscode-progress-ring').isVisible(), false);
        assert.equal(await card.getByText('port 8083 to targetPort 9999').isVisible(), true, 'it is still open');
        assert.equal(await page.locator('.log').getByText('Nobody listens on 9999').count(), 1);
      });
    },
  },
  {
    name: 'opens the evidence of what a tool answered, with the keyboard alone',
    async run(browser) {
      const snapshot = await asked();
      await onStage(browser, snapshot, async (stage) => {
        const card = stage.page.locator('.agent').first();
        await card.getByText('Looked at 2 things').focus();
        await stage.page.keyboard.press('Enter');
        await card.locator('.tools li summary').filter({ hasText: 'get_logs' }).focus();
        await stage.page.keyboard.press('Enter');
        await card.locator('.evidence summary').filter({ hasText: 'search' }).focus();
        await stage.page.keyboard.press('Enter');
        await card.getByRole('button', { name: /^Previous logs of Pod/ }).focus();
        await stage.page.keyboard.press('Enter');
        assert.deepEqual((await stage.request('lookAtTool')).params, {
          run: snapshot.run,
          call: 2,
          evidence: 0,
          look: 'previous',
        });
      });
    },
  },
  ...(['dark', 'light', 'high-contrast', 'high-contrast-light'] as const).map((theme: Theme) => ({
    name: `names the model, what it takes and why a person has to look, in the ${theme} theme`,
    async run(browser: Browser) {
      const snapshot = await asked({ needsPerson: 'confidence in the cause is 0.31, below 0.50' });
      const limits = [{ what: 'dollars' as const, used: 0.0126, limit: 0.05, text: '$0.0126 of $0.0500' }];
      await onStage(
        browser,
        { ...snapshot, models: { ...snapshot.models!, limits } },
        async (stage) => {
          const { page } = stage;
          const answer = page.locator('.answer');
          await answer.getByText('A person has to look at this plan').waitFor();
          await answer.getByRole('button', { name: 'Approve and run' }).waitFor();
          const card = page.locator('.models-part');
          await card.getByText('scripted model').waitFor();
          assert.deepEqual(await card.locator('tr').allInnerTexts(), [
            'Role\tCalls\tTokens\tCost',
            'cause\t2\t8,566\t$0.0084',
            'change\t1\t2,265\t$0.0042',
            'incident\t3\t10,831\t$0.0126',
          ]);
          const bar = card.getByRole('progressbar', { name: 'Budget: $0.0126 of $0.0500' });
          assert.equal(await bar.getAttribute('aria-valuenow'), '25');
          await page.getByText('Confidence 0.83 by the evidence, says qwen2.5-1.5b-instruct').waitFor();
          await card.getByRole('button', { name: 'Show model requests' }).click();
          assert.deepEqual((await stage.request('showModelRequests')).params, { run: snapshot.run });
          for (const details of await page.locator('.agent details').all())
            await details.evaluate('(element) => { element.open = true; }');
          await assertReadable(page);
        },
        { theme },
      );
    },
  })),
  {
    name: 'says that a cost is unknown and that the model gave way, also at the end',
    async run(browser) {
      const recorded = await withModel({ usd: null, estimated: true, fails: 'no word for 30 s' });
      await recorded.untilAsked();
      const ended = recorded.when(({ result }) => result !== null);
      await recorded.approve();
      await onStage(browser, await ended, async ({ page }) => {
        const note = page.locator('.hand-over.failed');
        assert.equal(await note.innerText(), 'The playbooks take over from the model: no word for 30 s');
        assert.equal(await page.locator('.models-part .total td').last().innerText(), 'cost unknown');
        await page.locator('.facts').getByText('cost unknown').waitFor();
        await page.locator('.facts').getByText('about 4,060').waitFor();
        assert.doesNotMatch(await page.locator('main').innerText(), /\$0/);
        await assertReadable(page);
      });
    },
  },
  {
    name: 'fits a window at twice its size without scrolling sideways, while a model thinks and when a plan waits',
    async run(browser) {
      const [first, second] = [await thinking(), await asked({ needsPerson: 'low confidence' })];
      for (const snapshot of [first, second]) {
        for (const width of [320, 590]) {
          await onStage(
            browser,
            snapshot,
            async ({ page }) => {
              for (const details of await page.locator('.agent details').all())
                await details.evaluate('(element) => { element.open = true; }');
              const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
              assert.ok(Number(overflow) <= 0, `${String(overflow)} px too wide at ${width} px`);
            },
            { width, height: 450 },
          );
        }
      }
    },
  },
  {
    name: 'shows what a model says as text',
    async run(browser) {
      const snapshot = await asked();
      const [agent, ...others] = snapshot.agents;
      const hostile = '<img src=x onerror=alert(1)><b>bold</b>';
      const tools = agent!.tools.map((call) => ({ ...call, args: hostile, digest: hostile, tool: hostile }));
      await onStage(
        browser,
        { ...snapshot, agents: [{ ...agent!, thought: hostile, tools }, ...others] },
        async ({ page }) => {
          assert.equal(await page.locator('.agent .thought').first().innerText(), hostile);
          assert.equal(await page.locator('.agent img, .agent b').count(), 0);
        },
      );
    },
  },
];
