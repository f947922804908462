// The container's pipes, and what the monitor makes of them, its terminal and its clients, over scripted calls.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openInputPipe, openOutputPipe } from '../../src/stdio/container-pipes.ts';
import { setWindowSize } from '../../src/stdio/window-size.ts';
import {
  EPOLL_CTL_ADD,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  F_DUPFD_CLOEXEC,
  F_GETFL,
  F_SETFL,
  MADV_DONTNEED,
  O_CLOEXEC,
  O_NONBLOCK,
  O_WRONLY,
  S_IFIFO,
  TIOCSWINSZ,
} from '../../src/sys/constants.ts';
import { EAGAIN, EBADF, EIO, EMFILE, ENOMEM, EPERM, EPIPE } from '../../src/sys/errno.ts';
import { createScriptedSys } from '../../src/sys/scripted.ts';
import { clientFd, create, Life, legacyExec, syncFd, terminalFd } from './monitor-life.ts';

describe('container pipes', () => {
  for (const [kind, open, [ours, theirs]] of [
    ['output', openOutputPipe, [7, 8]],
    ['input', openInputPipe, [8, 7]],
  ] as const)
    it(`${kind}: only our end does not block, theirs may be opened anew by any user`, () => {
      const sys = createScriptedSys();
      sys.answer('pipe2', out => {
        out.set([7, 8]);
        return 0;
      });
      sys.answer('fcntl', O_WRONLY);
      assert.deepEqual(open(sys, 'stdout'), { ours, theirs });
      assert.deepEqual(sys.calls, [
        ['pipe2', O_CLOEXEC],
        ['fcntl', ours, F_GETFL, 0],
        ['fcntl', ours, F_SETFL, O_WRONLY | O_NONBLOCK],
        ['fchmod', theirs, 0o777],
      ]);
    });

  it('a mode that is refused is no reason to stop', () => {
    assert.ok(openOutputPipe(createScriptedSys().answer('fchmod', -EPERM), 'stdout').ours > 0);
  });

  it('one that cannot be made is named', () => {
    const sys = createScriptedSys().always('pipe2', -EMFILE);
    assert.throws(() => openInputPipe(sys, 'stdin'), /Failed to create stdin pipe: Too many open files/);
    assert.throws(() => openOutputPipe(sys, 'stderr'), /Failed to create stderr pipe/);
  });
});

describe('window size', () => {
  it('is rows and columns, 16 bits each, and nothing in pixels', () => {
    const sys = createScriptedSys();
    assert.equal(setWindowSize(sys, 7, 24, 1000), 0);
    const [, fd, request, size] = sys.calls[0]!;
    assert.deepEqual([fd, request], [7, TIOCSWINSZ]);
    assert.deepEqual([...new Uint16Array(new Uint8Array(size as Buffer).buffer)], [24, 1000, 0, 0]);
  });

  it('answers what the call does', () => {
    assert.equal(setWindowSize(createScriptedSys().answer('ioctl', -EIO), 7, 1, 1), -EIO);
  });
});

