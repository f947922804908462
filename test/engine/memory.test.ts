// What a monitor has for itself after much has happened: garbage goes when 64 KiB of it have gathered, also where it
// refers to itself, and nothing is kept of what is over.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  fixture,
  type Monitored,
  makeFolder,
  makeGate,
  openGate,
  startMonitored,
} from '../fixtures/monitored.ts';
import { countSockets } from '../fixtures/open-files.ts';
import { waitForFile, waitUntil } from '../fixtures/waiting.ts';
import { compileProgram } from './c-program.ts';

/** 1 for the whole of it, as in test/long. */
const scale = Number(process.env['MEMORY_SCALE'] ?? 0.01);
const connects = 1_000_000 * scale;
const resizes = 1_000_000 * scale;
const reopens = 100_000 * scale;
const logBytes = 10_000_000_000 * scale;
/** Of one file of it. */
const logBytesMax = Math.min(64 * 1024 * 1024, logBytes / 10);
const smallWrites = 86_400 * Math.min(1, 10 * scale);

/** Each of these is done in so many parts, and memory read after each. */
const parts = 8;
const privateBytesMax = 800_000;
/** What may gather until a collection, and so what one reading may have more than another. */
const growthBytesMax = 64 * 1024;
const limitMs = 20 * 60_000;

test(`${connects} clients attach, eight at a time: the monitor keeps nothing of them`, t => {
  const storm = compileProgram(t, 'attach-storm');
  const { box, end } = start(t, { args: ['-i', '--leave-stdin-open'], container: 'exec 4<&0; cat <&4 & ' });
  const socketsBefore = countSockets(box.monitor);
  measure(t, box, () => {
    for (const talkEvery of [1, 0])
      execFileSync(storm, [box.attachSocket, connects / parts / 2, 8, talkEvery].map(String), {
        timeout: limitMs,
      });
    waitUntil(() => countSockets(box.monitor) <= socketsBefore, 'its sockets to be as before');
  });
  end();
});

test(`${resizes} changes of the terminal's size: the monitor keeps nothing of them`, t => {
  const { box, end } = start(t, { args: ['-t'], runtime: compileTerminalRuntime(t), container: '' });
  const ctl = openControl(box);
  let done = 0;
  measure(t, box, () => {
    for (let left = resizes / parts; left > 0; left -= 1000) {
      const lines = Array.from({ length: Math.min(left, 1000) }, () => {
        done++;
        return `1 ${done % 1000} ${(done * 7) % 1000}\n`;
      });
      ctl.send(lines.join(''));
    }
    ctl.sync();
  });
  end();
});

test(`${reopens} reopenings of the log: the monitor keeps nothing of them`, t => {
  const { box, end } = start(t, { container: '' });
  const ctl = openControl(box);
  measure(t, box, () => {
    for (let left = reopens / parts; left > 0; left -= 100) ctl.send('2 0 0\n'.repeat(Math.min(left, 100)));
    ctl.sync();
  });
  end();
});

test(`${logBytes} bytes of log, with a limit of its size: the monitor keeps nothing of them`, t => {
  const program = compileProgram(t, 'writes-lines');
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'log-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const log = join(dir, 'LOG');
  writeInParts(t, `${program} bulk ${logBytes / parts}`, {
    log,
    args: ['--log-size-max', String(logBytesMax)],
  });
});

test(`${smallWrites} lines, each read by itself: the monitor keeps nothing of them`, t => {
  writeInParts(t, `${compileProgram(t, 'writes-lines')} each ${smallWrites / parts}`, {});
});

/** A container that does `container` and then waits. */
function start(
  t: TestContext,
  options: Partial<Parameters<typeof startMonitored>[1]> & { container: string },
) {
  const gate = makeGate(t);
  const box = startMonitored(t, { ...options, container: `${options.container} read go <${gate}; kill 0` });
  box.started();
  const end = () => {
    openGate(gate);
    box.exitStatus();
    box.end();
  };
  return { box, end };
}

/** The command is run once for each part. */
function writeInParts(
  t: TestContext,
  command: string,
  options: Partial<Parameters<typeof startMonitored>[1]>,
): void {
  const marks = makeFolder(t, 'marks');
  const gates = Array.from({ length: parts }, () => makeGate(t));
  const steps = gates.map((gate, i) => `read go <${gate}; ${command}; : >${marks}/${i}`);
  const { box, end } = start(t, { ...options, container: `${steps.join('; ')};` });
  let part = 0;
  measure(t, box, () => {
    openGate(gates[part]!);
    waitForFile(join(marks, String(part++)), limitMs);
  });
  end();
}

function measure(t: TestContext, box: Monitored, act: () => void): void {
  const before = readPrivateBytes(box.monitor);
  const after = Array.from({ length: parts }, () => {
    act();
    return readPrivateBytes(box.monitor);
  });
  t.diagnostic(
    `private memory in kB: ${before / 1000} before, ${after.map(bytes => bytes / 1000).join(' ')}`,
  );
  const [first, second] = [after.slice(0, parts / 2), after.slice(parts / 2)].map(half => Math.max(...half));
  assert.ok(second! <= privateBytesMax, `${second} bytes`);
  assert.ok(second! - first! < growthBytesMax, `the second half has added ${second! - first!} bytes`);
}

/** Once what was written to files is on its disk: until then its pages count as those of who has mapped them. */
function readPrivateBytes(pid: number): number {
  execFileSync('sync');
  const kib = /^Private_Dirty: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
  return Number(kib) * 1024;
}

/** The fifo `ctl`. Lines are obeyed in their order, so when the log that was moved away is there again, all are. */
function openControl(box: Monitored) {
  const fd = openSync(join(box.bundle, 'ctl'), 'w');
  const send = (lines: string) => {
    for (let at = 0; at < lines.length; ) at += writeSync(fd, lines.slice(at));
  };
  return {
    send,
    sync(): void {
      renameSync(box.log, `${box.log}.moved`);
      send('2 0 0\n');
      waitUntil(() => existsSync(box.log), 'the log to be there again', limitMs);
    },
  };
}

function compileTerminalRuntime(t: TestContext): string {
  const path = join(makeFolder(t), 'runtime');
  execFileSync(process.env['CC'] ?? 'cc', ['-O1', '-o', path, fixture('runtime-with-terminal.c')]);
  return path;
}
