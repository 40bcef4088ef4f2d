import type { DumpChange } from '../../judge/dump/compare-dumps.ts';
import { compareDumps } from '../../judge/dump/compare-dumps.ts';
import type { Dump, Dumper, Item } from '../../judge/dump/dump.ts';
import { isWritten, MADE_ANEW } from '../guard.ts';

const RESTORED_MS = 30_000;
const ASK_EVERY_MS = 1_000;
/** metrics-server answers late when its node is busy. */
const TRIES = 4;

/** Answers that are measured anew for each list. */
const isMeasured = ({ kind }: Item): boolean => kind.group === 'metrics.k8s.io';

/** Everything that people wrote on the cluster; sizes that an autoscaler chooses are nobody's. */
export async function writtenState(dumper: Dumper): Promise<Dump> {
  for (let left = TRIES; ; left--) {
    try {
      return withoutScaling(await dumper.fresh());
    } catch (error) {
      if (left <= 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  }
}

export function withoutScaling(dump: Dump): Dump {
  const items = new Map(dump.items);
  const scaled = new Set(
    [...items.values()].flatMap(({ kind, namespace, object }) => {
      const target = object.spec?.scaleTargetRef as { kind: string; name: string } | undefined;
      return kind.kind === 'HorizontalPodAutoscaler' && target ? [`${target.kind}/${namespace}/${target.name}`] : [];
    }),
  );
  for (const [key, item] of items) {
    if (!scaled.has(`${item.kind.kind}/${item.namespace}/${item.name}`)) continue;
    const spec = { ...(item.object.spec as Record<string, unknown>) };
    delete spec.replicas;
    items.set(key, { ...item, object: { ...item.object, spec } });
  }
  return { ...dump, items };
}

/** Changes of what people write, on the whole cluster. */
export function changesBetween(before: Dump, after: Dump): DumpChange[] {
  return compareDumps(before, after, (item) => !isMeasured(item)).filter(isWritten);
}

/** What is not as it was before, asked until it is for as long as controllers may take to write their share. */
export async function notAsBefore(dumper: Dumper, before: Dump): Promise<string[]> {
  for (const end = performance.now() + RESTORED_MS; ;) {
    const left = changesBetween(before, await writtenState(dumper)).filter(
      ({ how, item }) => !(how === 'renewed' && MADE_ANEW.test(item.kind.kind)),
    );
    if (left.length === 0 || performance.now() > end) return left.map(({ text }) => text);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
