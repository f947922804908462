// How containers and monitors end: signals, timeouts, exit commands, OOM, what stays open until when.

import { readFileSync } from 'node:fs';
import { SIGINT, SIGQUIT, SIGTERM } from '../../../src/sys/constants.ts';
import { sys } from '../../../src/sys/real.ts';
import { listChildren, waitForChild } from '../../fixtures/monitored.ts';
import { waitForFile, waitForText, waitUntil } from '../../fixtures/waiting.ts';
import { makeOciContainer } from '../oci-runtime.ts';
import { openPacketChannel } from '../packet-channel.ts';
import { cid, type Run, type RunOptions } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const signals = { TERM: SIGTERM, INT: SIGINT, QUIT: SIGQUIT };
/** Until the process reads from the start pipe: it sleeps in a pipe's read, and in no other. */
function waitsForGo(pid: number): void {
  waitUntil(
    () => /^0 0x[0-9a-f]+ /.test(readFileSync(`/proc/${pid}/syscall`, 'utf8').replace(/^\D.*/, '')),
    'the read of the start pipe',
  );
}

const waitsForSignals = `exec perl -e '
  $| = 1;
  for my $name (qw(TERM INT QUIT)) { $SIG{$name} = sub { print "$name\\n"; exit 3 } }
  print "ready\\n";
  sleep 60'`;

/** The container runs on return. */
function startInOci(stage: Stage, container: Awaited<ReturnType<typeof makeOciContainer>>): Run {
  const run = stage.start({ options: container.options });
  run.launched();
  run.answer();
  container.start();
  return run;
}

const signalled = (name: keyof typeof signals): Scenario => ({
  name: `ends/${name}-while-running`,
  play: stage => {
    const run = stage.start({ container: waitsForSignals });
    const monitor = run.monitor();
    waitForText(stage.at('LOG'), 'ready');
    sys.kill(monitor, signals[name]);
    run.end();
  },
});

const signalledInCreate = (name: keyof typeof signals): Scenario => ({
  name: `ends/${name}-during-create`,
  play: stage => {
    const run = stage.start({ runtime: 'runtime-hangs' });
    const monitor = run.monitor();
    waitForChild(monitor, 'sleep');
    sys.kill(monitor, signals[name]);
    run.end();
  },
});

const signalledBefore = (name: keyof typeof signals): Scenario => ({
  name: `ends/${name}-before-the-start`,
  play: stage => {
    const run = stage.start({ startPipe: true });
    waitsForGo(run.caller.pid);
    sys.kill(run.caller.pid, signals[name]);
    run.end();
  },
});

/** Notes what it sees, its arguments among it, and then ends as told. */
const exitCommand = (stage: Stage, more = 'exit 0') =>
  stage.write(
    'exit-command',
    `#!/bin/sh
{
  printf '%s\\n' "$0" "$@"
  echo "exit file: $(cat "$DIR/exits/${cid}") persist file: $(cat "$DIR/persist/exit")"
  [ -e "$DIR/bundle/attach" ] && echo socket is there || echo socket is gone
  readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2
  for fd in /proc/$$/fd/*; do printf '%s ' "\${fd##*/}"; done; echo
  cat /proc/$$/oom_score_adj
  pwd
  grep SigIgn /proc/$$/status
} >"$DIR/seen" 2>&1
${more}
`,
    0o755,
  );

const exits = (
  name: string,
  args: (stage: Stage) => readonly string[],
  more: string = 'exit 0',
  options: RunOptions = {},
): Scenario => ({
  name: `ends/${name}`,
  play: stage => {
    exitCommand(stage, more);
    stage.play({ container: 'exit 3', ...options, args: args(stage) });
    stage.noteFile('seen');
  },
});

const command = (stage: Stage) => ['--exit-command', stage.at('exit-command')];

