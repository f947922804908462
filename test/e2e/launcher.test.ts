// The launcher alone: with a stand-in in the monitor's place that writes down how it was started. It is linked to the
// launcher as the image is; in the Node form it is a program, which a copy of the launcher finds beside it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { optionsHeader } from '../../scripts/build/options-header.ts';
import { parseArguments } from '../../src/options/parse.ts';
import { optionTable } from '../../src/options/table.ts';
import { F_SETFD, FD_CLOEXEC, O_CLOEXEC, SIGKILL, SIGTERM } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { conmon, form } from '../fixtures/conmon.ts';
import { must, waitForEnd } from '../fixtures/waiting.ts';

/** Of the Node form: four switches and the script. */
const engineArgumentsCount = form === 'node' ? 4 : 0;
const startFd = 3;
const project = join(import.meta.dirname, '../..');

let folder = '';
let launcher = '';
let recordPath = '';
let devNull = -1;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'launcher-'));
  launcher = join(folder, 'conmon');
  recordPath = join(folder, 'record');
  if (form === 'compiled') linkLauncher();
  else copyLauncher();
  devNull = openSync('/dev/null', 'r+');
  // What whoever runs the tests has left open is none of the launcher's.
  for (const fd of readdirSync('/proc/self/fd'))
    if (Number(fd) > 2) sys.fcntl(Number(fd), F_SETFD, FD_CLOEXEC);
});

after(() => {
  closeSync(devNull);
  rmSync(folder, { recursive: true });
});

function linkLauncher(): void {
  writeFileSync(join(folder, 'options.h'), optionsHeader('0123'));
  compile(launcher, [
    ...['-DLINKED_WITH_LAUNCHER', '-I', folder, '-I', join(project, 'src/launcher')],
    join(project, 'src/launcher/launcher.c'),
  ]);
}

function copyLauncher(): void {
  mkdirSync(join(folder, 'libexec'));
  copyFileSync(conmon, launcher);
  compile(join(folder, 'libexec/conmon'), []);
}

function compile(target: string, args: readonly string[]): void {
  const standIn = join(import.meta.dirname, 'launcher-stand-in.c');
  execFileSync(process.env['CC'] ?? 'cc', ['-O1', '-Wall', '-Werror', ...args, standIn, '-o', target]);
}

describe('environment', () => {
  const launchWith = (variables: readonly string[]) => started(['-c', 'id'], { variables });

  it('the monitor finds the caller’s, byte for byte', () => {
    const byte = fc.integer({ min: 1, max: 255 }).map(code => String.fromCharCode(code));
    const beginnings = ['', 'A=', 'NODE_OPTIONS=', '_CONMON_HANDOFF=', 'LD_', 'TZ=', 'GLIBC_TUNABLES='];
    const variable = fc
      .tuple(fc.constantFrom(...beginnings), fc.string({ unit: byte, maxLength: 10 }))
      .map(([beginning, rest]) => beginning + rest);
    fc.assert(
      fc.property(fc.array(variable, { maxLength: 8 }), variables => {
        const { environ, callers } = launchWith(variables);
        assert.deepEqual(environ, callers);
      }),
      { numRuns: 60 },
    );
  });

  it('the longest variable that the kernel takes is taken', () => {
    const longest = `NODE_OPTIONS=${'x'.repeat(128 * 1024 - 'NODE_OPTIONS='.length - 1)}`;
    const { environ, callers } = launchWith([longest]);
    assert.deepEqual(environ, callers);
  });

  it(
    form === 'compiled'
      ? 'it is where the kernel put it: nothing is added, nothing taken away'
      : 'an engine has the handoff and TZ alone',
    () => {
      const { ownEnviron, callers } = launchWith([
        'NODE_OPTIONS=--bad',
        'TZ=UTC',
        'LD_PRELOAD=',
        'PATH=/bin',
      ]);
      const names = ownEnviron.map(variable => variable.replace(/=.*/s, ''));
      if (form === 'compiled') assert.deepEqual(ownEnviron, callers);
      else assert.deepEqual(names, ['_CONMON_HANDOFF', 'TZ']);
    },
  );

  it('the caller’s arguments and its name for the program are passed on', () => {
    const args = ['-c', 'id', '', '--runtime-arg', '--', 'ü', 'a b'];
    const { argv } = started(args, { name: '/not/where/it/is' });
    assert.equal(argv[0], '/not/where/it/is');
    assert.deepEqual(argv.slice(1), args);
  });

  it('the working directory is the caller’s', () => {
    assert.equal(started([]).cwd, process.cwd());
  });
});

