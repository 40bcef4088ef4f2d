import type { ChatModel } from '../domain/chat.ts';
import { ChatError } from '../domain/chat.ts';
import type { Clock } from '../domain/clock.ts';
import type { ModelEndpoint } from '../domain/model-settings.ts';

/** Nothing is sent yet. */
export function connectModel(endpoint: ModelEndpoint, _clock: Clock): ChatModel {
  throw new ChatError('unreachable', `${endpoint.model} cannot be asked`);
}
