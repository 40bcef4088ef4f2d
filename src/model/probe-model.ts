import type { ChatModel } from '../domain/chat.ts';
import type { Clock } from '../domain/clock.ts';

export interface Probe {
  name: 'plain' | 'tool call' | 'forced tool' | 'stream' | 'long context';
  works: boolean;
  text: string;
  milliseconds: number;
}

export async function probeModel(
  _model: ChatModel,
  _clock: Clock,
  _signal: AbortSignal,
  _tell: (probe: Probe) => void,
): Promise<Probe[]> {
  return [];
}
