/** A model that a server on this machine offers. */
export interface LocalModel {
  baseUrl: string;
  server: string;
  model: string;
}

/** Asks the usual local ports. */
export async function findLocalModels(_signal: AbortSignal): Promise<LocalModel[]> {
  return [];
}
