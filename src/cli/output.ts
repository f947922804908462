// Standard output that may be closed by who reads it.

/** Makes `conmonctl … | head` end without a word when head has enough, and so at a terminal that is gone. Commands
 * that have more to do than to print listen for that themselves, see relay.ts. */
export function endQuietlyOnBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (process.stdout.listenerCount('error') > 1) return;
    if (error.code === 'EPIPE' || error.code === 'EIO') process.exit(0);
    throw error; // a full disk, say
  });
  process.stderr.on('error', () => {});
}

/** True where a stream's reader is a person who wants colours: no-color.org, and terminals that have none. */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  return stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}

/** Waits until all that was printed is written: to a pipe that is full, it waits in the engine. */
export async function flush(): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>(resolve => {
      if (stream.destroyed || !stream.writable) resolve();
      else stream.write('', () => resolve());
    });
}