describe('inherited fds', () => {
  for (const [what, fds] of Object.entries<number[]>({
    none: [],
    'one, high': [900],
    'with holes': [3, 5, 9, 10, 64],
    'more than a thousand': Array.from({ length: 1100 }, (_, i) => 3 + i),
  }))
    it(`${what}: they are listed, open at their numbers, and with the verdict’s are all that is open`, () => {
      const run = started(['-c', 'id'], { fds });
      const [verdictFd = -1] = run.numbers;
      const listed = run.numbers.slice(2);
      assert.deepEqual(listed.toSorted(ascending), fds);
      assert.ok(verdictFd >= 3 && !listed.includes(verdictFd));
      assert.deepEqual(run.fds.toSorted(ascending), [0, 1, 2, ...fds, verdictFd].toSorted(ascending));
    });

  it('the limit of open files is the caller’s', () => {
    assert.equal(started(['-c', 'id'], { openFilesMax: 500 }).numbers[1], 500);
  });

  it('with --sync there is no verdict’s fd', () => {
    const run = started(['--sync'], { fds: [7] });
    assert.deepEqual([run.numbers[0], run.numbers.slice(2)], [-1, [7]]);
    assert.deepEqual(run.fds, [0, 1, 2, 7]);
  });
});

describe('--sync', () => {
  const detection: [args: string[], isSync: boolean][] = [
    [['--sync'], true],
    [['-c', 'id', '--sync'], true],
    [['--sync=no'], true],
    [['stray', '--sync'], true],
    [['--exit-command-arg=--sync', '--sync'], true],
    [['--api-version', '1', '--sync'], true],
    [['-ti', '--sync'], true],
    [[], false],
    [['--syncx'], false],
    [['-c', 'id', '--', '--sync'], false],
    [['--exit-command-arg', '--sync'], false],
    [['--exit-command-arg', '--', '--sync'], true],
    [['-c', '--sync'], false],
    [['-tic', '--sync'], false],
    [['-itc', '--sync', '--sync'], true],
    [['--cid=id', '--sync'], true],
  ];
  for (const [args, isSync] of detection)
    it(`${JSON.stringify(args.join(' '))}: ${isSync ? 'takes the launcher’s place' : 'is forked'}`, () => {
      const run = started(args);
      assert.equal(run.pid === run.launcherPid, isSync);
      assert.equal(run.numbers[0] === -1, isSync);
    });

  it('is seen where the monitor’s own parser sees it, whatever the arguments are', () => {
    const longs = optionTable.map(({ long }) => `--${long}`);
    const word = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom('--sync', '--sync=x', '--', '-', '1', 'word', '-c', '-ti', '-tc', '-ct'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom(...longs.filter(name => !['--help', '--version'].includes(name))),
      },
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), args => {
        let values: ReturnType<typeof parseArguments>;
        try {
          values = parseArguments(
            args.map(arg => new TextEncoder().encode(arg)),
            'utf-8',
          );
        } catch {
          return; // refused all the same, by whichever process
        }
        const run = started(args);
        assert.equal(run.pid === run.launcherPid, values !== 'help' && values.flag('sync'), args.join(' '));
      }),
      { numRuns: 150 },
    );
  });
});

describe('start pipe', () => {
  it('is read before the monitor is started', () => {
    for (const args of [['-c', 'id'], ['--sync']]) assert.equal(started(args, { startPipe: 'go' }).unread, 0);
  });

  it('its end is a go', () => {
    assert.equal(started(['-c', 'id'], { startPipe: '' }).unread, 0);
  });

  it('--version and --help do not wait for it', () => {
    for (const args of [['-h'], ['-?'], ['-c', 'id', '--version'], ['-c', 'id', '--help']])
      assert.equal(started(args, { startPipe: 'go' }).unread, 2, args.join(' '));
  });

  for (const [option, words] of [
    ['--version', /^conmon version \S+\ncommit: \S+\n$/],
    ['--help', /^Usage: conmon /],
  ] as const)
    it(`${option} alone is answered without a monitor, and without waiting`, () => {
      const run = launch([option], { startPipe: 'go' });
      assert.deepEqual([run.status, run.stderr, run.record], [0, '', undefined]);
      assert.match(run.stdout, words);
    });

  it('--version as a value waits as ever', () => {
    assert.equal(started(['-c', '--version'], { startPipe: 'go' }).unread, 0);
  });

  it('P3: an empty value, and a number of stdio, is no pipe: nothing is read, and nobody waited for', () => {
    for (const value of ['', '0', '1', '2']) {
      const stdin = makeFullPipe('go');
      const run = launch(['-c', 'id'], {
        variables: [`_OCI_STARTPIPE=${value}`],
        stdin,
        fds: [startFd],
        from: stdin,
      });
      closeSync(stdin);
      assert.equal(run.record?.unread, 2, `${JSON.stringify(value)}: ${run.stderr}`);
    }
  });

  it('P1, P2: one that is no number, or is not open, is refused by its name, by the launcher or by the monitor', () => {
    const args = ['-c', 'id', '-u', 'uuid', '-r', '/bin/true', '-l', 'none', '-b', folder];
    for (const [value, words] of [
      ...['x', '3x', ' ', '4294967299', '99999999999999999999'].map(
        value => [value, 'unable to parse'] as const,
      ),
      ...['-1', '200'].map(value => [value, 'unable to make'] as const),
    ]) {
      const run = launch(args, { file: conmon, variables: [`_OCI_STARTPIPE=${value}`], fds: [startFd] });
      assert.equal(run.status, 1, value);
      assert.match(run.stderr, new RegExp(`${words} _OCI_STARTPIPE`), JSON.stringify(value));
    }
  });
});

