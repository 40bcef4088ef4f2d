import * as assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import type { FakeOptions } from '../../host/fake-app.ts';
import { assertReadable, TOUCHING_LABELS } from './page-checks.ts';
import type { PageTest } from './page-stage.ts';
import { onStage } from './page-stage.ts';
import { RecordedRun } from './record-run.ts';
import type { Theme } from './themes.ts';

const asked = async (options: FakeOptions = {}): Promise<RunSnapshot> =>
  (await RecordedRun.open({ telemetry: true, ...options })).untilAsked();

/** A run whose first change was taken back, so that its charts mark it. */
async function takenBack(): Promise<RunSnapshot> {
  const run = await RecordedRun.open({ telemetry: true, wrongPlanFirst: true });
  await run.untilAsked();
  await run.approve();
  return run.when(({ plan, attempts }) => plan?.awaiting === true && attempts.length === 1);
}

/** A picture of what telemetry showed, as the page draws it. */
export async function telemetryPicture(browser: Browser, path: string): Promise<void> {
  await onStage(browser, await asked(), async ({ page }) => {
    await page.locator('.telemetry-part .signal-chart').first().waitFor();
    await page.locator('.telemetry-part').screenshot({ path });
  });
}

/** A run that reads metrics and traces. */
export const TELEMETRY_TESTS: PageTest[] = [
  ...(['dark', 'light', 'high-contrast', 'high-contrast-light'] as const).map((theme: Theme) => ({
    name: `shows signals, the suspect, a trace and what is not known, in the ${theme} theme`,
    async run(browser: Browser) {
      const snapshot = await takenBack();
      await onStage(
        browser,
        snapshot,
        async (stage) => {
          const part = stage.page.locator('.telemetry-part');
          await part
            .getByText('It probably begins in Deployment geo, in one pod only: Pod geo-7c6b8d9f4-x2k8p')
            .waitFor();
          await part.getByText('almost certain: comes first in 97 % of resampled traces').waitFor();
          await part
            .getByRole('img', { name: /^p99 latency of Deployment geo: .* line at 131 ms; usual .* fix: Take search/ })
            .waitFor();
          await part.getByText('alert 02:41: SlowRequests').waitFor();
          assert.equal(await part.locator('.signal').first().locator('.signal-chart .mark').count(), 4);
          assert.deepEqual(await part.locator('.waterfall tbody tr').filter({ hasText: 'error' }).allTextContents(), [
            'frontend GET /hotelserror 460 ms',
            'level 2: geo Nearbyerror 431 ms',
          ]);
          await part.getByText('2 more calls are not shown.').waitFor();
          const together = part.locator('.together');
          await together.getByText('2 things belong together').waitFor();
          await together.getByText('It begins at Deployment geo').waitFor();
          assert.equal(await together.getByRole('listitem').count(), 2);
          await together.getByText('depends on Deployment/hotel-reservation/geo').waitFor();
          const logs = part.locator('.logs');
          await logs.getByText('ERROR nearby: rpc to geo:<num> timed out after <num>').waitFor();
          await logs.getByText('214 times, never in the 30 min before').waitFor();
          assert.equal(await logs.locator('li.new').count(), 1);
          await part.locator('.kernel').getByText('TCP segments sent again on Node/node1').waitFor();
          await part.getByText('too few requests to search now').waitFor();
          for (const summary of await part.locator('summary').all()) await summary.click();
          await part.getByRole('region', { name: 'Samples: p99 latency of Deployment geo' }).waitFor();
          assert.deepEqual(await stage.page.evaluate(TOUCHING_LABELS), []);
          await assertReadable(stage.page);
        },
        { theme },
      );
    },
  })),
  {
    name: 'opens samples of a chart and the sources of telemetry with the keyboard alone',
    async run(browser) {
      const snapshot = await asked();
      await onStage(browser, snapshot, async (stage) => {
        const { page } = stage;
        const part = page.locator('.telemetry-part');
        const samples = part.locator('.signal').first().locator('summary');
        await samples.focus();
        await page.keyboard.press('Enter');
        const rows = part.locator('.samples').first().getByRole('row');
        await rows.first().waitFor();
        assert.equal(await rows.count(), snapshot.telemetry!.signals[0]!.chart!.lines[0]!.values.length + 1);
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate('document.activeElement.className'), 'samples');
        const open = async (name: string, signal: number) => {
          await part.getByRole('button', { name }).focus();
          await page.keyboard.press('Enter');
          const sent = await stage.request('openSource');
          assert.deepEqual(sent.params, { run: snapshot.run, signal });
          stage.requests.splice(stage.requests.indexOf(sent), 1);
        };
        await open('Open in jaeger.example: the trace', -1);
        await open('Open in prometheus.example: p99 latency', 0);
        await open('Open in logs.example: the logs', -2);
      });
    },
  },
  {
    name: 'keeps samples open while readings come in',
    async run(browser) {
      const snapshot = await asked();
      await onStage(browser, snapshot, async (stage) => {
        const samples = stage.page.locator('.telemetry-part .signal').first().locator('.samples');
        await stage.page.locator('.telemetry-part summary').first().click();
        await samples.waitFor();
        const telemetry = { ...snapshot.telemetry!, unknown: ['something else'] };
        await stage.push({ ...snapshot, telemetry });
        await stage.page.getByText('something else').waitFor();
        assert.equal(await samples.isVisible(), true);
      });
    },
  },
  {
    name: 'fits a narrow window without scrolling sideways, with telemetry',
    async run(browser) {
      const snapshot = await takenBack();
      for (const width of [320, 590, 900]) {
        await onStage(
          browser,
          snapshot,
          async ({ page }) => {
            for (const summary of await page.locator('.telemetry-part summary').all()) await summary.click();
            const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
            assert.ok(Number(overflow) <= 0, `${String(overflow)} px too wide at ${width} px`);
            assert.deepEqual(await page.evaluate(TOUCHING_LABELS), [], `${width} px`);
          },
          { width, height: 700 },
        );
      }
    },
  },
  {
    name: 'says that nothing was seen, and offers to find telemetry where no alerts are read',
    async run(browser) {
      const nothing = {
        at: 0,
        signals: [],
        suspects: [],
        trace: null,
        together: [],
        logs: null,
        kernel: [],
        unknown: [],
      };
      await onStage(browser, { ...(await asked()), telemetry: nothing }, async ({ page }) => {
        await page.getByText('Nothing unusual was seen in what was read of metrics and traces.').waitFor();
      });
      const without = await (await RecordedRun.open()).untilAsked();
      await onStage(browser, without, async (stage) => {
        assert.equal(await stage.page.locator('.telemetry-part').isVisible(), false);
        await stage.page.getByRole('button', { name: 'Find telemetry' }).click();
        assert.deepEqual((await stage.request('findTelemetry')).params, { run: without.run });
      });
    },
  },
  {
    name: 'shows what telemetry says as text',
    async run(browser) {
      const snapshot = await asked();
      const hostile = '<img src=x onerror=alert(1)><b>bold</b>';
      const telemetry = snapshot.telemetry!;
      const [signal, ...others] = telemetry.signals;
      const [call, ...calls] = telemetry.trace!.rows;
      const changed = {
        ...telemetry,
        signals: [
          { ...signal!, message: hostile, chart: { ...signal!.chart!, label: hostile, title: hostile } },
          ...others,
        ],
        trace: {
          ...telemetry.trace!,
          id: hostile,
          rows: [{ ...call!, service: hostile, operation: hostile }, ...calls],
        },
        together: telemetry.together.map((one) => ({
          ...one,
          reason: hostile,
          members: one.members.map((member) => ({ ...member, message: hostile, why: hostile })),
        })),
        logs: {
          ...telemetry.logs!,
          source: hostile,
          rows: telemetry.logs!.rows.map((row) => ({ ...row, text: hostile })),
        },
        kernel: [hostile],
        unknown: [hostile],
      };
      await onStage(browser, { ...snapshot, telemetry: changed }, async ({ page }) => {
        assert.equal(await page.locator('.unknown li').innerText(), hostile);
        assert.equal(await page.locator('.telemetry-part img, .telemetry-part b').count(), 0);
      });
    },
  },
];
