// What comes over the console socket: messages with and without an fd, of terminals and of what is none.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  MSG_NOSIGNAL,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  O_WRONLY,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_STREAM,
} from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { makeFolder, makeGate, startMonitored } from '../fixtures/monitored.ts';
import { must, waitUntil } from '../fixtures/waiting.ts';
import { type Kind, limitMs } from './fuzz.ts';
import { bytes, size } from './inputs.ts';
import { containerStatus, follow } from './lives.ts';

const O_NOCTTY = 0o400;
const fds = [
  'terminal',
  'null',
  'zero',
  'file',
  'pipe to read',
  'pipe to write',
  'socket',
  'directory',
  'eventfd',
] as const;

interface Message {
  readonly content: Buffer;
  readonly fd: (typeof fds)[number] | undefined;
}

interface Conversation {
  readonly messages: readonly Message[];
  /** Whether the connection stays until the end. */
  readonly stays: boolean;
  /** What comes out of the pipes. */
  readonly output: Buffer;
  /** Clients' input. */
  readonly stdin: boolean;
}

export const consoleKind: Kind<Conversation> = {
  name: 'console socket messages',
  roundsPerSession: 40,
  input: fc.record({
    messages: fc.array(
      fc.record({
        content: bytes(size(20_000, 4096)),
        fd: fc.oneof(fc.constantFrom(...fds), fc.constant('terminal' as const), fc.constant(undefined)),
      }),
      { maxLength: 4 },
    ),
    stays: fc.boolean(),
    output: bytes(size(60_000, 4096, 8192)),
    stdin: fc.boolean(),
  }),
  open: (t, conmon) => ({
    try({ messages, stays, output, stdin }) {
      const folder = makeFolder(t, 'console');
      const temporary = join(folder, 'tmp');
      mkdirSync(temporary);
      const gate = makeGate(t);
      const box = startMonitored(t, {
        conmon,
        args: ['-t', ...(stdin ? ['-i'] : [])],
        container: `exit ${containerStatus}`,
        env: { TMPDIR: temporary, RUNTIME_GATE: gate },
      });
      const open: number[] = [];
      t.after(() => {
        for (const fd of open) sys.close(fd);
      });
      waitUntil(
        () => existsSync(box.containerPidFile) && readdirSync(temporary).length > 0,
        'the console socket',
        limitMs,
      );
      const socket = must(sys.socket(SOCK_STREAM | SOCK_CLOEXEC), 'socket');
      must(
        sys.connect(socket, join(temporary, readdirSync(temporary)[0]!)),
        'connecting to the console socket',
      );
      for (const { content, fd } of messages) {
        if (fd === undefined) sys.send(socket, content, 0, content.length, MSG_NOSIGNAL);
        else sys.sendFd(socket, content, 0, content.length, openFd(fd, folder, output, open)); // it may be closed by now
      }
      if (stays) open.push(socket);
      else sys.close(socket);
      // What cannot be watched ends the monitor at once, and with it the runtime that waits.
      waitUntil(() => openIfThere(gate) || isZombie(box.monitor), 'the runtime', limitMs);
      while (open.length > (stays ? 1 : 0)) sys.close(open.shift()!);
      const { fault, report } = follow(box);
      if (fault !== undefined) return fault;
      return readdirSync(temporary).length === 0 || report === undefined
        ? undefined
        : 'the socket is left over';
    },
  }),
};

/** Lets whoever waits at the gate go on; whether there was somebody. */
function openIfThere(gate: string): boolean {
  const fd = sys.open(gate, O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd >= 0) sys.close(fd);
  return fd >= 0;
}

function isZombie(pid: number): boolean {
  return /^\d+ \(.*\) Z /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** Its fd; all that was opened for it is added to `open`. */
function openFd(kind: (typeof fds)[number], folder: string, output: Buffer, open: number[]): number {
  const note = (fd: number) => {
    open.push(must(fd, kind));
    return fd;
  };
  switch (kind) {
    case 'terminal':
      return note(sys.open('/dev/ptmx', O_RDWR | O_NOCTTY | O_CLOEXEC, 0));
    case 'null':
    case 'zero':
      return note(sys.open(`/dev/${kind}`, O_RDWR | O_CLOEXEC, 0));
    case 'file':
      writeFileSync(join(folder, 'file'), output);
      return note(sys.open(join(folder, 'file'), O_RDWR | O_CLOEXEC, 0));
    case 'directory':
      return note(sys.open(folder, O_CLOEXEC, 0));
    case 'socket':
      return note(sys.socket(SOCK_DGRAM | SOCK_CLOEXEC));
    case 'eventfd':
      return note(sys.eventfd(1, 0));
    default: {
      const ends = new Int32Array(2);
      must(sys.pipe2(ends, O_CLOEXEC), 'pipe2');
      sys.write(ends[1]!, output, 0, output.length);
      for (const end of ends) note(end);
      return ends[kind === 'pipe to read' ? 0 : 1]!;
    }
  }
}
