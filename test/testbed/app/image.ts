import { goBuildStatic } from '../build.ts';
import { programImage, redisImage, type ImageFile } from '../images.ts';
import type { Report } from '../report.ts';
import { SHOP_IMAGE, SHOP_IMAGE_LATER } from './topology.ts';

/** Path of the shop's static binary; built once, then cached. */
export async function shopProgram(report: Report): Promise<string> {
  return goBuildStatic(import.meta.dirname, report);
}

/** The images that the shop's pods run: the shop itself and Redis. */
export async function shopImages(report: Report, withLater: boolean): Promise<ImageFile[]> {
  const program = await shopProgram(report);
  const later = SHOP_IMAGE_LATER.split(':').at(-1)!;
  return [
    programImage(SHOP_IMAGE, program),
    await redisImage(),
    ...(withLater ? [programImage(SHOP_IMAGE_LATER, program, { SHOP_REVISION: later })] : []),
  ];
}