describe('verdict', () => {
  it('of the monitor ends the launcher with 0, and the monitor goes on', () => {
    const [read, write] = makePipe();
    const run = launch(['-c', 'id'], { does: 'v r', fds: [startFd], from: read });
    closeSync(read);
    assert.equal(run.status, 0);
    const { pid } = run.record!;
    assert.ok(existsSync(`/proc/${pid}/exe`), 'it runs on');
    closeSync(write);
    waitForEnd(pid);
  });

  for (const status of [0, 1, 7, 255])
    it(`none, and exit status ${status}: it is the launcher’s`, () => {
      assert.equal(launch(['-c', 'id'], { does: `e ${status}` }).status, status);
      assert.equal(launch(['--sync'], { does: `e ${status}` }).status, status);
    });

  for (const signal of [SIGTERM, SIGKILL])
    it(`none, and death by signal ${signal}: 128 and its number`, () => {
      assert.equal(launch(['-c', 'id'], { does: `s ${signal}` }).status, 128 + signal);
    });

  it('none, with SIGCHLD ignored by the caller: the monitor’s exit status is the launcher’s all the same', () => {
    const args = ['-e', '$SIG{CHLD} = "IGNORE"; exec @ARGV', launcher, '-c', 'id'];
    assert.equal(launch(args, { file: '/usr/bin/perl', does: 'e 7' }).status, 7);
  });

  it('once given, what the monitor ends with is its own', () => {
    assert.equal(launch(['-c', 'id'], { does: 'v e 7' }).status, 0);
  });
});

if (form === 'node')
  describe('the engine’s file', () => {
    it('is found beside the launcher, through a symbolic link to it as well', () => {
      const link = join(folder, 'link-to-conmon');
      symlinkSync(launcher, link);
      assert.ok(launch(['--sync'], { file: link }).record);
      rmSync(link);
    });

    for (const [what, prepare, words] of [
      ['missing', () => {}, 'No such file or directory'],
      ['not executable', (path: string) => chmodSync(path, 0o644), 'Permission denied'],
      ['no program', (path: string) => chmodSync(path, 0o755), 'Exec format error'],
    ] as const)
      it(`${what}: its path and the reason, once, and exit status 1`, () => {
        const half = mkdtempSync(join(tmpdir(), 'launcher-half-'));
        copyFileSync(launcher, join(half, 'conmon'));
        const path = join(half, 'libexec/conmon');
        if (what !== 'missing') {
          mkdirSync(join(half, 'libexec'));
          writeFileSync(path, 'this is no program\n');
        }
        prepare(path);
        for (const args of [['-c', 'id'], ['--sync'], ['-h']]) {
          const run = launch(args, { file: join(half, 'conmon') });
          assert.equal(run.status, 1);
          assert.equal(run.stderr, `conmon: Failed to start the monitor ${path}: ${words}\n`);
        }
        rmSync(half, { recursive: true });
      });
  });

interface Launch {
  /** The caller's variables, a character for each byte. */
  readonly variables?: readonly string[];
  /** fds that it inherits, each of them `from`, /dev/null when not given. */
  readonly fds?: readonly number[];
  readonly from?: number;
  readonly openFilesMax?: number;
  /** Its stdin, /dev/null when not given. */
  readonly stdin?: number;
  /** What its start pipe, fd 3, holds; its other end is closed. */
  readonly startPipe?: string;
  /** See launcher-stand-in.c. */
  readonly does?: string;
  readonly file?: string;
  readonly name?: string;
}

