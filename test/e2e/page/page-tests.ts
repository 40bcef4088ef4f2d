import * as assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import { IncidentSession } from '../../../src/ui/run/incident-session.ts';
import type { FakeOptions } from '../../host/fake-app.ts';
import { DOOR_TESTS } from './door-tests.ts';
import { MODEL_TESTS } from './model-tests.ts';
import { ACCESSIBILITY_CHECK, CONTRAST_CHECK, HEADER_CHECK, TOUCHING_LABELS, assertReadable } from './page-checks.ts';
import type { PageTest } from './page-stage.ts';
import { onStage } from './page-stage.ts';
import { RecordedRun } from './record-run.ts';
import { TELEMETRY_TESTS } from './telemetry-tests.ts';
import { WATCH_TESTS } from './watch-tests.ts';

/** A run that resolved its incident, in one change or in two. */
async function resolved(options: FakeOptions = {}): Promise<RecordedRun> {
  const recorded = await RecordedRun.open(options);
  await recorded.untilAsked();
  const ended = recorded.when(({ result }) => result !== null);
  await recorded.approve();
  if (options.twoFaults) {
    await recorded.untilAsked();
    await recorded.approve();
  }
  await ended;
  return recorded;
}

/** A run whose change was undone later, but not completely. */
async function diverged(): Promise<RunSnapshot> {
  const recorded = await RecordedRun.open();
  await recorded.untilAsked();
  const ended = recorded.when(({ result }) => result !== null);
  await recorded.approve();
  const { transactions } = await ended;
  recorded.session.noteJournal([{ id: transactions[0]!.id, status: 'diverged' }]);
  return recorded.session.snapshot();
}

/** A plan that waits while somebody else holds the writer lock. */
async function heldLock(): Promise<{ session: IncidentSession; snapshot: RunSnapshot }> {
  const run = await RecordedRun.open();
  run.session.noteLock(
    'bob@desk is changing this cluster now. A plan that is approved can only run when that has ended',
  );
  return { session: run.session, snapshot: await run.untilAsked() };
}

