// A dbus-daemon of the test's own, and on it a peer that plays systemd: it answers what a test tells it to, when the
// test tells it to.

import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createConnection, type DBusConnection, type Message, messageType } from 'dbus-native';

const busName = 'org.freedesktop.DBus';
const managerPath = '/org/freedesktop/systemd1';
const managerInterface = 'org.freedesktop.systemd1.Manager';

export interface DaemonOptions {
  /** Connections that have said Hello. */
  readonly connectionsMax?: number;
}

/** A bus. */
export class Daemon {
  readonly directory: string;
  readonly socket: string;
  readonly address: `unix:${string}`;
  readonly #process: ChildProcess;

  static async start(t: TestContext, options: DaemonOptions = {}): Promise<Daemon> {
    const directory = mkdtempSync(join(tmpdir(), 'dbus-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const config = join(directory, 'bus.conf');
    const socket = join(directory, 'bus');
    writeFileSync(config, formatConfig(socket, options));
    const args = ['--nofork', '--nopidfile', '--nosyslog', '--print-address', `--config-file=${config}`];
    const daemon = spawn('dbus-daemon', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const gone = once(daemon, 'exit');
    t.after(async () => {
      daemon.kill('SIGKILL');
      await gone;
    });
    // The first line is printed when the socket listens.
    await Promise.race([
      once(daemon.stdout!, 'data'),
      gone.then(() => Promise.reject(new Error('dbus-daemon has ended'))),
    ]);
    return new Daemon(directory, socket, daemon);
  }

  private constructor(directory: string, socket: string, daemon: ChildProcess) {
    this.directory = directory;
    this.socket = socket;
    this.address = `unix:path=${socket}`;
    this.#process = daemon;
  }

  /** Ends the bus at once. */
  async kill(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}

/** Anything goes, also replies that nobody asked for: it is the client that has to bear them. */
function formatConfig(socket: string, { connectionsMax }: DaemonOptions): string {
  const limit =
    connectionsMax === undefined ? '' : `<limit name="max_completed_connections">${connectionsMax}</limit>`;
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  ${limit}
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
    <allow send_requested_reply="false" send_type="method_return"/>
    <allow send_requested_reply="false" send_type="error"/>
    <allow receive_requested_reply="false" receive_type="method_return"/>
    <allow receive_requested_reply="false" receive_type="error"/>
  </policy>
</busconfig>`;
}

/** One end of a job. */
export interface JobEnd {
  readonly job: string;
  readonly unit: string;
  readonly result: string;
}

export const jobPath = (id: number) => `/org/freedesktop/systemd1/job/${id}`;

/** Somebody on the bus; with a name, systemd. */
export class Peer {
  readonly #connection: DBusConnection;
  readonly #messages = new EventEmitter();
  readonly #calls: Message[] = [];
  #serial = 0;
  /** Its unique name. */
  name = '';

  /** Connects, and takes the name that systemd has where `isSystemd`. */
  static async connect(t: TestContext, daemon: Daemon, isSystemd = true): Promise<Peer> {
    const peer = new Peer(createConnection({ busAddress: daemon.address }));
    t.after(() => peer.close());
    peer.name = String((await peer.#callBus('Hello')).body?.[0]);
    if (isSystemd) await peer.takeSystemdName();
    return peer;
  }

  private constructor(connection: DBusConnection) {
    this.#connection = connection;
    connection.on('error', () => {});
    connection.on('message', message => {
      if (message.type === messageType.methodCall && message.member === 'Subscribe') this.reply(message);
      else if (message.type === messageType.methodCall) this.#calls.push(message);
      this.#messages.emit('message', message);
    });
  }

  async takeSystemdName(): Promise<void> {
    await this.#callBus('RequestName', 'su', ['org.freedesktop.systemd1', 0]);
  }

  async dropSystemdName(): Promise<void> {
    await this.#callBus('ReleaseName', 's', ['org.freedesktop.systemd1']);
  }

  /** The next call of this method that was not taken yet. */
  async takeCall(member: string): Promise<Message> {
    for (;;) {
      const index = this.#calls.findIndex(call => call.member === member);
      if (index >= 0) return this.#calls.splice(index, 1)[0]!;
      await once(this.#messages, 'message');
    }
  }

  /** True where such a call has come and was not taken. */
  hasCall(member: string): boolean {
    return this.#calls.some(call => call.member === member);
  }

  reply(call: Message, signature?: string, body?: unknown[]): void {
    this.#send({
      type: messageType.methodReturn,
      replySerial: call.serial!,
      destination: call.sender!,
      ...(signature === undefined ? {} : { signature, body: body ?? [] }),
    });
  }

  replyError(call: Message, errorName: string, words: string): void {
    this.#send({
      type: messageType.error,
      replySerial: call.serial!,
      destination: call.sender!,
      errorName,
      signature: 's',
      body: [words],
    });
  }

  /** Tells of a job's end: to those who listen, or to one connection alone. */
  signalJobRemoved({ job, unit, result }: JobEnd, destination?: string): void {
    this.#send({
      type: messageType.signal,
      path: managerPath,
      interface: managerInterface,
      member: 'JobRemoved',
      signature: 'uoss',
      body: [7, job, unit, result],
      ...(destination === undefined ? {} : { destination }),
    });
  }

  /** Resolves when the bus has taken everything that was sent before. */
  async settle(): Promise<void> {
    await this.#callBus('GetId');
  }

  /** Resolves when the connection of this name has gone from the bus. */
  async waitForDeparture(name: string): Promise<void> {
    const rule = `type='signal',sender='${busName}',member='NameOwnerChanged',arg0='${name}',arg2=''`;
    const left = this.#next(({ member, body }) => member === 'NameOwnerChanged' && body?.[0] === name);
    await this.#callBus('AddMatch', 's', [rule]);
    const { body } = await this.#callBus('NameHasOwner', 's', [name]);
    if (body?.[0] === true) await left;
  }

  close(): void {
    this.#connection.stream.destroy();
  }

  async #callBus(member: string, signature?: string, body?: unknown[]): Promise<Message> {
    const serial = this.#send({
      type: messageType.methodCall,
      destination: busName,
      path: '/org/freedesktop/DBus',
      interface: busName,
      member,
      ...(signature === undefined ? {} : { signature, body: body ?? [] }),
    });
    return this.#next(({ replySerial }) => replySerial === serial);
  }

  /** Several messages can come in one turn, so nothing is awaited between two of them. */
  async #next(isMeant: (message: Message) => boolean): Promise<Message> {
    const { promise, resolve } = Promise.withResolvers<Message>();
    const look = (message: Message) => {
      if (!isMeant(message)) return;
      this.#messages.off('message', look);
      resolve(message);
    };
    this.#messages.on('message', look);
    return promise;
  }

  #send(message: Message): number {
    this.#serial += 1;
    this.#connection.message({ ...message, serial: this.#serial });
    return this.#serial;
  }
}

/** A socket that takes connections and never says anything. */
export async function listenInSilence(
  t: TestContext,
): Promise<{ path: string; server: Server; closed: Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'dbus-'));
  const path = join(directory, 'bus');
  const closed = Promise.withResolvers<void>();
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    sockets.push(socket);
    socket
      .resume()
      .on('error', () => {})
      .on('close', () => closed.resolve());
  });
  server.listen(path);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return { path, server, closed: closed.promise };
}
