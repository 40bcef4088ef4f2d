import { isIPv4 } from 'node:net';
import { expect, it } from 'vitest';
import { choosePorts, chooseSlot, SLOT_COUNT, slotNetwork, slotOfAddress } from '../../testbed/slots.ts';

function range(cidr: string): [number, number] {
  const [address = '', prefix] = cidr.split('/');
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(toNumber(address) / size) * size;
  return [first, first + size - 1];
}

function toNumber(address: string): number {
  expect(isIPv4(address)).toBe(true);
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function within(inner: [number, number], outer: [number, number]): boolean {
  return inner[0] >= outer[0] && inner[1] <= outer[1];
}

const all = Array.from({ length: SLOT_COUNT }, (_, slot) => slotNetwork(slot));

it('gives every slot networks that overlap nobody and stay in the benchmarking range', () => {
  const ranges = all.flatMap((network) => [
    range(`${network.hostAddress}/${network.linkPrefix}`),
    range(network.podCidr),
    range(network.serviceCidr),
  ]);
  ranges.push(range(all[0]!.simulatedPodCidr));
  for (const one of ranges) expect(within(one, range('198.18.0.0/15'))).toBe(true);
  const sorted = ranges.toSorted((a, b) => a[0] - b[0]);
  for (const [index, one] of sorted.slice(1).entries()) expect(one[0]).toBeGreaterThan(sorted[index]![1]);
});

it('puts the fixed addresses into the networks they belong to', () => {
  for (const network of all) {
    const link = range(`${network.hostAddress}/${network.linkPrefix}`);
    expect(within(range(`${network.nodeAddress}/32`), link)).toBe(true);
    for (const address of [network.apiServiceAddress, network.dnsAddress]) {
      expect(within(range(`${address}/32`), range(network.serviceCidr))).toBe(true);
    }
    // The API server gives the Service `kubernetes` the first address of its range.
    expect(toNumber(network.apiServiceAddress)).toBe(range(network.serviceCidr)[0] + 1);
  }
});

it('keeps interface names within the kernel limit of 15 characters', () => {
  expect(Math.max(...all.map((network) => network.vethName.length))).toBeLessThanOrEqual(15);
  expect(new Set(all.map((network) => network.vethName)).size).toBe(SLOT_COUNT);
});

it('recognises the slot of an address', () => {
  for (const network of all) {
    expect(slotOfAddress(network.hostAddress)).toBe(network.slot);
    expect(slotOfAddress(network.dnsAddress)).toBe(network.slot);
  }
  expect(slotOfAddress('198.19.0.1')).toBeUndefined();
  expect(slotOfAddress('10.198.18.1')).toBeUndefined();
});

it('chooses the lowest free slot and says so when all are taken', () => {
  expect(chooseSlot([])).toBe(0);
  expect(chooseSlot([0, 2, 1, 5])).toBe(3);
  expect(() => chooseSlot(all.map((network) => network.slot))).toThrow(/down --all/);
  expect(() => slotNetwork(SLOT_COUNT)).toThrow(RangeError);
});

it('prefers distinct ports per slot and moves a whole block when one port is in use', async () => {
  const free = async () => true;
  const preferred = await Promise.all(all.map((network) => choosePorts(network.slot, free)));
  const ports = preferred.flatMap((block) => Object.values(block));
  expect(new Set(ports).size).toBe(ports.length);
  const { etcdPeer } = preferred[3]!;
  const moved = await choosePorts(3, async (port) => port !== etcdPeer);
  expect(Object.values(moved)).not.toContain(preferred[3]!.apiServer);
  expect(ports).not.toContain(moved.apiServer);
  await expect(choosePorts(0, async () => false)).rejects.toThrow(/no free ports/);
});
