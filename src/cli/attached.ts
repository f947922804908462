// Seeing a container through from a terminal or a pipe: what `run`, `start --attach` and `attach` have in common.

import type { Attachment, Runtime } from '../manager/index.ts';
import type { Cli } from './cli.ts';
import { exitUnknown, statusOfExit } from './exit-status.ts';
import { relay } from './relay.ts';
import { forwardSignals } from './signals.ts';
import { enterRawMode, followSize } from './terminal.ts';

/** What keys Podman and docker use. */
export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/** The option that names others. */
export const detachKeysOption = {
  type: 'string',
  default: defaultDetachKeys,
  describe: 'Keys that leave the container and let it run; empty for none',
} as const;

/** Statuses of who leaves: nobody reads what it prints (128 and SIGPIPE). */
const exitUnread = 141;

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

/** Copies between the container and the standard streams until it has ended or somebody has left it. `begin` is done
 * once everything is in place. Answers the exit status: the container's, 0 for who left by the detach keys. */
export async function seeThrough(
  container: AttachedContainer,
  attachment: Attachment,
  cli: Cli,
  begin?: () => Promise<void>,
): Promise<number> {
  const { runtime, id, terminal, input } = container;
  const logger = await cli.openLogger();
  const undo: (() => void)[] = [];
  try {
    if (container.forwardsSignals)
      undo.push(
        forwardSignals(signal =>
          runtime
            .kill(id, signal)
            .catch(error => logger.debug({ err: error, id }, `${signal} was not passed on`)),
        ),
      );
    if (terminal) undo.push(followSize(size => attachment.resize(size)));
    if (terminal && input) undo.push(enterRawMode());
    const copying = relay({ stdin: attachment, stdout: attachment, stderr: attachment.stderr }, { input });
    undo.push(copying.stop);
    await begin?.();
    const how = await Promise.race([attachment.outcome, copying.ended]);
    if (how === 'detached') return 0;
    if (how === 'unread') {
      attachment.detach();
      cli.tell(`nobody reads the output any more; container ${id} goes on`);
      return exitUnread;
    }
    await copying.ended;
  } finally {
    for (const step of undo.toReversed()) step();
  }
  const { exitCode } = await runtime.wait(id, 'exited');
  if (exitCode === undefined) cli.tell(`how container ${id} ended is not known: its monitor was killed`);
  if (exitCode !== undefined && exitCode < 0)
    cli.tell(`container ${id} ran longer than it may, and was killed`);
  return exitCode === undefined ? exitUnknown : statusOfExit(exitCode);
}
