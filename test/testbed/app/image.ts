import { goBuildStatic } from '../build.ts';
import { programImage, redisImage, type ImageFile } from '../images.ts';
import type { Report } from '../report.ts';
import { SHOP_IMAGE } from './topology.ts';

/** Path of the shop's static binary; built once, then cached. */
export async function shopProgram(report: Report): Promise<string> {
  return goBuildStatic(import.meta.dirname, report);
}

/** The images that the shop's pods run: the shop itself and Redis. */
export async function shopImages(report: Report): Promise<ImageFile[]> {
  return [programImage(SHOP_IMAGE, await shopProgram(report)), await redisImage()];
}
