// Seeing a container through from a terminal or a pipe: what `run`, `start --attach` and `attach` have in common.

import type { Attachment, Runtime, TerminalSize } from '../manager/index.ts';
import type { Cli } from './cli.ts';
import { connect } from './connection.ts';
import { statusOfExit } from './exit-status.ts';
import { Interrupted, type Signals } from './signals.ts';

/** What keys Podman and docker use. */
export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/** The option that names others. */
export const detachKeysOption = {
  type: 'string',
  default: defaultDetachKeys,
  describe: 'Keys that leave the container and let it run; empty for none',
} as const;

/** Nobody reads what it prints, or its terminal is gone (128 and SIGPIPE). */
const exitLeft = 141;

export interface AttachedContainer {
  readonly runtime: Runtime;
  readonly id: string;
  readonly terminal: boolean;
  /** True to pass standard input on. */
  readonly input: boolean;
  readonly forwardsSignals: boolean;
}

/** Opens the attachment for {@link seeThrough}: before the start, to miss nothing. */
export async function openAttachment(
  { runtime, id, terminal, input }: AttachedContainer,
  detachKeys: string,
): Promise<Attachment> {
  return runtime.attach(id, { apart: !terminal, ...(input ? { detachKeys } : {}) });
}

/** Copies between the container and the standard streams until it has ended or somebody has left it. `begin` starts
 * it once everything is in place. Returns the exit status: the container's, 0 for who left by the detach keys. */
export async function seeThrough(
  container: AttachedContainer,
  attachment: Attachment,
  cli: Cli,
  signals: Signals,
  begin?: () => Promise<void>,
): Promise<number> {
  const { id, terminal, input } = container;
  const told = Promise.withResolvers<Interrupted>();
  const streams = {
    stdin: attachment,
    stdout: attachment,
    stderr: attachment.stderr,
    resize: (size: TerminalSize) => attachment.resize(size),
  };
  const connection = connect(streams, { terminal, input });
  try {
    // A program may have begun before the runtime says so: what is meant to end it is not to end its start.
    signals.hold();
    await begin?.();
    signals.passTo(signal => {
      if (!container.forwardsSignals) return told.resolve(new Interrupted(signal));
      return passSignalOn(container, signal, cli);
    });
    const how = await Promise.race([attachment.outcome, connection.ended, told.promise]);
    if (how === 'detached') return 0;
    if (how !== 'ended') {
      attachment.detach();
      cli.tell(`container ${id} goes on; nobody looks on any more`);
      return how === 'left' ? exitLeft : how.status;
    }
    await connection.ended;
  } finally {
    connection.stop();
  }
  return waitForStatus(container, cli);
}

async function passSignalOn(
  { runtime, id }: AttachedContainer,
  signal: NodeJS.Signals,
  cli: Cli,
): Promise<void> {
  try {
    await runtime.kill(id, signal);
  } catch (error) {
    (await cli.openLogger()).debug({ err: error, id }, `${signal} was not passed on`);
  }
}

async function waitForStatus({ runtime, id }: AttachedContainer, cli: Cli): Promise<number> {
  const { exitCode } = await runtime.wait(id, 'exited');
  if (exitCode === undefined) cli.tell(`how container ${id} ended is not known: its monitor was killed`);
  else if (exitCode < 0) cli.tell(`container ${id} ran longer than it may, and was killed`);
  return statusOfExit(exitCode);
}
