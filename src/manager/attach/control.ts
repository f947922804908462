// Commands to a running monitor, through the FIFO `ctl` (docs/behaviour/control.md).

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArgumentError, StateError, TimeLimitError } from '../errors.ts';
import { errorCode } from '../files.ts';
import { within } from '../limits.ts';
import type { CallOptions } from '../types.ts';

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** The monitor ignores larger ones (conmon#610). */
const terminalSizeMax = 1000;

/** A FIFO that is full belongs to a monitor that has no turn; Podman tries for a minute. */
const fullRetryMs = 100;
const fullLimitMs = 60_000;

/** Resizes the terminal of the monitor whose sockets are in `directory`. */
export async function resizeTerminal(
  directory: string,
  size: TerminalSize,
  limits: CallOptions,
): Promise<void> {
  for (const length of [size.rows, size.columns])
    if (!Number.isInteger(length) || length < 0 || length > terminalSizeMax)
      throw new ArgumentError(`a terminal has 0 to ${terminalSizeMax} rows and columns, not ${length}`);
  await writeControl(directory, `1 ${size.rows} ${size.columns}\n`, limits);
}

/** Makes the monitor open its log anew. */
export async function requestLogReopen(directory: string, limits: CallOptions): Promise<void> {
  await writeControl(directory, '2 0 0\n', limits);
}

async function writeControl(directory: string, line: string, limits: CallOptions): Promise<void> {
  const { signal, timeLimitMs = fullLimitMs } = limits;
  const endMs = performance.now() + timeLimitMs;
  const untilAborted = signal ? { signal } : {};
  while (!(await within(tryToWrite(directory, line), untilAborted, 'a word to the monitor'))) {
    if (performance.now() >= endMs) throw new TimeLimitError('a word to the monitor', timeLimitMs);
    await sleep(fullRetryMs, undefined, untilAborted);
  }
}

/** False where the FIFO is full. A line is shorter than PIPE_BUF, so it is written whole or not at all. */
async function tryToWrite(directory: string, line: string): Promise<boolean> {
  try {
    const fifo = await open(join(directory, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK);
    await fifo.write(line).finally(() => fifo.close());
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENXIO' || code === 'EPIPE')
      throw new StateError('no monitor listens any more', { cause: error });
    if (code !== 'EAGAIN') throw error;
    return false;
  }
}
