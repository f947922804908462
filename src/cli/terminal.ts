// The terminal that conmonctl sits at.

import { WriteStream } from 'node:tty';
import type { TerminalSize } from '../manager/index.ts';

/** Hands every key to the container rather than to the terminal's own editing. Answers what restores it; it is
 * restored at an exit too, whatever that comes from. */
export function enterRawMode(): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const restore = () => {
    process.off('exit', restore);
    try {
      stdin.setRawMode(false);
    } catch {} // a terminal that has been hung up has no mode
  };
  process.on('exit', restore);
  stdin.setRawMode(true);
  return restore;
}

/** Tells the size of the terminal now and whenever it changes. Answers what ends it. Without a terminal, nothing is
 * told. */
export function followSize(tell: (size: TerminalSize) => Promise<void>): () => void {
  const screen = [process.stdout, process.stderr].find(
    (stream): stream is typeof process.stdout & WriteStream => stream instanceof WriteStream && stream.isTTY,
  );
  if (!screen) return () => {};
  let last = Promise.resolve();
  const look = () => {
    const { rows, columns } = screen;
    if (rows > 0 && columns > 0) last = last.then(() => tell({ rows, columns })).catch(() => {}); // it has ended
  };
  screen.on('resize', look);
  look();
  return () => {
    screen.off('resize', look);
  };
}
