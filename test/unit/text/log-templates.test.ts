import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logEntries } from '../../../src/text/log-entries.ts';
import { isOfTemplate, logTemplates, maskedText } from '../../../src/text/log-templates.ts';

describe('log templates', () => {
  it('count what is said again, with first and last time, and put trouble and what is seldom first', () => {
    const lines = [
      '2031-05-06T07:00:00Z INFO served request 17 in 5ms',
      '2031-05-06T07:00:01Z INFO served request 18 in 7ms',
      '2031-05-06T07:00:02Z ERROR dial tcp 10.0.0.7:6379: connect: connection refused',
      '2031-05-06T07:00:03Z INFO served request 19 in 4ms',
      '2031-05-06T07:00:04Z INFO reloaded settings',
    ];
    expect(logTemplates(lines)).toEqual([
      {
        text: 'ERROR dial tcp 10.0.0.7:6379: connect: connection refused',
        count: 1,
        lines: 1,
        first: '2031-05-06T07:00:02Z',
        last: '2031-05-06T07:00:02Z',
        closing: false,
        trouble: true,
      },
      expect.objectContaining({ text: 'INFO reloaded settings', count: 1, closing: true }),
      {
        text: 'INFO served request <num> in <num>',
        count: 3,
        lines: 3,
        first: '2031-05-06T07:00:00Z',
        last: '2031-05-06T07:00:03Z',
        closing: false,
        trouble: false,
      },
    ]);
  });

  it('keep a value that is the same in every entry, and mask words that differ', () => {
    const lines = ['alice', 'bob', 'carol'].map((name) => `lookup of user ${name} on 10.0.0.7:53 failed after 3 tries`);
    expect(logTemplates(lines)[0]!.text).toBe('lookup of user <*> on 10.0.0.7:53 failed after 3 tries');
  });

  it('do not take two different messages for one', () => {
    expect(logTemplates(['connected to database', 'starting http server'])).toHaveLength(2);
  });

  it('take their text, level and time from lines of JSON', () => {
    const line = (n: number) =>
      JSON.stringify({ level: 'error', ts: `2031-05-06T07:00:0${n}Z`, msg: 'cannot bind', port: 80 + n });
    expect(logTemplates([line(1), line(2)])).toEqual([
      expect.objectContaining({
        text: 'error cannot bind port=<num>',
        count: 2,
        first: '2031-05-06T07:00:01Z',
        last: '2031-05-06T07:00:02Z',
      }),
    ]);
  });

  it.each([
    [
      'Java',
      [
        'Exception in thread "main" java.lang.IllegalStateException: no config',
        'at shop.Main.load(Main.java:17)',
        'at shop.Main.main(Main.java:5)',
        'Caused by: java.io.FileNotFoundException: /etc/shop.yml',
        '... 2 more',
      ],
      'FileNotFoundException: /etc/shop.yml',
    ],
    [
      'Python',
      [
        'Traceback (most recent call last):',
        'File "/app/main.py", line 3, in <module>',
        'start()',
        'File "/app/start.py", line 9, in start',
        'raise KeyError("DB_HOST")',
        "KeyError: 'DB_HOST'",
      ],
      "KeyError: 'DB_HOST'",
    ],
    [
      'Go',
      [
        'panic: runtime error: invalid memory address',
        '',
        'goroutine 1 [running]:',
        'main.(*Server).start(0x0)',
        '/src/main.go:12 +0x1d',
        'main.main()',
        '/src/main.go:5 +0x2f',
        'exit status 2',
      ],
      'invalid memory address',
    ],
    [
      'Node',
      [
        'Error: connect ECONNREFUSED 10.0.0.7:5432',
        'at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1495:16)',
        'at processTicksAndRejections (node:internal/process/task_queues:95:5)',
      ],
      'ECONNREFUSED 10.0.0.7:5432',
    ],
  ])('fold a stack trace of %s into one entry that keeps the cause', (_language, trace, cause) => {
    const found = logTemplates(['starting', ...trace, 'restarting soon']);
    const folded = found.find(({ lines }) => lines === trace.length);
    expect(folded?.text).toContain(cause);
    expect(found).toHaveLength(3);
  });

  it('fold indented frames only below what is indented less', () => {
    expect(logEntries(['head', '    at place', '  more of it', 'next'])).toHaveLength(2);
    expect(logEntries([' one', ' two', ' three'])).toHaveLength(3);
  });

  it('mask what differs from run to run', () => {
    expect(maskedText('pod 7f9c8d6b5a4f3e2d1c0b id=3f2504e0-4f89-11d3-9a0c-0305e82c3301 took 12.5ms')).toBe(
      'pod <id> id=<id> took <num>',
    );
  });
});

const word = fc.constantFrom(
  'error',
  'served',
  'request',
  'user=bob',
  'user=eve',
  '17',
  '9000',
  '10.0.0.1:80',
  '{a: 1}',
  'GET',
  '/x?y=1',
  '[w-1]',
  '\t',
  'at x.y(z.js:1:2)',
);
const anyLine = fc.oneof(
  fc.array(word, { maxLength: 8 }).map((words) => words.join(' ')),
  fc.string({ maxLength: 60, unit: 'binary' }),
);

describe('of any log', () => {
  it('the lines of all entries are those of the log, and each entry is of exactly one template of its text', () => {
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 60 }), (lines) => {
        const entries = logEntries(lines);
        expect(entries.reduce((sum, entry) => sum + entry.lines, 0)).toBe(lines.length);
        const told = entries.filter(({ text }) => text !== '');
        const templates = logTemplates(lines);
        expect(templates.reduce((sum, { count }) => sum + count, 0)).toBe(told.length);
        expect(templates.reduce((sum, template) => sum + template.lines, 0)).toBe(
          told.reduce((sum, entry) => sum + entry.lines, 0),
        );
        for (const { text } of told) expect(templates.some((template) => isOfTemplate(template.text, text))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
