// The terminal that conmonctl sits at.

import { spawnSync } from 'node:child_process';
import { WriteStream } from 'node:tty';
import type { TerminalSize } from '../manager/index.ts';

/** Hands every key to the container, and everything that the container prints to the screen, as they are. Returns
 * what restores the terminal; it is restored at an exit too, whatever that comes from. */
export function enterRawMode(): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const settings = runStty(['-g']);
  const restore = () => {
    process.off('exit', restore);
    if (settings === undefined) leaveNodesRawMode();
    else runStty([settings]);
  };
  process.on('exit', restore);
  // Node's own raw mode goes on to turn newlines into returns with newlines. A program that has drawn its own screen
  // in the container means a newline as "one line down".
  if (settings === undefined || runStty(['raw', '-echo', '-iexten']) === undefined) stdin.setRawMode(true);
  return restore;
}

/** The size of the terminal, where output goes to one. */
export function readTerminalSize(): TerminalSize | undefined {
  const screen = findScreen();
  return screen && screen.rows > 0 && screen.columns > 0
    ? { rows: screen.rows, columns: screen.columns }
    : undefined;
}

/** Tells the size of the terminal now and whenever it changes. Returns what ends it. Without a terminal, nothing is
 * told. */
export function followSize(tell: (size: TerminalSize) => Promise<void>): () => void {
  const screen = findScreen();
  if (!screen) return () => {};
  let last = Promise.resolve();
  const look = () => {
    const size = readTerminalSize();
    if (size) last = last.then(() => tell(size)).catch(() => {}); // it has ended
  };
  screen.on('resize', look);
  look();
  return () => {
    screen.off('resize', look);
  };
}

function findScreen(): WriteStream | undefined {
  return [process.stdout, process.stderr].find(
    (stream): stream is typeof process.stdout & WriteStream => stream instanceof WriteStream && stream.isTTY,
  );
}

/** Its output; `undefined` where there is no stty, or it failed. */
function runStty(words: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('stty', words, {
    stdio: ['inherit', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
}

function leaveNodesRawMode(): void {
  try {
    process.stdin.setRawMode(false);
  } catch {} // a terminal that has been hung up has no mode
}
