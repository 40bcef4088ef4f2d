import { DYNAMIC } from '../flag-values.ts';
import { lastFlag } from '../parse.ts';
import type { Check } from '../problem.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|\[::1\])$/;
/** Patterns that let any host name through. */
const ANY_HOST = /^\^?\.?\*\$?$|^\^?\.\*\$?$/;

/** Rules about what is opened on this machine's network. */
export const checkExposure: Check = ({ parsed, effect }) => {
  if (parsed.help || (effect.command !== 'proxy' && effect.command !== 'port-forward')) return [];
  const address = lastFlag(parsed, 'address');
  const open = address?.value.split(',').find((one) => one !== '' && !one.includes(DYNAMIC) && !LOOPBACK.test(one));
  const hosts = effect.command === 'proxy' ? lastFlag(parsed, 'accept-hosts') : undefined;
  const use = open !== undefined ? address : hosts && ANY_HOST.test(hosts.value) ? hosts : undefined;
  if (!use) return [];
  const message =
    effect.command === 'port-forward'
      ? `everybody who reaches ${open ?? 'this machine'} reaches that pod; listen on localhost`
      : use === address
        ? 'whoever reaches this port uses the cluster with your rights and without a login; listen on localhost'
        : 'a page in any browser on this machine could use the cluster with your rights; leave --accept-hosts as it is';
  return [{ rule: 'open-proxy', first: use.index, last: use.valueIndex, message }];
};
