import type { ServerPod } from './server-pod.ts';

export const BLACKBOX_PORT = 9115;

const HTTP = { preferred_ip_protocol: 'ip4' };
/** A Service names the module by which it wants to be probed in its annotation `prometheus.io/probe`. */
const MODULES = {
  http: { prober: 'http', timeout: '4s', http: HTTP },
  // A certificate that nobody vouches for is still one whose end is to be known.
  https: {
    prober: 'http',
    timeout: '4s',
    http: { ...HTTP, fail_if_not_ssl: true, tls_config: { insecure_skip_verify: true } },
  },
  // The demo shop's: an answer without a hotel is none.
  hotels: { prober: 'http', timeout: '4s', http: { ...HTTP, fail_if_body_not_matches_regexp: ['"features":\\[\\{'] } },
};

/** blackbox-exporter from Debian's package: it looks from inside the cluster, with its DNS and its Services. */
export const BLACKBOX: ServerPod = {
  name: 'blackbox-exporter',
  program: 'prometheus-blackbox-exporter',
  args: ['--config.file=/etc/blackbox-exporter/config.json', `--web.listen-address=:${BLACKBOX_PORT}`],
  port: BLACKBOX_PORT,
  healthPath: '/-/healthy',
  memory: 64,
  files: { 'config.json': JSON.stringify({ modules: MODULES }, null, 2) },
};