describe('a container with a terminal', () => {
  const sizes = (life: Life) =>
    life.sys
      .called('ioctl')
      .filter(([, , request]) => request === TIOCSWINSZ)
      .map(([, fd, , size]) => [
        fd,
        ...new Uint16Array(new Uint8Array(size as Buffer).buffer).subarray(0, 2),
      ]);

  it('a size that comes before the terminal is set when it is here, the last one alone', () => {
    const life = new Life([...create, '-t']);
    life
      .turn(life.control('1 10 20\n'))
      .turn(life.control('1 30 40\n'))
      .turn(life.consoleComes())
      .turn(life.runtimeEnds())
      .turn(life.containerEnds());
    life.run();
    assert.deepEqual(
      sizes(life).map(([, ...size]) => size),
      [[30, 40]],
    );
  });

  it('sizes that come later are set as they come, and one that is refused is a warning', () => {
    const life = new Life([...create, '-t']);
    life
      .turn(life.consoleComes())
      .turn(life.runtimeEnds())
      .turn(life.control('1 10 20\n1 30 40\n'))
      .turn(() => life.sys.always('ioctl', -EIO), life.control('1 1 1\n'))
      .turn(life.containerEnds());
    life.run();
    assert.deepEqual(
      sizes(life).map(([, ...size]) => size),
      [
        [10, 20],
        [30, 40],
        [1, 1],
      ],
    );
    assert.deepEqual(life.messages, ['warn: Failed to set process pty terminal size: Input/output error']);
  });

  it('R14: its socket is gone before the caller learns that no terminal came, and also where the monitor cannot go on', () => {
    const late = new Life([...create, '-t']);
    late.turn(late.runtimeEnds());
    const broken = new Life([...create, '-t']);
    broken.turn(() => {
      broken.waitErrno = EBADF;
    });
    for (const life of [late, broken]) {
      assert.equal(life.run(), 1);
      const { calls } = life.sys;
      const removed = calls.findIndex(
        ([name, path]) => name === 'unlink' && String(path).includes('conmon-term'),
      );
      const answered = calls.findIndex(([name, fd]) => name === 'write' && fd === syncFd);
      assert.ok(removed > 0 && (life === broken || removed < answered));
    }
  });

  it('what clients send before it is here waits, and is written when it is', () => {
    const life = new Life([...create, '-t', '-i']);
    life
      .turn(life.clientComes())
      .turn(life.clientSends('early\n'))
      .turn(life.consoleComes())
      .turn(life.clientSends('late\n'))
      .turn(life.runtimeEnds())
      .turn(life.containerEnds());
    life.run();
    assert.equal(life.sys.written(terminalFd).toString(), 'early\nlate\n');
  });
});

describe('a container with stdin', () => {
  const attached = (...more: string[]) => {
    const life = new Life([...create, ...more]);
    life
      .turn(life.runtimeEnds())
      .turn(life.clientComes())
      .turn(life.clientSends('in'))
      .turn(life.clientEnds());
    return life;
  };

  const stdinCloses = (life: Life) => {
    const stdin = life.pipe('stdin');
    const calls = life.sys.calls;
    const at = calls.findIndex(([name, fd]) => name === 'close' && fd === stdin);
    const death = calls.findIndex(
      ([name, , options]) => name === 'fsync' || (name === 'rename' && options === '/exits/id'),
    );
    return at >= 0 && at < death;
  };

  it('with -i, the end of a client’s input is the end of the container’s', () => {
    const life = attached('-i');
    life.turn(life.containerEnds());
    life.run();
    assert.equal(life.sys.written(life.pipe('stdin')).toString(), 'in');
    assert.ok(stdinCloses(life));
  });

  it('with --leave-stdin-open it stays open for the next client', () => {
    const life = attached('-i', '--leave-stdin-open');
    life.turn(life.containerEnds());
    life.run();
    assert.ok(!stdinCloses(life));
  });

  it('without -i what clients send is for nobody, and harms nothing', () => {
    const life = attached();
    life.turn(life.containerEnds());
    assert.equal(life.run(), 0);
    assert.equal(life.spawned[0]!.fds.filter(({ to }) => to === 0).length, 1);
  });

  it('A21: without -i clients are read on, however much they send', () => {
    const life = new Life(create);
    life.turn(life.runtimeEnds()).turn(life.clientComes());
    for (let i = 0; i < 16; i++) life.turn(life.clientSends('x'.repeat(32_768)));
    life.turn(life.containerEnds());
    assert.equal(life.run(), 0);
    life.sys.assertDone();
  });

  it('a container that has closed its stdin costs the input alone', () => {
    const life = new Life([...create, '-i']);
    life
      .turn(life.runtimeEnds())
      .turn(life.clientComes())
      .turn(() => life.sys.answer('write', -EPIPE), life.clientSends('for nobody'))
      .turn(life.says('stdout', 'still here\n'))
      .turn(life.containerEnds());
    assert.equal(life.run(), 0);
    assert.deepEqual(life.log, ['stdout F still here']);
  });
});

