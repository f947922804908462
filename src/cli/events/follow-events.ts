// Events of containers as they happen: a change is noticed, the library is asked, and what is new is told.

import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ContainerState, Runtime } from '../../manager/index.ts';
import { StateWatch } from './state-watch.ts';
import { type ContainerEvent, EventTracker } from './tracker.ts';

/** A start leaves its mark before the runtime has done it, and none after: it is looked at again this often. */
const settleDelaysMs = [20, 50, 100, 200, 400, 800, 1600];

/** Tells events from the moment on at which `onReady` is called, for ever. Rejects where the directory of state can't
 * be watched. */
export async function followEvents(
  runtime: Runtime,
  logger: Logger,
  onReady: () => void,
  onEvent: (event: ContainerEvent) => void,
): Promise<never> {
  mkdirSync(runtime.root, { recursive: true, mode: 0o700 });
  const tracker = new EventTracker();
  const before = new Set<string>();
  const failed = Promise.withResolvers<never>();
  let look: (id: string) => void = id => before.add(id);
  new StateWatch(runtime.root, id => look(id));
  // What is there already is no event.
  for (const state of await runtime.list()) tracker.observe(state.id, state, new Date());
  const looks = new Looks(async id => {
    const state = await ask(runtime, logger, id);
    for (const event of tracker.observe(id, state, new Date())) onEvent(event);
    return state?.status === 'created' || state?.status === 'creating';
  }, failed.reject);
  for (const id of before) tracker.observe(id, await ask(runtime, logger, id), new Date());
  look = id => looks.request(id);
  onReady();
  return failed.promise;
}

/** Looks at containers one at a time each, and again where something changed meanwhile. */
class Looks {
  readonly #look: (id: string) => Promise<boolean>;
  readonly #onError: (error: unknown) => void;
  /** Under way; true where another look is wanted. */
  readonly #running = new Map<string, boolean>();

  constructor(look: (id: string) => Promise<boolean>, onError: (error: unknown) => void) {
    this.#look = look;
    this.#onError = onError;
  }

  request(id: string): void {
    const runs = this.#running.has(id);
    this.#running.set(id, runs);
    if (!runs) this.#run(id).catch(this.#onError);
  }

  async #run(id: string): Promise<void> {
    for (let tries = 0; ; tries++) {
      this.#running.set(id, false);
      const unsettled = await this.#look(id);
      if (this.#running.get(id)) tries = 0;
      else if (!unsettled || tries >= settleDelaysMs.length) break;
      else await sleep(settleDelaysMs[tries]);
    }
    this.#running.delete(id);
  }
}

/** What the library knows; `undefined` for nothing, as of a name that is no container's. */
async function ask(runtime: Runtime, logger: Logger, id: string): Promise<ContainerState | undefined> {
  try {
    return await runtime.state(id);
  } catch (error) {
    logger.debug({ err: error, id }, 'no state');
    return undefined;
  }
}
