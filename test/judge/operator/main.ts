import { Api } from '../api.ts';
import { Operator } from './operator.ts';

/** The testbed's operator as a process: `node main.ts KUBECONFIG`, until it is told to end. */
const [kubeconfig = ''] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const api = new Api(kubeconfig);
await new Operator(api).run(stop.signal);
api.close();
