import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { merged } from './kube.ts';
import type { RawRequest } from './row.ts';

/**
 * A program in the safe terminal that speaks HTTP itself: `node raw-writer.ts FILE`, with requests in the file and the
 * server of its kubeconfig. Prints `{"answer": status, "body": …}` for each, and stops at the first that is not taken.
 */
const [file = ''] = process.argv.slice(2);
const requests = JSON.parse(readFileSync(file, 'utf8')) as (RawRequest & { edit?: boolean })[];
const config = parse(readFileSync(process.env.KUBECONFIG!, 'utf8')) as { clusters: { cluster: { server: string } }[] };
// The address of a safe terminal has a path of its own before those of the API.
const server = config.clusters[0]!.cluster.server.replace(/\/$/, '');

for (const { method, path, type, body, edit } of requests) {
  const url = server + path;
  let text = body;
  if (edit) {
    const read = await fetch(url.replace(/\?.*/, ''), { headers: { accept: 'application/json' } });
    text = JSON.stringify(merged(JSON.parse(await read.text()), JSON.parse(body)));
  }
  const answer = await fetch(url, {
    method,
    headers: { accept: 'application/json', ...(type || edit ? { 'content-type': type || 'application/json' } : {}) },
    ...(text ? { body: text } : {}),
  });
  process.stdout.write(`${JSON.stringify({ answer: answer.status, body: await answer.text() })}\n`);
  if (answer.status >= 300) {
    process.exitCode = 9;
    break;
  }
}
