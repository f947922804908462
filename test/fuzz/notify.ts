// Datagrams to the container's sd-notify socket. What passes is what filterNotification() says in Node.js.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { filterNotification } from '../../src/notify/filter.ts';
import {
  MSG_DONTWAIT,
  O_CLOEXEC,
  O_RDONLY,
  SIGTERM,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from '../../src/sys/constants.ts';
import { EAGAIN, EMSGSIZE, ENOBUFS } from '../../src/sys/errno.ts';
import { sys } from '../../src/sys/real.ts';
import { makeFolder, startMonitored } from '../fixtures/monitored.ts';
import { must, waitReadable, waitUntil } from '../fixtures/waiting.ts';
import { type Kind, limitMs } from './fuzz.ts';
import { bytes, size } from './inputs.ts';

const readBytesMax = 32_768; // what the relay reads of one

const words = [
  'READY=1',
  'RELOADING=1',
  'STOPPING=1',
  'WATCHDOG=1',
  'WATCHDOG=trigger',
  'STATUS=',
  'ERRNO=',
  'BUSERROR=D',
];
words.push(
  'MONOTONIC_USEC=',
  'MAINPID=1',
  'FDSTORE=1',
  'NOTIFYACCESS=all',
  'READY=',
  'READY=1 ',
  ' READY=1',
  'STATUS',
  '',
);
words.push('X_STATUS=a', 'BARRIER=1', 'é=1');

const line = fc
  .tuple(
    fc.constantFrom(...words),
    bytes(size(40_000, 4096, readBytesMax)),
    fc.constantFrom('\n', '\n', '\r', '\r\n', '\0', ''),
  )
  .map(([word, rest, end]) =>
    Buffer.concat([Buffer.from(word), word.endsWith('=') ? rest : empty, Buffer.from(end)]),
  );
const empty = Buffer.alloc(0);

const datagram = fc.oneof(
  { weight: 4, arbitrary: fc.array(line, { maxLength: 6 }).map(lines => Buffer.concat(lines)) },
  { weight: 1, arbitrary: bytes(size(200_000, readBytesMax, 65_536)) },
  { weight: 1, arbitrary: fc.constant('fd' as const) },
);

export const notifyKind: Kind<readonly (Buffer | 'fd')[]> = {
  name: 'notify datagrams',
  roundsPerSession: 300,
  input: fc.array(datagram, { maxLength: 12 }),
  open(t, conmon) {
    const hostPath = join(makeFolder(t, 'host'), 'socket');
    const hostFd = must(sys.socket(SOCK_DGRAM | SOCK_CLOEXEC), 'socket');
    must(sys.bind(hostFd, hostPath), 'bind');
    const fd = must(sys.socket(SOCK_DGRAM | SOCK_CLOEXEC), 'socket');
    const someFile = must(sys.open('/dev/null', O_RDONLY | O_CLOEXEC, 0), 'open');
    t.after(() => {
      for (const one of [hostFd, fd, someFile]) sys.close(one);
    });
    const box = startMonitored(t, {
      conmon,
      container: 'sleep 3600',
      args: ['--sdnotify-socket', hostPath],
      caller: { startPipe: true },
    });
    mkdirSync(join(box.bundle, 'notify'));
    box.caller.go();
    box.started();
    const socket = join(box.bundle, 'notify/notify.sock');
    const got: string[] = [];
    const buffer = Buffer.alloc(300_000);
    const readHost = () => {
      for (;;) {
        const count = sys.recv(hostFd, buffer, 0, buffer.length, MSG_DONTWAIT);
        if (count === -EAGAIN) return;
        got.push(buffer.toString('latin1', 0, must(count, 'recv')));
      }
    };
    const send = (one: Buffer | 'fd'): boolean => {
      let sent = 0;
      const attempt = () =>
        one === 'fd'
          ? sys.sendFdTo(fd, someFile, MSG_DONTWAIT, socket)
          : sys.sendto(fd, one, 0, one.length, MSG_DONTWAIT, socket);
      waitUntil(
        () => {
          sent = attempt();
          if (sent === -EAGAIN) readHost(); // it is full where the host's is
          return sent !== -EAGAIN;
        },
        'room for a datagram',
        limitMs,
      );
      if (sent !== -EMSGSIZE && sent !== -ENOBUFS) must(sent, 'sendto');
      return sent >= 0;
    };
    let count = 0;
    return {
      try(datagrams) {
        const wanted: string[] = [];
        const isRelayed = (one: Buffer | 'fd') => {
          if (!send(one) || one === 'fd') return;
          const passed = filterNotification(one.subarray(0, readBytesMax), one.length > readBytesMax);
          if (passed.length > 0) wanted.push(Buffer.from(passed).toString('latin1'));
        };
        for (const one of datagrams) isRelayed(one);
        const last = Buffer.from(`STATUS=end of ${++count}`);
        isRelayed(last);
        while (!got.includes(last.toString())) {
          waitReadable(hostFd, 'the last message', limitMs);
          readHost();
        }
        const passed = got.splice(0);
        if (passed.join('\0\0') === wanted.join('\0\0')) return undefined;
        return `${JSON.stringify(passed.map(one => one.slice(0, 80)))} instead of ${JSON.stringify(wanted.map(one => one.slice(0, 80)))}`;
      },
      end() {
        sys.kill(box.monitor, SIGTERM);
        const [status, ended] = [box.exitStatus(limitMs), box.end(limitMs)];
        return status === '143' && ended === 143
          ? undefined
          : `exit status ${status}, the monitor's ${ended}`;
      },
    };
  },
};