describe('how output is waited for', () => {
  const watched = (life: Life, fd: number) =>
    life.sys.called('epollCtl').find(([, , op, of]) => op === EPOLL_CTL_ADD && of === fd)?.[4];

  it('a pipe by its level, the terminal by its edge', () => {
    const pipes = new Life(create);
    pipes.turn(pipes.runtimeEnds()).turn(pipes.containerEnds());
    pipes.run();
    for (const stream of ['stdout', 'stderr'] as const)
      assert.equal(watched(pipes, pipes.pipe(stream)), EPOLLIN, stream);
    const terminal = new Life([...create, '-t']);
    terminal.sys.always('fcntl', (_fd, command) => (command === F_DUPFD_CLOEXEC ? 41 : 0));
    terminal.turn(terminal.consoleComes()).turn(terminal.runtimeEnds()).turn(terminal.containerEnds());
    terminal.run();
    assert.equal(watched(terminal, 41), (EPOLLIN | EPOLLET) >>> 0);
    assert.equal(watched(terminal, terminal.pipe('stderr')), EPOLLIN);
  });
});

describe('a burst of output', () => {
  it('is over when there has been little for a second: its memory is given back, the reads’ and the log’s', () => {
    const life = new Life(create);
    const burst = `${'x'.repeat(4095)}\n`.repeat(4); // 16 KiB: the least that is one
    const givenBack: number[] = [];
    life.sys.always('madvise', (buf, advice) => {
      assert.equal(advice, MADV_DONTNEED);
      givenBack.push(buf.length);
      return 0;
    });
    const after = (ms: number) => () => life.sys.advance(ms);
    life.turn(life.runtimeEnds());
    for (let i = 0; i < 5; i++) life.turn(life.says('stdout', 'little\n'), after(1000));
    life.turn(() => assert.deepEqual(givenBack, []));
    for (let i = 0; i < 3; i++) life.turn(life.says('stdout', burst), after(900));
    life.turn(() => assert.deepEqual(givenBack, []), after(2000));
    life
      .turn(life.says('stdout', 'little\n'), after(1000))
      .turn(life.says('stdout', burst))
      .turn(life.containerEnds());
    assert.equal(life.run(), 0);
    assert.equal(givenBack.length, 2);
    assert.ok(
      givenBack.every(bytes => bytes >= 128 * 1024),
      `${givenBack}`,
    );
    assert.equal(life.log.filter(record => record === `stdout F ${'x'.repeat(4095)}`).length, 4 * 4);
  });
});

describe('input of a client', () => {
  it('A24: the memory that it lay in is given back a second after the last of it', () => {
    const life = new Life([...create, '-i']);
    const givenBack: number[] = [];
    life.sys.always('madvise', buf => {
      givenBack.push(buf.length);
      return 0;
    });
    const after = (ms: number) => () => life.sys.advance(ms);
    life.turn(life.runtimeEnds()).turn(life.clientComes());
    for (let i = 0; i < 2; i++) life.turn(life.clientSends('input'), after(900));
    life
      .turn(() => assert.deepEqual(givenBack, []), after(1000)) // it was used in this second
      .turn(() => assert.deepEqual(givenBack, []), after(1000))
      .turn(() => assert.equal(givenBack.length, 2)) // what is read lay in, and records
      .turn(life.containerEnds());
    assert.equal(life.run(), 0);
  });
});

describe('a container whose client cannot be watched', () => {
  it('A22: loses nothing of its output, which lies where the client’s input would have been received', () => {
    const life = new Life(create);
    const line = `${'x'.repeat(1023)}\n`;
    life.sys.always('madvise', buf => {
      buf.fill(0); // what the kernel gives instead
      return 0;
    });
    const perform = life.sys.perform.bind(life.sys);
    life.sys.perform = (name, args) => {
      const [, op, fd] = args as readonly unknown[];
      const answer = perform(name, args);
      return name === 'epollCtl' && op === EPOLL_CTL_ADD && fd === clientFd ? -ENOMEM : answer;
    };
    life
      .turn(life.says('stderr', line.repeat(16)), () => life.sys.answer('accept4', clientFd))
      .turn(life.runtimeEnds())
      .turn(life.containerEnds());
    assert.equal(life.run(), 0);
    assert.match(life.messages.join(), /Dropping a client/);
    assert.deepEqual(new Set(life.log), new Set([`stderr F ${line.trim()}`]));
    assert.equal(life.log.length, 16);
  });
});

