// How the runtime is called: arguments, environment, fds, signals, working directory.

import { closeSync, cpSync, mkdirSync, openSync, readFileSync, symlinkSync } from 'node:fs';
import { fixture } from '../../fixtures/monitored.ts';
import type { RunOptions } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { viewBytes } from '../views.ts';

/** A runtime that notes how it was called, and then starts the container. */
function play(stage: Stage, options: RunOptions = {}): void {
  mkdirSync(stage.at('runtimes'));
  mkdirSync(stage.at('record'));
  cpSync(fixture('runtime-records'), stage.at('runtimes/runtime-records'));
  symlinkSync(fixture('runtime-starts-container'), stage.at('runtimes/runtime-does-nothing'));
  stage.play({
    ...options,
    runtime: stage.at('runtimes/runtime-records'),
    env: { ...options.env, RECORD_DIR: stage.at('record') },
  });
  const record = (name: string) => readFileSync(stage.at('record', name), 'latin1');
  const socket = /conmon-term\.\w+/;
  stage.note(
    'arguments',
    viewBytes(record('argv').replaceAll('\0', '\n').replace(socket, 'conmon-term.NAME')),
  );
  stage.note('working directory', record('cwd'));
  stage.note('OOM score', record('oom_score_adj'));
  const status = record('status');
  stage.note('ignored signals', (status.match(/^(SigIgn):.*$/gm) ?? []).join('\n'));
  const pid = /^Pid:\s*(\d+)$/m.exec(status)?.[1];
  const variables = record('environ')
    .split('\0')
    .map(entry => (entry === `LISTEN_PID=${pid}` ? 'LISTEN_PID=the runtime’s own' : entry))
    .map(entry => entry.replace(/^LISTEN_PID=\d+$/, 'LISTEN_PID=another'));
  stage.note('environment', variables.sort().join('\n'));
  stage.note('fds', record('fds').replaceAll(/:\[\d+\]/g, ':[N]'));
}

const withSpec = (stage: Stage): NonNullable<RunOptions['options']> => ({
  '-e': true,
  '--exec-process-spec': stage.write('spec', '{}'),
});

const listens = (pid: string) => ['/bin/sh', '-c', `LISTEN_PID=${pid} LISTEN_FDS=1 exec "$0" "$@"`];

export const runtime: readonly Scenario[] = [
  { name: 'runtime/create', play: stage => play(stage) },
  { name: 'runtime/with-stdin', play: stage => play(stage, { args: ['-i'] }) },
  {
    name: 'runtime/all-flags',
    play: stage =>
      play(stage, {
        args: [
          '-s',
          '--no-pivot',
          '--no-new-keyring',
          '--runtime-arg',
          '--log-format=json',
          '--runtime-arg=',
        ],
      }),
  },
  {
    name: 'runtime/runtime-opt',
    play: stage => play(stage, { args: ['--runtime-opt', '--preserve-fds', '--restore-arg', '2'] }),
  },
  {
    name: 'runtime/restore',
    play: stage =>
      play(stage, {
        args: ['--restore', '/checkpoint', '--runtime-opt', '--tcp-established', '-s', '--restore-arg', 'x'],
      }),
  },
  {
    name: 'runtime/exec',
    play: stage =>
      play(stage, { options: withSpec(stage), args: ['-s', '--no-pivot', '--runtime-arg', 'a'] }),
  },
  {
    name: 'runtime/exec-legacy',
    play: stage => play(stage, { api: 0, options: { ...withSpec(stage), '-b': undefined, '-u': undefined } }),
  },
  {
    name: 'runtime/terminal',
    play: stage => play(stage, { args: ['-t'] }),
  },
  {
    name: 'runtime/preserved-fds-with-holes',
    play: stage => {
      const fd = openSync('/etc/passwd', 'r');
      play(stage, {
        fds: [
          { from: fd, to: 7 },
          { from: fd, to: 11 },
        ],
        env: { LISTEN_FDS: '9' },
      });
      closeSync(fd);
    },
  },
  {
    name: 'runtime/listen-pid-of-conmon',
    play: stage => play(stage, { args: ['--sync'], before: listens('$$') }),
  },
  { name: 'runtime/listen-pid-of-launcher', play: stage => play(stage, { before: listens('$$') }) },
  { name: 'runtime/listen-pid-of-another', play: stage => play(stage, { before: listens('1') }) },
  {
    name: 'runtime/replace-listen-pid',
    play: stage => play(stage, { args: ['--replace-listen-pid'], before: listens('1') }),
  },
  {
    name: 'runtime/listen-pid-is-rubbish',
    play: stage => stage.play({ before: listens('x') }),
  },
  {
    name: 'runtime/signals-ignored-by-the-caller',
    play: stage => play(stage, { before: ['/bin/sh', '-c', 'trap "" INT QUIT HUP USR1; exec "$0" "$@"'] }),
  },
  {
    name: 'runtime/umask',
    play: stage =>
      stage.play({
        before: ['/bin/sh', '-c', 'umask 077; exec "$0" "$@"'],
        container: 'umask >"$DIR/umask"',
      }),
  },
  {
    name: 'runtime/stdio-modes',
    play: stage => {
      stage.play({
        args: ['-i'],
        container:
          'for fd in 0 1 2; do stat -L -c "%F %a" /proc/self/fd/$fd; done >"$DIR/modes"; cat >"$DIR/modes.new" <"$DIR/modes"',
      });
      stage.noteFile('modes');
    },
  },
];
