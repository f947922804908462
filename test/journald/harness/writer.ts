// Runs in the journal's namespace: the journald driver and the monitor's messages over the real kernel. Each line
// of standard input after the first, which has the options, is a command (WriterCommand); each is answered by a line.

import { createInterface } from 'node:readline';
import { headRoomBytes } from '../../../src/logs/driver.ts';
import { openJournald } from '../../../src/logs/journald.ts';
import { openMessages } from '../../../src/messages/messages.ts';
import type { StreamName } from '../../../src/stream-name.ts';
import { Reactor } from '../../../src/sys/reactor.ts';
import { sys } from '../../../src/sys/real.ts';
import type { WriterCommand } from './journal.ts';

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const options = JSON.parse((await input.next()).value as string);
const warnings: string[] = [];
const driver = openJournald(sys, options, message => warnings.push(message));
const messages = openMessages(sys, { level: 'info', syslog: true, cid: options.cid });
messages.detachStderr();
const reactor = options.waitsByReactor ? new Reactor(sys) : undefined;
if (reactor) driver.waitBy(reactor, () => {});
let longestMs = 0;

for await (const line of input) {
  longestMs = 0;
  const before = performance.now();
  run(JSON.parse(line));
  console.log(JSON.stringify({ ms: performance.now() - before, longestMs, warnings }));
}
driver.end('stdout');
driver.end('stderr');
driver.close();
console.log(JSON.stringify({ warnings }));

function run(command: WriterCommand): void {
  if ('say' in command) messages[command.say](command.text);
  else if ('end' in command) driver.end(command.end);
  else print(Buffer.from(command.print, 'latin1'), command.stream ?? 'stdout');
}

/** Writes in pieces, as a pipe would give them, and with a reactor only while there is room. */
function print(bytes: Buffer, stream: StreamName): void {
  const pieceBytes = 65_536;
  const buf = Buffer.alloc(headRoomBytes + pieceBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const length = bytes.copy(buf, headRoomBytes, at, at + pieceBytes);
    time(() => driver.write(stream, buf, headRoomBytes, headRoomBytes + length));
    while (reactor && !driver.hasRoom) time(() => reactor.turn());
  }
}

function time(call: () => void): void {
  const before = performance.now();
  call();
  longestMs = Math.max(longestMs, performance.now() - before);
}