describe('a container whose client does not read', () => {
  it('is not read from while the client’s queue is full, and is when there is room', () => {
    const life = new Life(create);
    const output = `${'x'.repeat(4095)}\n`.repeat(16);
    life.turn(life.runtimeEnds()).turn(life.clientComes());
    life.sys.always('sendmmsg', -EAGAIN).always('send', -EAGAIN);
    const outputs = 40;
    for (let i = 0; i < outputs; i++) life.turn(life.says('stdout', output));
    const bytesLogged = () => life.files['/log']!.match(/x/g)!.length;
    let whileFull = 0;
    life
      .turn(() => {
        whileFull = bytesLogged();
        life.sys.always('send', (_fd, _buf, _offset, length) => length);
        life.sys.events(clientFd, EPOLLOUT);
      })
      .turn(life.says('stdout', 0))
      .turn(life.containerEnds());
    assert.equal(life.run(), 0);
    assert.ok(whileFull > 512 * 1024 && whileFull < 1024 * 1024, `${whileFull} bytes while it is full`);
    assert.equal(bytesLogged(), 16 * 4095 * outputs);
  });
});

describe('a container whose journal is full', () => {
  it('J14: is not read from until there is room, and the monitor waits in no other place than ever', () => {
    const life = new Life([...create, '-c', 'longer-than-12', '-l', 'journald:']);
    const journalFd = 37;
    life.sys.answer('socket', journalFd);
    const logs: string[][] = [];
    const look = () => void logs.push(life.log);
    life
      .turn(life.runtimeEnds())
      .turn(() => life.sys.answer('send', -EAGAIN), life.says('stdout', 'one\n'))
      .turn(life.says('stdout', 'two\n'))
      .turn(look, () => life.sys.events(journalFd, EPOLLOUT))
      .turn(() => life.sys.events(life.pipe('stdout'), EPOLLIN))
      .turn(look, life.containerEnds());
    assert.equal(life.run(), 0);
    assert.deepEqual(logs, [['stdout F one'], ['stdout F one', 'stdout F two']]);
    assert.equal(life.sys.sent(journalFd).length, 2);
    assert.equal(life.sys.called('epollCreate').length, 1);
  });
});

describe('a container that nobody can attach to', () => {
  it('is read from all the same, while it runs', () => {
    const life = new Life(legacyExec);
    let whileRunning: string[] = [];
    life
      .turn(life.runtimeEnds())
      .turn(life.says('stdout', 'hello\n'))
      .turn(() => {
        whileRunning = life.log;
      }, life.containerEnds());
    assert.equal(life.run(), 0);
    assert.deepEqual(whileRunning, ['stdout F hello']);
    assert.deepEqual(life.sys.called('bind'), []);
  });
});

describe('the output that is left at the end', () => {
  it('L27: a fifo that had no room for it has it before the exit files appear', () => {
    const life = new Life(create);
    life.sys.answer('fstat', (_fd, out) => {
      out.set([S_IFIFO | 0o600, 0, 0, 0, 1, 1, 1]);
      return 0;
    });
    life
      .turn(life.runtimeEnds())
      .turn(() => life.sys.answer('write', -EAGAIN), life.says('stdout', 'last\n'), life.containerEnds());
    assert.equal(life.run(), 0);
    assert.deepEqual(life.log, ['stdout F last']);
    const { calls } = life.sys;
    const written = calls.findLastIndex(([name, , bytes]) => name === 'write' && /last/.test(String(bytes)));
    assert.ok(written < calls.findIndex(([name, , path]) => name === 'rename' && path === '/persist/exit'));
  });

  it('R19: up to 1 MiB of each stream is logged, however much more somebody goes on to write', () => {
    const life = new Life(create);
    const piece = Buffer.alloc(256 * 1024, `${'x'.repeat(1023)}\n`);
    const left = () => {
      for (const stream of ['stdout', 'stderr'] as const)
        for (let i = 0; i < 6; i++) life.sys.arrive(life.pipe(stream), piece);
    };
    life.turn(life.runtimeEnds()).turn(left, life.containerEnds());
    assert.equal(life.run(), 0);
    const logged = (stream: string) => life.log.filter(line => line.startsWith(stream)).length;
    assert.deepEqual([logged('stdout'), logged('stderr')], [1024, 1024]);
  });
});
