// The engine that runs us, where it matters to memory. Nothing that the monitor does depends on it.

interface BunEngine {
  gc(synchronously: boolean): void;
}

const bun = (globalThis as { Bun?: BunEngine }).Bun;

/** Gives garbage back, where the engine can be asked to: left alone it lets a busy monitor grow to several times
 * what it needs (docs/decisions/memory.md). */
export function collectGarbage(): void {
  bun?.gc(true);
}
