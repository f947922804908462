// Clients of the attach socket: packets of any size, in bursts, that end in any way. One client reads from the beginning
// to the end: it must have what the log has.

import fc from 'fast-check';
import { MSG_DONTWAIT, MSG_NOSIGNAL, SIGTERM } from '../../src/sys/constants.ts';
import { EAGAIN, ECONNRESET, EMSGSIZE, ENOBUFS } from '../../src/sys/errno.ts';
import { sys } from '../../src/sys/real.ts';
import { type AttachClient, connectAttach } from '../fixtures/attach-client.ts';
import { startMonitored } from '../fixtures/monitored.ts';
import { must, waitReadable } from '../fixtures/waiting.ts';
import { type Kind, limitMs } from './fuzz.ts';
import { bytes, size } from './inputs.ts';

/** What the kernel takes in one, by default. */
const packetBytesMax = 212_000;

interface Client {
  readonly packets: readonly Buffer[];
  /** How much of what comes is read before the next packet. */
  readonly reads: number;
  readonly ending: 'close' | 'end input' | 'read and close' | 'stay';
}

export const attachKind: Kind<readonly Client[]> = {
  name: 'attach packets',
  roundsPerSession: 100,
  input: fc.array(
    fc.record({
      packets: fc.array(bytes(size(packetBytesMax, 8192, 8193, 32_768, 65_536)), { maxLength: 8 }),
      reads: fc.nat(3),
      ending: fc.constantFrom('close', 'end input', 'read and close', 'stay'),
    }),
    { maxLength: 6 },
  ),
  open(t, conmon) {
    const box = startMonitored(t, { conmon, container: 'exec cat', args: ['-i', '--leave-stdin-open'] });
    const pid = box.started();
    const tap = connectAttach(box.attachSocket);
    const tapped: Buffer[] = [];
    const buffer = Buffer.alloc(packetBytesMax);
    const read = (fd: number): Buffer | undefined => {
      const count = sys.recv(fd, buffer, 0, buffer.length, MSG_DONTWAIT);
      if (count === -EAGAIN || count === -ECONNRESET || count === 0) return undefined;
      return Buffer.from(buffer.subarray(1, must(count, 'recv')));
    };
    const readTap = () => {
      for (let data = read(tap.fd); data; data = read(tap.fd)) tapped.push(data);
    };
    let staying: AttachClient[] = [];
    let count = 0;
    const send = (client: AttachClient, packet: Buffer) => {
      const endMs = performance.now() + limitMs;
      for (;;) {
        const sent = sys.send(client.fd, packet, 0, packet.length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0 || sent === -EMSGSIZE) return;
        if (sent !== -EAGAIN && sent !== -ENOBUFS) must(sent, 'send');
        if (performance.now() > endMs) throw new Error('nobody takes a packet');
        readTap();
        for (const other of [client, ...staying]) read(other.fd);
      }
    };
    const until = (isThere: () => boolean) => {
      while (!isThere()) {
        waitReadable(tap.fd, 'the echo', limitMs);
        const before = tapped.length;
        readTap();
        if (tapped.length === before) throw new Error('the monitor has closed the socket');
      }
    };
    return {
      try(clients) {
        for (const { packets, reads, ending } of clients) {
          const client = connectAttach(box.attachSocket);
          for (const packet of packets) {
            send(client, packet);
            for (let i = 0; i < reads; i++) read(client.fd);
          }
          if (ending === 'end input') client.endInput();
          if (ending === 'read and close') while (read(client.fd));
          if (ending === 'stay' || ending === 'end input') staying.push(client);
          else client.close();
        }
        for (const client of staying) client.close();
        staying = [];
        const last = Buffer.from(`\nend of ${++count}\n`);
        const client = connectAttach(box.attachSocket);
        send(client, last);
        client.close();
        until(() => Buffer.concat(tapped.slice(-100)).includes(last));
        return undefined;
      },
      end() {
        sys.kill(pid, SIGTERM);
        const rest = tap.receiveAll(limitMs).stdout;
        const [status, ended] = [box.exitStatus(limitMs), box.end(limitMs)];
        if (status !== '143' || ended !== 143) return `exit status ${status}, the monitor's ${ended}`;
        const seen = Buffer.concat([...tapped, rest]).toString('latin1');
        const logged = box.output();
        return seen === logged ? undefined : `${seen.length} bytes for a client, ${logged.length} in the log`;
      },
    };
  },
};
