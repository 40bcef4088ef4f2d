import { expect, it } from 'vitest';
import { commandText } from '../../../src/kubectl/command-text.ts';
import { presentableValue, redact } from '../../../src/text/redact.ts';

it.each([
  'mysql -uroot -phunter2 shop',
  "mysql -u root -p'hunter2 x' shop",
  'until mysqladmin -h db -phunter2 ping; do sleep 1; done',
  'echo start && /usr/bin/mysqldump -phunter2 shop | gzip > dump',
  'redis-cli -a hunter2 ping',
  'sshpass -p hunter2 ssh me@host',
  'curl -s -u me:hunter2 https://example.org',
  'curl --user=me:hunter2 https://example.org',
  'ldapsearch -x -D cn=me -w hunter2',
  'docker login -u me -p hunter2 registry.example.org',
])('no password is left of: %s', (text) => {
  expect(redact(text)).not.toContain('hunter2');
});

it('other words of a command stay', () => {
  expect(redact('mysql -uroot -phunter2 -P 3306 shop')).toBe('mysql -uroot -p[redacted] -P 3306 shop');
  for (const text of [
    'mysql -p shop',
    'docker run -p 8080:80 nginx',
    'mkdir -p /data/mysql; cp -p a b',
    'curl -u me https://example.org',
    "echo 'mysql",
    'mysql is not ready; pods -phased out',
  ])
    expect(redact(text)).toBe(text);
});

it('a password that is a word of its own in the arguments of a container or of kubectl is not shown', () => {
  const spec = {
    containers: [{ name: 'db', command: ['sh', '-c', 'mysql -phunter2'], args: ['mysql', '-phunter2', 'x'] }],
  };
  expect(JSON.stringify(presentableValue(spec))).not.toContain('hunter2');
  expect(commandText(['run', 'x', '--image=mysql', '--', 'mysql', '-phunter2'])).not.toContain('hunter2');
  expect(commandText(['run', 'x', '--image=redis', '--', 'redis-cli', '-a', 'hunter2'])).not.toContain('hunter2');
});
