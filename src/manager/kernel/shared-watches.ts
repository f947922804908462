// One watch on a process, for any number of waiters.

import type { ProcessIdentity } from '../processes/processes.ts';
import type { Watch } from './kernel.ts';

export class SharedWatches {
  readonly #start: (process: ProcessIdentity) => Watch;
  readonly #watches = new Map<string, { readonly watch: Watch; users: number }>();

  constructor(start: (process: ProcessIdentity) => Watch) {
    this.#start = start;
  }

  watch(process: ProcessIdentity): Watch {
    const name = `${process.pid} ${process.startTicks}`;
    const shared = this.#watches.get(name) ?? { watch: this.#start(process), users: 0 };
    this.#watches.set(name, shared);
    shared.users += 1;
    let stopped = false;
    const stop = () => {
      if (stopped) return;
      stopped = true;
      shared.users -= 1;
      if (shared.users > 0) return;
      shared.watch.stop();
      this.#watches.delete(name);
    };
    return { gone: shared.watch.gone, stop };
  }
}
