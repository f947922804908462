// A caller's end of a pipe to conmon that keeps apart what came apart: on a SOCK_SEQPACKET socket each write of conmon's
// is read on its own.

import { closeSync } from 'node:fs';
import { ECONNRESET } from '../../src/sys/errno.ts';
import { sys } from '../../src/sys/real.ts';
import { type Channel, openChannel } from '../fixtures/caller.ts';
import { must, waitReadable } from '../fixtures/waiting.ts';

/** Larger than anything that conmon sends. */
const packetBytesMax = 128 * 1024;

/** `dir` is a folder for the name that a socket needs while it is made. */
export function openPacketChannel(channel: Channel, dir: string) {
  const { ours, theirs } = openChannel(channel, dir);
  const packets: string[] = [];
  let isOpen = true;
  /** The next packet, as latin1; undefined at the end. */
  const read = (what: string, limitMs: number): string | undefined => {
    if (!isOpen) return undefined;
    waitReadable(ours, what, limitMs);
    const packet = Buffer.alloc(packetBytesMax);
    const count = sys.read(ours, packet, 0, packet.length);
    if (count === 0 || count === -ECONNRESET) return undefined;
    const text = packet.toString('latin1', 0, must(count, 'read'));
    packets.push(text);
    return text;
  };
  return {
    /** The end for conmon; to be closed when it has been handed on. */
    theirs,
    read,
    /** Whether there is something to read now. */
    hasPacket: (): boolean => isOpen && isReadable(ours),
    /** Reads to the end; everything that ever came. */
    readAll(what: string, limitMs: number): readonly string[] {
      while (read(what, limitMs) !== undefined);
      return packets;
    },
    write: (data: string) => must(sys.write(ours, Buffer.from(data), 0, data.length), 'write'),
    close(): void {
      if (isOpen) closeSync(ours);
      isOpen = false;
    },
  };
}

function isReadable(fd: number): boolean {
  try {
    waitReadable(fd, 'what is there', 1);
    return true;
  } catch {
    return false;
  }
}