/** The run view alone in a browser, fed with a recorded run: what it shows, what it sends, who can use it. */
export const PAGE_TESTS: PageTest[] = [
  {
    name: 'says what will change and how it is undone, and approves exactly that',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      await onStage(browser, snapshot, async (stage) => {
        const { page } = stage;
        await page.getByRole('heading', { name: 'Waiting for your approval' }).waitFor();
        await page.getByRole('rowheader', { name: 'spec.ports[http].targetPort' }).waitFor();
        await page.getByText('put Service geo back as it was').waitFor();
        await page.getByRole('button', { name: 'Approve and run' }).click();
        const { params } = await stage.request('approve');
        assert.deepEqual(params, { run: snapshot.run, hash: snapshot.plan!.hash });
      });
    },
  },
  {
    name: 'tells approving and rejecting apart in every theme, and no two labels of a drawing touch at any width',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      const back = {
        ...snapshot,
        stages: snapshot.stages.map((stage, index) => ({ ...stage, state: index < 4 ? 'done' : 'failed' }) as const),
        wayBack: snapshot.wayBack.map((stage) => ({ ...stage, state: 'done' }) as const),
      };
      for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const) {
        await onStage(
          browser,
          snapshot,
          async ({ page }) => {
            const fill = (name: string) =>
              page.evaluate(
                `getComputedStyle([...document.querySelectorAll('[role=button]')].find((e) => e.textContent.includes('${name}')).shadowRoot.querySelector('[part=base]')).backgroundColor`,
              );
            assert.notEqual(await fill('Approve and run'), await fill('Reject…'), theme);
            assert.deepEqual(await page.evaluate(CONTRAST_CHECK), [], theme);
          },
          { theme },
        );
      }
      for (const width of [360, 520, 700, 900, 1180]) {
        await onStage(browser, back, async ({ page }) => assert.deepEqual(await page.evaluate(TOUCHING_LABELS), []), {
          width,
        });
      }
    },
  },
  {
    name: 'can be used with the keyboard alone, in reading order',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      await onStage(browser, snapshot, async (stage) => {
        const { page } = stage;
        const visited: string[] = [];
        for (let i = 0; i < 6; i++) {
          await page.keyboard.press('Tab');
          visited.push(String(await page.evaluate(`document.activeElement.textContent.trim()`)));
        }
        assert.deepEqual(visited, ['Copy summary', 'Cancel run', 'Copy', 'Compare', 'Approve and run', 'Reject…']);
        await page.keyboard.press('Enter');
        await page.keyboard.type('not during the sale');
        await page.keyboard.press('Enter');
        const { params } = await stage.request('reject');
        assert.equal((params as { reason: string }).reason, 'not during the sale');
      });
    },
  },
  ...DOOR_TESTS,
  ...MODEL_TESTS,
  ...TELEMETRY_TESTS,
  ...WATCH_TESTS,
  {
    name: 'keeps focus and what is typed while snapshots stream in',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      await onStage(browser, snapshot, async (stage) => {
        const { page } = stage;
        await page.getByRole('button', { name: 'Reject…' }).click();
        await page.keyboard.type('half a rea');
        const entry = { ...snapshot.log.at(-1)!, id: snapshot.log.length + 1, text: 'something new' };
        await stage.push({ ...snapshot, log: [...snapshot.log, entry] });
        await page.getByText('something new').waitFor();
        assert.equal(await page.evaluate('document.activeElement.value'), 'half a rea');
      });
    },
  },
  {
    name: 'adds log entries without repeating earlier ones',
    async run(browser) {
      const recorded = await RecordedRun.open({ wrongPlanFirst: true });
      const first = await recorded.untilAsked();
      await onStage(browser, first, async (stage) => {
        await stage.page.evaluate(`document.querySelector('.log li').id = 'first-entry'`);
        await recorded.approve();
        const later = await recorded.when(({ attempts, plan }) => attempts.length === 1 && plan?.awaiting === true);
        await stage.push(later);
        await stage.page.waitForFunction(`document.querySelectorAll('.log li').length === ${later.log.length}`);
        assert.equal(await stage.page.locator('#first-entry').count(), 1, 'the first entry is still the same element');
      });
    },
  },
  {
    name: 'shows the end, and offers undo there',
    async run(browser) {
      const recorded = await RecordedRun.open();
      await recorded.untilAsked();
      const ended = recorded.when(({ result }) => result !== null);
      await recorded.approve();
      const snapshot = await ended;
      await onStage(browser, snapshot, async (stage) => {
        const { page } = stage;
        await page.getByRole('heading', { name: 'Resolved' }).waitFor();
        assert.equal(await page.getByRole('button', { name: 'Cancel run' }).count(), 0);
        await page.getByRole('button', { name: /^Undo tx-/ }).click();
        const { params } = await stage.request('undo');
        assert.deepEqual(params, { run: snapshot.run, transaction: snapshot.transactions[0]!.id });
      });
    },
  },
  ...(['dark', 'light'] as const).map((theme) => ({
    name: `offers to inspect, try again or keep what was not restored, in the ${theme} theme`,
    async run(browser: Browser) {
      const snapshot = await diverged();
      const { id } = snapshot.transactions[0]!;
      await onStage(
        browser,
        snapshot,
        async (stage) => {
          const { page } = stage;
          await page.getByRole('heading', { name: 'A later undo could not restore every field' }).waitFor();
          await page.getByText('not fully restored').waitFor();
          for (const [name, request] of [
            [/^Inspect what the undo of tx-/, 'inspect'],
            [/^Try again to undo tx-/, 'undo'],
            [/^Keep as it is: tx-/, 'keep'],
          ] as const) {
            await page.getByRole('button', { name }).focus();
            await page.keyboard.press('Enter');
            assert.deepEqual((await stage.request(request)).params, { run: snapshot.run, transaction: id });
          }
          await assertReadable(page);
        },
        { theme },
      );
    },
  })),
  {
    name: 'shows a run of an earlier window from its log, without anything that would go on',
    async run(browser) {
      const recorded = await RecordedRun.open({ wrongPlanFirst: true });
      await recorded.untilAsked();
      const events = recorded.session.events();
      const snapshot = IncidentSession.fromLog('run-1', [...events], () => false).snapshot();
      await onStage(browser, snapshot, async ({ page }) => {
        await page.getByRole('heading', { name: 'Interrupted before any change' }).waitFor();
        await page.getByRole('heading', { name: 'What was proposed, and did not run' }).waitFor();
        await page.getByRole('button', { name: 'Run again' }).waitFor();
        assert.equal(await page.getByText('What will change').count(), 0);
        for (const name of ['Cancel run', 'Approve and run', 'Reject…'])
          assert.equal(await page.getByRole('button', { name }).count(), 0, name);
        await assertReadable(page);
      });
    },
  },
  ...(['dark', 'light'] as const).map((theme) => ({
    name: `greys what was read before the change was taken back, in the ${theme} theme`,
    async run(browser: Browser) {
      const recorded = await resolved();
      const { id } = recorded.session.snapshot().transactions[0]!;
      await recorded.app.transactions.undo(id, new AbortController().signal, () => undefined);
      recorded.session.noteJournal([await recorded.app.transactions.read(id)]);
      const snapshot = recorded.session.snapshot();
      await onStage(
        browser,
        snapshot,
        async (stage) => {
          const { page } = stage;
          await page.getByRole('heading', { name: /^Undone\. The cluster is as it was/ }).waitFor();
          await page.getByRole('heading', { name: 'What was changed, and undone' }).waitFor();
          assert.equal(await page.locator('.items .unread').count(), 3);
          assert.equal(await page.locator('.items .gone').count(), 0);
          assert.equal(await page.getByText('Resolved').count(), 0);
          await page.locator('.facts').getByText('write of the fix').waitFor();
          await page.locator('.facts').getByText('write of the undo').waitFor();
          await page.getByRole('button', { name: 'Run again' }).click();
          assert.deepEqual((await stage.request('again')).params, { run: snapshot.run });
          await assertReadable(page);
        },
        { theme },
      );
    },
  })),
  ...(['dark', 'light'] as const).map((theme) => ({
    name: `offers the ways out of an own unfinished undo, in the ${theme} theme`,
    async run(browser: Browser) {
      const recorded = await RecordedRun.open();
      const owed = recorded.app.leaveOpen('kind-oncall');
      void recorded.session.start();
      await recorded.when(({ result }) => result !== null);
      recorded.session.noteJournal(await recorded.app.transactions.list());
      const snapshot = recorded.session.snapshot();
      await onStage(
        browser,
        snapshot,
        async (stage) => {
          const { page } = stage;
          await page.getByRole('heading', { name: 'Your undo is unfinished' }).waitFor();
          await page.locator('.owed').getByText('Service/hotel-reservation/geo', { exact: true }).waitFor();
          for (const [name, request] of [
            ['Show differences', 'inspect'],
            ['Undo', 'undo'],
            ['Keep as it is', 'keep'],
          ] as const) {
            await page.getByRole('button', { name, exact: true }).click();
            assert.deepEqual((await stage.request(request)).params, { run: snapshot.run, transaction: owed });
          }
          await assertReadable(page);
        },
        { theme },
      );
    },
  })),
  {
    name: 'lists every change of an incident that needed several',
    async run(browser) {
      const snapshot = (await resolved({ twoFaults: true })).session.snapshot();
      await onStage(browser, snapshot, async (stage) => {
        const { page } = stage;
        const changes = page.getByRole('heading', { name: /^What was changed in attempt/ });
        assert.deepEqual(
          await changes.allTextContents(),
          [1, 2].map((n) => `What was changed in attempt ${n}`),
        );
        assert.deepEqual(await page.locator('.transactions .title').allTextContents(), [
          'Scale Deployment search to 1',
          'Point Service geo at port 8083',
        ]);
        await page.getByRole('button', { name: 'Compare Service/hotel-reservation/geo before and after' }).click();
        const { params } = await stage.request('openDiff');
        assert.deepEqual(params, { run: snapshot.run, hash: snapshot.earlier[0]!.hash, step: 0, write: 0 });
        await page.getByRole('button', { name: /^Compare Deployment\/hotel-reservation\/search/ }).waitFor();
        assert.deepEqual(await page.evaluate(ACCESSIBILITY_CHECK), []);
      });
    },
  },
  {
    name: 'says before the approval that another writer holds the lock',
    async run(browser) {
      const { session, snapshot } = await heldLock();
      await onStage(browser, snapshot, async ({ page }) => {
        await page.getByText('bob@desk is changing this cluster now').waitFor();
        await assertReadable(page);
      });
      session.noteLock('');
      assert.equal(session.snapshot().lockNote, '');
    },
  },
  {
    name: 'says when the extension has fallen silent, and goes on when it answers again',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      await onStage(
        browser,
        snapshot,
        async (stage) => {
          const { page } = stage;
          await page.getByRole('button', { name: 'Approve and run' }).waitFor();
          stage.silent = true;
          await page.clock.runFor(60_000);
          await page.getByRole('heading', { name: 'Connection to the extension was lost' }).waitFor();
          assert.equal(await page.getByRole('button', { disabled: false }).count(), 0);
          const clock = await page.locator('.elapsed').textContent();
          await page.clock.runFor(10_000);
          assert.equal(await page.locator('.elapsed').textContent(), clock, 'the clock stands');
          assert.deepEqual(await page.evaluate(ACCESSIBILITY_CHECK), []);
          stage.silent = false;
          await page.clock.runFor(10_000);
          await page.getByRole('heading', { name: 'Waiting for your approval' }).waitFor();
          await page.getByRole('button', { name: 'Approve and run' }).click();
          await stage.request('approve');
        },
        { ownClock: true },
      );
    },
  },
  {
    name: 'puts the buttons of the header below its words where both have no room',
    async run(browser) {
      const { session } = await resolved({ twoFaults: true });
      for (const width of [320, 370, 460, 520, 700]) {
        await onStage(
          browser,
          session.snapshot(),
          async ({ page }) => assert.deepEqual(await page.evaluate(HEADER_CHECK), [], `${width} px`),
          { width, height: 460 },
        );
      }
    },
  },
  {
    name: 'explains itself when its run is gone',
    async run(browser) {
      await onStage(browser, null, async ({ page }) => {
        await page.getByRole('heading', { name: 'This run has ended with its window' }).waitFor();
      });
    },
  },
  {
    name: 'has names for everything that can be used or is drawn, and unique ids',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      await onStage(browser, snapshot, async ({ page }) => {
        const problems = await page.evaluate(ACCESSIBILITY_CHECK);
        assert.deepEqual(problems, []);
        assert.match((await page.locator('.rail').getAttribute('aria-label'))!, /Now: Approve\. Done: Detect/);
      });
    },
  },
  ...(['dark', 'light'] as const).map((theme) => ({
    name: `has readable contrast in the ${theme} theme`,
    async run(browser: Browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      await onStage(browser, snapshot, async ({ page }) => assert.deepEqual(await page.evaluate(CONTRAST_CHECK), []), {
        theme,
      });
    },
  })),
  {
    name: 'fits a narrow column without scrolling sideways',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      await onStage(
        browser,
        snapshot,
        async ({ page }) => {
          const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
          assert.ok(Number(overflow) <= 0, `${String(overflow)} px too wide`);
        },
        { width: 360 },
      );
    },
  },
  {
    name: 'shows text from the cluster as text',
    async run(browser) {
      const snapshot = await (await RecordedRun.open()).untilAsked();
      const evil = '<img src=x onerror="window.hacked = true"><script>window.hacked = true</script>';
      const [finding] = snapshot.findings;
      const changed = { ...snapshot, findings: [{ ...finding!, message: evil }] };
      await onStage(browser, changed, async ({ page }) => {
        await page.getByText(evil).waitFor();
        assert.equal(await page.evaluate('window.hacked'), undefined);
      });
    },
  },
];
