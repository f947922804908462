// Many who ask the same at once, answered by few.

/** Runs at most one call a key, and one more after it for all who asked meanwhile: nobody gets an answer that was on
 * its way before he asked. */
export class Coalescer<Answer> {
  readonly #running = new Map<string, Promise<Answer>>();
  readonly #next = new Map<string, Promise<Answer>>();

  ask(key: string, work: () => Promise<Answer>): Promise<Answer> {
    const running = this.#running.get(key);
    if (running === undefined) return this.#start(key, work);
    const next =
      this.#next.get(key) ??
      running
        .then(ignore, ignore)
        .then(() => this.#next.delete(key))
        .then(() => this.#start(key, work));
    this.#next.set(key, next);
    return next;
  }

  #start(key: string, work: () => Promise<Answer>): Promise<Answer> {
    const answer = work().finally(() => {
      if (this.#running.get(key) === answer) this.#running.delete(key);
    });
    this.#running.set(key, answer);
    return answer;
  }
}

function ignore(): void {}
