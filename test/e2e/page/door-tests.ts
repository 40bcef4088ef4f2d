import * as assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { ACCESSIBILITY_CHECK, assertReadable } from './page-checks.ts';
import type { PageTest } from './page-stage.ts';
import { onStage } from './page-stage.ts';
import { RecordedRun } from './record-run.ts';

/** Ways on from what the run view shows: from causes, evidence, checks and commands. */
export const DOOR_TESTS: PageTest[] = [
  ...(['dark', 'light'] as const).map((theme) => ({
    name: `offers ways on where no fix is known, and says why, in the ${theme} theme`,
    async run(browser: Browser) {
      const snapshot = await (await RecordedRun.open({ noFix: 'nothing tells the port' })).untilEnded();
      const [cause] = snapshot.findings;
      await onStage(
        browser,
        snapshot,
        async (stage) => {
          const { page } = stage;
          const article = page.locator('article.unfixed').first();
          await article.getByText('No fix is known').waitFor();
          await article.getByText('nothing tells the port').waitFor();
          assert.equal(await article.locator('.message > .icon').count(), 1, 'it has an icon of its own');
          for (const name of ['Logs', 'Events', 'Describe', 'YAML'])
            await article
              .getByRole('button', { name: `${name} of ${cause!.object}`, exact: true })
              .first()
              .waitFor();
          await article
            .getByRole('button', { name: `Describe of ${cause!.object}` })
            .first()
            .click();
          const { params } = await stage.request('look');
          assert.deepEqual(params, { run: snapshot.run, finding: cause!.id, evidence: -1, look: 'describe' });
          await article.getByRole('button', { name: /^Copy: / }).click();
          assert.deepEqual((await stage.request('copyFinding')).params, { run: snapshot.run, finding: cause!.id });
          await article.getByRole('button', { name: 'Terminal, read only' }).click();
          await stage.request('terminal');
          await assertReadable(page);
        },
        { theme },
      );
    },
  })),
  {
    name: 'opens what each evidence speaks of, with the keyboard, too',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      const [cause] = snapshot.findings;
      await onStage(browser, snapshot, async (stage) => {
        const { page } = stage;
        const row = page.locator('.evidence tr').filter({ hasText: 'connection refused' });
        await row.locator('summary').focus();
        await page.keyboard.press('Enter');
        await row.getByRole('button', { name: /^Follow logs of Pod/ }).click();
        const { params } = await stage.request('look');
        assert.deepEqual(params, { run: snapshot.run, finding: cause!.id, evidence: 2, look: 'follow' });
        assert.deepEqual(await page.evaluate(ACCESSIBILITY_CHECK), []);
      });
    },
  },
  {
    name: 'says where a failing check points, and offers to go there',
    async run(browser) {
      const snapshot = await (await RecordedRun.open({ checkAsks: 'checkout' })).untilAsked();
      await onStage(browser, snapshot, async (stage) => {
        await stage.page.getByText('It asks namespace checkout, which this run does not look at.').waitFor();
        await stage.page.getByRole('button', { name: 'Look at checkout' }).click();
        assert.deepEqual((await stage.request('goTo')).params, { run: snapshot.run, namespace: 'checkout' });
      });
    },
  },
  {
    name: 'opens what is wrong, also where no cause is known',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      const item = snapshot.severity.items.find(({ object }) => object.endsWith('/frontend'))!;
      await onStage(browser, { ...snapshot, findings: [] }, async (stage) => {
        const { page } = stage;
        const row = page.locator('.items li').filter({ hasText: '0 of 1 replicas ready' });
        await row.locator('summary').click();
        await row.getByRole('button', { name: `Previous logs of ${item.object}` }).click();
        assert.deepEqual((await stage.request('lookAt')).params, {
          run: snapshot.run,
          item: item.id,
          look: 'previous',
        });
        assert.deepEqual(await page.evaluate(ACCESSIBILITY_CHECK), []);
      });
    },
  },
  {
    name: 'copies the summary and a command, and sets up a check where none is configured',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      const checks = [...snapshot.checks, { name: 'user-request', state: 'absent' as const }];
      await onStage(browser, { ...snapshot, checks }, async (stage) => {
        const { page } = stage;
        await page.getByRole('button', { name: 'Copy summary' }).click();
        assert.deepEqual((await stage.request('copySummary')).params, { run: snapshot.run });
        await page.getByRole('button', { name: /^Copy command kubectl patch/ }).click();
        assert.deepEqual((await stage.request('copyCommand')).params, {
          run: snapshot.run,
          hash: snapshot.plan!.hash,
          step: 0,
        });
        await page.getByRole('button', { name: 'Add a check' }).click();
        assert.deepEqual((await stage.request('addCheck')).params, { run: snapshot.run });
      });
    },
  },
];
