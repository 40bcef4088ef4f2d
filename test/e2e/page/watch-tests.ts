import * as assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import type { KeptWatchView } from '../../../webview/protocol/kept-watch-view.ts';
import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import { assertReadable } from './page-checks.ts';
import type { PageTest } from './page-stage.ts';
import { onStage } from './page-stage.ts';
import { RecordedRun } from './record-run.ts';

const OBJECTS = ['Service/hotel-reservation/geo'];

/** A run that was kept, with how watching that goes on. */
async function kept(view: Partial<KeptWatchView>): Promise<RunSnapshot> {
  const run = await RecordedRun.open();
  await run.untilAsked();
  const ended = run.when(({ result }) => result !== null);
  await run.approve();
  const snapshot = await ended;
  return { ...snapshot, kept: { state: 'watching', until: null, objects: OBJECTS, reason: '', ...view } };
}

/** What a run kept, watched for a time. */
export const WATCH_TESTS: PageTest[] = [
  {
    name: 'says what is watched after the change and how long, by the clock, and ends it with the keyboard',
    async run(browser) {
      const until = Date.now() + 300_000;
      const snapshot = await kept({ until });
      await onStage(
        browser,
        snapshot,
        async (stage) => {
          const { page } = stage;
          const part = page.locator('.kept-part');
          await part.getByRole('heading', { name: 'Watched after the change' }).waitFor();
          await part.getByText(OBJECTS[0]!).waitFor();
          const left = (text: RegExp) => part.locator('.left').filter({ hasText: text }).waitFor();
          await left(/^4:\d\d$/);
          await part.getByRole('button', { name: 'Stop watching' }).focus();
          // Less than after which a host that says nothing counts as silent.
          for (let step = 0; step < 15; step++) await page.clock.runFor(4_000);
          await left(/^3:\d\d$/);
          // An end that moves with a reading leaves the focus where it is.
          await stage.push({ ...snapshot, kept: { ...snapshot.kept!, until: until + 300_000 } });
          await left(/^8:\d\d$/);
          await page.keyboard.press('Enter');
          assert.deepEqual((await stage.request('stopKeptWatch')).params, { run: snapshot.run });
        },
        { ownClock: true },
      );
    },
  },
  ...(['dark', 'light', 'high-contrast', 'high-contrast-light'] as const).map((theme) => ({
    name: `asks whether what got worse is taken back, in the ${theme} theme`,
    async run(browser: Browser) {
      const snapshot = await kept({ state: 'asking', reason: 'Service geo has no endpoints' });
      await onStage(
        browser,
        snapshot,
        async (stage) => {
          const { page } = stage;
          const part = page.locator('.kept-part');
          await part.getByRole('heading', { name: 'Worse since the change was kept' }).waitFor();
          await part.getByRole('status').filter({ hasText: 'Service geo has no endpoints' }).waitFor();
          for (const [name, answer] of [
            ['Undo the change', 'undo'],
            ['Keep it', 'keep'],
          ] as const) {
            await part.getByRole('button', { name }).focus();
            await page.keyboard.press('Enter');
            const sent = await stage.request('answerKeptWatch');
            assert.deepEqual(sent.params, { run: snapshot.run, answer });
            stage.requests.splice(stage.requests.indexOf(sent), 1);
          }
          await assertReadable(page);
        },
        { theme },
      );
    },
  })),
  {
    name: 'says how watching a change ended, and offers nothing more',
    async run(browser) {
      const ends: [KeptWatchView['state'], string][] = [
        ['held', 'Watched after the change: it held'],
        ['undone', 'Taken back: worse since it was kept'],
        ['left', 'Worse since the change was kept, and left so'],
        ['unfinished', 'Worse since the change was kept, and not wholly taken back'],
        ['unknown', 'How it went on after the change is not known'],
        ['stopped', 'Not watched any more'],
      ];
      const snapshot = await kept({});
      await onStage(browser, snapshot, async (stage) => {
        const part = stage.page.locator('.kept-part');
        for (const [state, title] of ends) {
          await stage.push({ ...snapshot, kept: { state, until: null, objects: OBJECTS, reason: `because ${state}` } });
          await part.getByRole('heading', { name: title, exact: true }).waitFor();
          await part.getByText(`because ${state}`, { exact: false }).waitFor();
          assert.equal(await part.getByRole('button').count(), 0, state);
        }
        await stage.push({ ...snapshot, kept: null });
        await part.waitFor({ state: 'hidden' });
      });
    },
  },
];

/** A picture of the question, as the page draws it. */
export async function keptWatchPicture(browser: Browser, path: string): Promise<void> {
  const snapshot = await kept({ state: 'asking', reason: 'Service geo has no endpoints' });
  await onStage(browser, snapshot, async ({ page }) => {
    await page.locator('.kept-part').waitFor();
    await page.screenshot({ path });
  });
}
