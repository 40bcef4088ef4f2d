import { TestbedError } from './testbed-error.ts';

/** Number of instances that fit into 198.18.0.0/16 side by side. */
export const SLOT_COUNT = 16;

/**
 * Addresses of one instance. All come from the benchmarking range 198.18.0.0/15 (RFC 2544), which no real network
 * uses and nothing routes to the outside: a /20 of 198.18.0.0/16 per slot; addresses of simulated pods, which are
 * never routed anywhere, come from 198.19.0.0/16 in every instance.
 */
export interface SlotNetwork {
  /** 0 … SLOT_COUNT - 1. */
  readonly slot: number;
  /** The host's end of the link to the node; the API server is reached here by a real node and its pods. */
  readonly hostAddress: string;
  readonly nodeAddress: string;
  /** Prefix length of the link. */
  readonly linkPrefix: number;
  /** Pods of the real node. */
  readonly podCidr: string;
  readonly simulatedPodCidr: string;
  readonly serviceCidr: string;
  /** ClusterIP of the Service `kubernetes`. */
  readonly apiServiceAddress: string;
  /** ClusterIP of the cluster's DNS. */
  readonly dnsAddress: string;
  /** Name of the host's network interface to the node. */
  readonly vethName: string;
}

/** Host ports of one instance; all listen on loopback or on the slot's own host address. */
export interface SlotPorts {
  readonly apiServer: number;
  readonly etcdClient: number;
  readonly etcdPeer: number;
}

export function slotNetwork(slot: number): SlotNetwork {
  if (!Number.isInteger(slot) || slot < 0 || slot >= SLOT_COUNT) throw new RangeError(`no slot ${slot}`);
  const third = slot * 16;
  return {
    slot,
    hostAddress: `198.18.${third}.1`,
    nodeAddress: `198.18.${third}.2`,
    linkPrefix: 24,
    podCidr: `198.18.${third + 4}.0/22`,
    simulatedPodCidr: '198.19.0.1/16',
    serviceCidr: `198.18.${third + 8}.0/21`,
    apiServiceAddress: `198.18.${third + 8}.1`,
    dnsAddress: `198.18.${third + 8}.10`,
    vethName: `stratus${slot}`,
  };
}

/** The slot an address of this machine belongs to; undefined when it is none of ours. */
export function slotOfAddress(address: string): number | undefined {
  const match = /^198\.18\.(\d{1,3})\.\d{1,3}$/.exec(address);
  return match ? Math.floor(Number(match[1]) / 16) : undefined;
}

/** The lowest slot that is not taken. Throws a TestbedError when there is none. */
export function chooseSlot(taken: Iterable<number>): number {
  const used = new Set(taken);
  for (let slot = 0; slot < SLOT_COUNT; slot += 1) if (!used.has(slot)) return slot;
  throw new TestbedError(
    `all ${SLOT_COUNT} testbed slots are in use; stop an instance with: npm run testbed -- down --all`,
  );
}

const FIRST_PORT = 21_000;
const PORTS_PER_SLOT = 4;
/** Below Linux's default range of ephemeral ports (32768 and up), which outgoing connections take at any time. */
const LAST_PORT = 32_000;

/**
 * Free ports for a slot: its preferred block, else the next block that is wholly free.
 * `isFree` is asked for one port at a time. Throws a TestbedError when every block has a used port.
 */
export async function choosePorts(slot: number, isFree: (port: number) => Promise<boolean>): Promise<SlotPorts> {
  for (let block = FIRST_PORT + slot * PORTS_PER_SLOT; block < LAST_PORT; block += SLOT_COUNT * PORTS_PER_SLOT) {
    const ports = { apiServer: block, etcdClient: block + 1, etcdPeer: block + 2 };
    let free = true;
    for (const port of Object.values(ports)) free = free && (await isFree(port));
    if (free) return ports;
  }
  throw new TestbedError(`no free ports between ${FIRST_PORT} and ${LAST_PORT}; stop whatever holds them`);
}
