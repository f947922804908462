// Which containers are to be looked at, kept for somebody who takes his time.

/** More than that are all of them: who does not read costs no more memory than this. */
const namesMax = 10_000;

export class Changes {
  #names = new Set<string>();
  #all = false;
  #waiting = Promise.withResolvers<void>();

  /** Notes that something of the container has changed; `undefined` stands for all of them. */
  note(name: string | undefined): void {
    if (name === undefined || this.#names.size >= namesMax) {
      this.#all = true;
      this.#names.clear();
    } else if (!this.#all) {
      this.#names.add(name);
    }
    this.wake();
  }

  /** What has been noted since it was taken last: names, or `all`. */
  take(): ReadonlySet<string> | 'all' {
    const taken = this.#all ? 'all' : this.#names;
    this.#names = new Set();
    this.#all = false;
    this.#waiting = Promise.withResolvers();
    return taken;
  }

  /** Resolves when there may be something to take. */
  wait(): Promise<void> {
    return this.#waiting.promise;
  }

  /** Has whoever waits look. */
  wake(): void {
    this.#waiting.resolve();
  }
}