export const ends: readonly Scenario[] = [
  signalled('TERM'),
  signalled('INT'),
  signalled('QUIT'),
  signalledInCreate('TERM'),
  signalledInCreate('INT'),
  signalledInCreate('QUIT'),
  signalledBefore('TERM'),
  signalledBefore('INT'),
  signalledBefore('QUIT'),
  {
    name: 'ends/start-pipe-closed',
    play: stage => {
      const run = stage.start({ startPipe: true, container: 'exit 2' });
      run.caller.closeStartPipe();
      run.end();
    },
  },
  {
    name: 'ends/start-pipe-gates',
    play: stage => {
      const run = stage.start({ startPipe: true, container: 'exit 2' });
      waitsForGo(run.caller.pid);
      stage.note('before the go', stage.tree());
      run.caller.go();
      run.end();
    },
  },
  {
    name: 'ends/timeout',
    play: stage => stage.play({ args: ['-T', '1'], container: 'echo hi; exec sleep 60' }),
  },
  {
    name: 'ends/timeout-kills-the-group',
    play: stage => stage.play({ args: ['-T', '1'], container: 'sleep 60 & sleep 60; :' }),
  },
  {
    name: 'ends/timeout-not-reached',
    play: stage => stage.play({ args: ['-T', '60'], container: 'exit 9' }),
  },
  { name: 'ends/timeout-0', play: stage => stage.play({ args: ['-T', '0'], container: 'exit 9' }) },
  exits('exit-command', command),
  exits('exit-command-with-args', stage => [
    ...command(stage),
    ...['--exit-command-arg', '--root', '--exit-command-arg', '', '--exit-command-arg', 'a b'],
  ]),
  exits('exit-command-delayed', stage => [...command(stage), '--exit-delay', '1']),
  exits('exit-command-relative', () => ['--exit-command', './exit-command']),
  exits('exit-command-fails', command, 'exit 9'),
  exits('exit-command-fails-after-success', command, 'exit 9', { container: ':' }),
  exits('exit-command-missing', stage => ['--exit-command', stage.at('missing')]),
  exits('exit-command-not-in-path', () => ['--exit-command', 'true']),
  exits('exit-command-after-a-failed-create', command, 'exit 0', { runtime: 'runtime-fails' }),
  exits('exit-command-in-the-foreground', stage => [...command(stage), '--sync']),
  {
    name: 'ends/exit-command-of-an-exec',
    play: stage => {
      exitCommand(stage);
      stage.play({
        options: { '-e': true, '--exec-process-spec': stage.write('spec', '{}') },
        container: 'exit 3',
        args: command(stage),
      });
      stage.noteFile('seen');
    },
  },
  {
    name: 'ends/inherited-fd-closed-before-the-exit-file',
    play: stage => {
      const held = openPacketChannel('pipe', stage.dir);
      stage.makeGate('gate');
      exitCommand(stage, 'read x <"$DIR/gate"');
      const run = stage.start({ fds: [{ from: held.theirs, to: 9 }], args: command(stage) });
      sys.close(held.theirs);
      run.launched();
      waitForFile(stage.at('exits', cid));
      stage.note('the fd, when the exit file is there', held.hasPacket() ? 'closed' : 'open');
      stage.openGate('gate');
      held.close();
      run.end();
    },
  },
  {
    name: 'ends/output-after-the-container',
    play: stage => {
      stage.makeGate('gate');
      const run = stage.start({ container: '(read x <"$DIR/gate"; echo late) & echo early' });
      run.end();
    },
  },
  {
    name: 'ends/zombies-of-the-container',
    play: stage => {
      stage.makeGate('gate');
      const run = stage.start({ container: '(exit 1) & (exit 2) & read x <"$DIR/gate"; exit 4' });
      run.launched();
      const container = run.answer()!;
      const zombies = () => listChildren(container).filter(([, state]) => state === 'Z');
      waitUntil(() => zombies().length === 2, 'two zombies');
      stage.openGate('gate');
      run.end();
    },
  },
  {
    name: 'ends/killed-by-oom',
    needs: 'runc',
    play: async stage => {
      const container = await makeOciContainer(stage, {
        args: ['/bin/sh', '-c', 'exec dd if=/dev/zero of=/dev/null bs=200M'],
        memoryBytesMax: 16 * 1024 * 1024,
      });
      const run = startInOci(stage, container);
      run.end();
    },
  },
  {
    name: 'ends/child-killed-by-oom',
    needs: 'runc',
    play: async stage => {
      const container = await makeOciContainer(stage, {
        args: ['/bin/sh', '-c', '(exec dd if=/dev/zero of=/dev/null bs=200M); sleep 1; exit 6'],
        memoryBytesMax: 16 * 1024 * 1024,
      });
      const run = startInOci(stage, container);
      run.end();
    },
  },
  {
    name: 'ends/killed-by-somebody',
    needs: 'runc',
    play: async stage => {
      const container = await makeOciContainer(stage, { args: ['/bin/sh', '-c', 'exec sleep 60'] });
      const run = startInOci(stage, container);
      container.kill('KILL');
      run.end();
    },
  },
  {
    name: 'ends/oci-container',
    needs: 'runc',
    play: async stage => {
      const container = await makeOciContainer(stage, { args: ['/bin/sh', '-c', 'echo out; exit 42'] });
      const run = startInOci(stage, container);
      run.end();
    },
  },
  {
    name: 'ends/oci-create-fails',
    needs: 'runc',
    play: async stage => {
      const container = await makeOciContainer(stage, { args: ['/bin/there-is-none'] });
      stage.play({ options: container.options });
    },
  },
];
