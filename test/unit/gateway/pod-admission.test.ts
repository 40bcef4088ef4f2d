import { describe, expect, it } from 'vitest';
import { admissionOf } from '../../../src/gateway/inventory/pod-admission.ts';

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: '', generateName: 'web-', namespace: 'shop' } };
const ask = (status: number, message: string, makesRoom = false) =>
  admissionOf(pod, makesRoom, async () => ({ status, message, object: null }));

describe('whether pods would be taken', () => {
  it('is yes when the server takes one', async () => expect(await ask(201, '')).toBeNull());

  it.each([
    [403, 'pods "web-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'],
    [403, 'pods "web-x" is forbidden: error looking up service account shop/web: serviceaccount "web" not found'],
    [422, `pods "web-x" is forbidden: ValidatingAdmissionPolicy 'no-root' with binding 'all' denied request: no root`],
    [400, 'admission webhook "deny.example.test" denied the request: not today'],
  ])('is no when something refuses it (%d)', async (status, message) => {
    expect(await ask(status, message)).toMatch(/PodSecurity|service account|no root|not today/);
  });

  it.each([
    [403, 'pods is forbidden: User "ada" cannot create resource "pods" in API group "" in the namespace "shop"'],
    [
      403,
      `pods "web-x" is forbidden: ValidatingAdmissionPolicy 'stratus-guard' with binding 'stratus-guard' denied request: no`,
    ],
    [422, 'Pod "web-x" is invalid: spec.containers: Required value'],
    [500, 'etcdserver: request timed out'],
  ])('is not known when the answer is about who asks, or about the question (%d)', async (status, message) => {
    expect(await ask(status, message)).toBeUndefined();
  });

  it('a quota that is just full is no reason where a pod goes first', async () => {
    const full = 'pods "x" is forbidden: exceeded quota: full, requested: pods=1, used: pods=2, limited: pods=2';
    expect(await ask(403, full)).toMatch(/exceeded quota/);
    expect(await ask(403, full, true)).toBeNull();
    expect(await ask(403, full.replace('used: pods=2', 'used: pods=3'), true)).toMatch(/exceeded quota/);
  });
});
