// What a monitor takes, idle again, after much has happened: what it has once needed it should give back.

import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { FIONREAD, SOCK_CLOEXEC, SOCK_SEQPACKET } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { hangMs, must, until, waitForFile } from '../fixtures/waiting.ts';
import { BenchMonitor, type BenchOptions } from './bench-monitor.ts';
import { oneByOne } from './contenders.ts';
import type { Bench, Measurement } from './measure.ts';
import { readMemories, sampleMemory } from './memory-samples.ts';
import { countFds, isAsleep } from './process-facts.ts';
import type { Sample } from './statistics.ts';

const loadBytes = 10e9;
const quickLoadBytes = 1e9;
const times = 10_000;
const quickTimes = 1000;
const connectsPerLine = 100;
const settlingMs = 10;
const privateMbMax = 0.8;

export const measureLoaded: Measurement = {
  name: 'loaded',
  async run(bench) {
    const totalBytes = bench.isQuick ? quickLoadBytes : loadBytes;
    const args = ['--log-size-max', String(256 * 1024 * 1024)];
    const options = { lineBytes: 100, totalBytes, stays: true, args };
    return compareAfter(`${totalBytes / 1e9} GB of log`, bench, options, async monitor => {
      monitor.print();
      monitor.awaitRead();
    });
  },
};

export const measureConnects: Measurement = {
  name: 'connects',
  async run(bench) {
    const count = bench.isQuick ? quickTimes : times;
    const options = { lineBytes: 100, totalBytes: 100, stays: true };
    return compareAfter(`${count} attach connects`, bench, options, async monitor => {
      await untilIdle(monitor);
      const before = countFds(monitor.pid);
      // A C conmon closes a client's socket only when output does not get through to it, so there must be some before
      // it runs out of fds; and it can crash where that comes before it has seen the client leave.
      const hasForgottenClients = async () => {
        await delay(settlingMs);
        monitor.print();
        monitor.awaitRead();
        return countFds(monitor.pid) <= before;
      };
      for (let i = 1; i <= count; i++) {
        const client = must(sys.socket(SOCK_SEQPACKET | SOCK_CLOEXEC), 'socket');
        must(sys.connect(client, monitor.attachSocket), 'connect');
        sys.close(client);
        if (i % connectsPerLine === 0) await hasForgottenClients();
      }
      await until('the monitor to let go of its clients', hasForgottenClients);
    });
  },
};

export const measureResizes: Measurement = {
  name: 'resizes',
  async run(bench) {
    const count = bench.isQuick ? quickTimes : times;
    const options = { args: ['-t'] };
    return compareAfter(`${count} resizes and reopens`, bench, options, async ({ log, controlFifo }) => {
      const fifo = openSync(controlFifo, 'w');
      // One at a time: a C conmon can take several, or a part of one, for another.
      const order = (line: string) => {
        writeSync(fifo, line);
        awaitReader(fifo);
      };
      const resizeAndReopen = (i: number) => {
        order(`1 ${24 + (i % 50)} 80\n`);
        order('2 0 0\n');
      };
      for (let i = 1; i < count; i++) resizeAndReopen(i);
      // Orders are taken one after the other: when there is a log again, all are done.
      renameSync(log, `${log}.1`);
      resizeAndReopen(count);
      waitForFile(log);
      closeSync(fifo);
    });
  },
};

/** Looks without a pause: nothing tells a writer, and it is a matter of microseconds. */
function awaitReader(fifo: number): void {
  const end = performance.now() + hangMs;
  const unread = new Int32Array(2);
  do {
    if (performance.now() > end) throw new Error(`nobody reads the fifo for ${hangMs} ms`);
    must(sys.ioctl(fifo, FIONREAD, new Uint8Array(unread.buffer)), 'ioctl');
  } while (unread[0]! > 0);
}

async function compareAfter(
  what: string,
  { contenders, workplace }: Bench,
  options: BenchOptions,
  wear: (monitor: BenchMonitor) => Promise<void>,
): Promise<Sample[]> {
  const memory = await oneByOne(contenders, async conmon => {
    const monitor = new BenchMonitor(workplace, conmon, options);
    try {
      await wear(monitor);
      await untilIdle(monitor);
      return readMemories([monitor]);
    } finally {
      monitor.kill();
      monitor.close();
    }
  });
  return sampleMemory(`after ${what}`, memory, { private: privateMbMax });
}

async function untilIdle({ pid }: BenchMonitor): Promise<void> {
  await until('a monitor that is idle', () => isAsleep(pid));
}
