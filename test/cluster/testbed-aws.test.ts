import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { downAws, readAws, upAws } from '../testbed/aws/aws-instance.ts';
import { isRunning } from '../testbed/processes.ts';
import { silentReport } from '../testbed/report.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'stratus-testbed-'));
  vi.stubEnv('STRATUS_TESTBED_HOME', home);
});
afterAll(async () => {
  await downAws('life');
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

it('a stand-in for AWS answers, is found again, and leaves nothing behind', async () => {
  const aws = await upAws('life', silentReport);
  const answer = await fetch(aws.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `AWS4-HMAC-SHA256 Credential=testing/20260101/${aws.region}/monitoring/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: 'Action=DescribeAlarms&Version=2010-08-01',
  });
  expect(await answer.text()).toContain('DescribeAlarmsResponse');
  expect(await upAws('life', silentReport)).toEqual(aws);
  expect(await downAws('life')).toBe(true);
  expect(isRunning(aws.process)).toBe(false);
  expect(readAws('life')).toBeUndefined();
  expect(await downAws('life')).toBe(false);
});
