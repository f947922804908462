// The standard streams, and the terminal that they may be, connected with those of a container or of a command in it.

import type { TerminalSize } from '../manager/index.ts';
import { type ContainerStreams, type Relay, relay } from './relay.ts';
import { enterRawMode, followSize } from './terminal.ts';

/** The container's end. */
export interface ConnectedStreams extends ContainerStreams {
  resize(size: TerminalSize): Promise<void>;
}

export interface ConnectionOptions {
  /** True where the container has a terminal. */
  readonly terminal: boolean;
  /** True to pass standard input on. */
  readonly input: boolean;
}

export interface Connection extends Relay {
  /** True where ours is a terminal whose keys go to the container. */
  readonly raw: boolean;
}

/** Connects them. {@link Connection.stop} lets go of standard input and sets the terminal back. */
export function connect(streams: ConnectedStreams, { terminal, input }: ConnectionOptions): Connection {
  const undo: (() => void)[] = [];
  const stop = () => {
    for (const step of undo.splice(0).toReversed()) step();
  };
  try {
    if (terminal) undo.push(followSize(size => streams.resize(size)));
    const raw = terminal && input && process.stdin.isTTY === true;
    if (raw) undo.push(enterRawMode());
    const copying = relay(streams, { input, raw });
    undo.push(copying.stop);
    return { raw, ended: copying.ended, stop };
  } catch (error) {
    stop();
    throw error;
  }
}