/** What the stand-in wrote down. */
interface Started {
  readonly argv: readonly string[];
  /** The caller's environment, as the monitor finds it. */
  readonly environ: readonly string[];
  /** /proc/PID/environ of the monitor. */
  readonly ownEnviron: readonly string[];
  /** What the caller gave as its environment. */
  readonly callers: readonly string[];
  /** The handoff: the verdict's fd, the limit of open files, the inherited fds. */
  readonly numbers: readonly number[];
  readonly fds: readonly number[];
  readonly pid: number;
  readonly launcherPid: number;
  /** Bytes that fd 3 still holds. */
  readonly unread: number;
  readonly cwd: string;
}

/** Starts the launcher and waits for its end. */
function launch(args: readonly string[], options: Launch = {}) {
  rmSync(recordPath, { force: true });
  const [stdoutPath, stderrPath] = [join(folder, 'stdout'), join(folder, 'stderr')];
  const [stdout, stderr] = [openSync(stdoutPath, 'w+'), openSync(stderrPath, 'w+')];
  const { fds = [], from = devNull, stdin = devNull, file = launcher, startPipe } = options;
  const start = startPipe === undefined ? undefined : makeFullPipe(startPipe);
  const callers = [
    ...(options.variables ?? []),
    ...(start === undefined ? [] : [`_OCI_STARTPIPE=${startFd}`]),
    `STAND_IN_RECORD=${recordPath}`,
    `STAND_IN_DOES=${options.does ?? ''}`,
  ];
  const pid = must(
    sys.spawn({
      file,
      argv: [options.name ?? file, ...args],
      environ: Buffer.from(callers.map(variable => `${variable}\0`).join(''), 'latin1'),
      fds: [
        ...[stdin, stdout, stderr].map((fd, to) => ({ from: fd, to })),
        ...fds.map(to => ({ from, to })),
        ...(start === undefined ? [] : [{ from: start, to: startFd }]),
      ],
      parentDeathSignal: 0,
      ...(options.openFilesMax === undefined ? {} : { openFilesMax: options.openFilesMax }),
    }),
    'starting the launcher',
  );
  waitForEnd(pid);
  const status = new Int32Array(1);
  must(sys.waitpid(pid, status, 0), 'waitpid');
  for (const fd of [stdout, stderr]) closeSync(fd);
  if (start !== undefined) closeSync(start);
  return {
    status: status[0]! >> 8,
    stdout: readFileSync(stdoutPath, 'utf8'),
    stderr: readFileSync(stderrPath, 'utf8'),
    record: existsSync(recordPath) ? readRecord(callers, pid) : undefined,
  };
}

/** The same, for what is to get as far as the monitor. */
function started(args: readonly string[], options: Launch = {}): Started {
  const { record, stderr } = launch(args, options);
  assert.ok(record, `the monitor is started: ${stderr}`);
  return record;
}

function readRecord(callers: readonly string[], launcherPid: number): Started {
  let text = readFileSync(recordPath, 'latin1');
  const take = (name: string) => {
    const end = text.indexOf(`\n--${name}\n`);
    const field = text.slice(0, end);
    text = text.slice(end + name.length + 4);
    return field;
  };
  const strings = (name: string) => take(name).split('\0').slice(0, -1);
  const argv = strings('argv').map(argument => Buffer.from(argument, 'latin1').toString());
  const [ownEnviron, environ] = [strings('own environ'), strings('environ')];
  const fds = take('fds').trim().split(' ').map(Number);
  const numbers = take('handoff').split(',').map(Number);
  const [pid = -1, unread = -1] = take('pid').split(' ').map(Number);
  return {
    argv: argv.toSpliced(1, engineArgumentsCount),
    environ,
    ownEnviron,
    callers,
    numbers,
    fds,
    pid,
    launcherPid,
    unread,
    cwd: Buffer.from(take('cwd'), 'latin1').toString(),
  };
}

function makePipe(): [read: number, write: number] {
  const fds = new Int32Array(2);
  must(sys.pipe2(fds, O_CLOEXEC), 'pipe2');
  return [fds[0]!, fds[1]!];
}

/** The read end of a pipe that holds `text`, and then its end. */
function makeFullPipe(text: string): number {
  const [read, write] = makePipe();
  if (text !== '') must(sys.write(write, Buffer.from(text), 0, text.length), 'write');
  closeSync(write);
  return read;
}

function ascending(a: number, b: number): number {
  return a - b;
}
