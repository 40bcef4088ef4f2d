import type { Fault, Scene } from '../fault.ts';
import { revision } from './container.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pod specs, written by path
type Pod = any;

/** A new revision of a caller that changes how it looks up names. */
function lookup(
  name: string,
  summary: string,
  likeness: string | undefined,
  word: RegExp,
  change: (pod: Pod, scene: Scene) => string,
): Fault {
  return {
    ...{ name, family: 'dns', summary, needs: 'real', scope: 'namespace', wish: { calls: true } },
    ...(likeness ? { likeness } : {}),
    plan(scene) {
      const what = change({}, scene);
      return {
        ...revision(scene, (_, { spec }) => void change(spec.template.spec, scene)),
        what: `${scene.target.kind}/${scene.target.name}: ${what}`,
        causes: [{ names: [scene.target.name], word }],
      };
    },
  };
}

export const DNS_FAULTS: Fault[] = [
  lookup(
    'dns-policy-default',
    'a caller looks up names where the node does, which knows no Services',
    'ITBench 43',
    /dnsPolicy|DNS/i,
    (pod) => {
      pod.dnsPolicy = 'Default';
      return 'dnsPolicy Default';
    },
  ),
  lookup(
    'dns-server-wrong',
    'a caller asks a DNS server that is none',
    'SREGym wrong_dns_policy',
    /dnsPolicy|dnsConfig|DNS|nameserver/i,
    (pod) => {
      pod.dnsPolicy = 'None';
      pod.dnsConfig = { nameservers: ['192.0.2.53'], options: [{ name: 'timeout', value: '1' }] };
      return 'nameserver 192.0.2.53';
    },
  ),
  lookup(
    'host-alias-stale',
    'a caller has an address of its peer written down that is not its address',
    undefined,
    /hostAliases|host alias/i,
    (pod, { target }) => {
      const hostnames = target.calls.map(({ service }) => service.metadata.name);
      pod.hostAliases = [{ ip: '192.0.2.17', hostnames }];
      return `hostAliases for ${hostnames.join(', ')}`;
    },
  ),
];
