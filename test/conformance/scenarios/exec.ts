// The exec dialects: without --api-version, with it, with an attached client, and CRI-O's ExecSync.

import { waitForText } from '../../fixtures/waiting.ts';
import type { RunOptions } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

/** As Podman's HTTP exec does it, less the attach. */
const version1 = (stage: Stage, more: RunOptions = {}): RunOptions => ({
  ...more,
  options: { '-e': true, '--exec-process-spec': stage.write('spec', '{}'), ...more.options },
});

/** Old callers: no UUID, no bundle, one report. */
const legacy = (stage: Stage, more: RunOptions = {}): RunOptions => ({
  ...version1(stage, more),
  api: 0,
  options: {
    ...version1(stage, more).options,
    '-u': undefined,
    '-b': undefined,
    '--full-attach': undefined,
    '--exit-dir': undefined,
    '--persist-dir': undefined,
  },
});

/** CRI-O's ExecSync: its pid file is there, and empty. */
const execSync = (stage: Stage, more: RunOptions = {}): RunOptions => {
  stage.write('pidfile', '');
  return {
    ...legacy(stage, more),
    sync: 'pipe',
    args: ['--sync', '--socket-dir-path', stage.at('sockets'), '--log-level', 'info', ...(more.args ?? [])],
  };
};

const attached = (stage: Stage, more: RunOptions = {}): RunOptions => ({
  ...version1(stage, more),
  attachPipe: true,
  startPipe: true,
  args: ['--exec-attach', ...(more.args ?? [])],
});

function playAttached(stage: Stage, more: RunOptions = {}, whileItRuns = () => {}): void {
  const run = stage.start(attached(stage, more));
  run.caller.go();
  run.launched();
  run.attachReady();
  const client = run.attach();
  stage.note('before the second go', run.answered() ? 'an answer' : 'no answer');
  run.caller.go();
  whileItRuns();
  const { stdout, stderr } = client.receiveAll();
  stage.note('client', `${stdout}--\n${stderr}`);
  client.close();
  run.end();
}

export const exec: readonly Scenario[] = [
  { name: 'exec/version-1', play: stage => stage.play(version1(stage, { container: 'echo hi; exit 4' })) },
  { name: 'exec/version-1-well', play: stage => stage.play(version1(stage, { container: 'echo hi' })) },
  { name: 'exec/version-1-killed', play: stage => stage.play(version1(stage, { container: 'kill -9 $$' })) },
  {
    name: 'exec/version-1-runtime-fails',
    play: stage => stage.play(version1(stage, { runtime: 'runtime-fails' })),
  },
  {
    name: 'exec/version-1-runtime-fails-wordless',
    play: stage => stage.play(version1(stage, { runtime: '/bin/false' })),
  },
  {
    name: 'exec/version-1-no-pid-file',
    play: stage => stage.play(version1(stage, { runtime: 'runtime-writes-no-pid-file' })),
  },
  {
    name: 'exec/version-1-without-bundle',
    play: stage => stage.play(version1(stage, { options: { '-b': undefined }, container: 'exit 2' })),
  },
  {
    name: 'exec/version-1-timeout',
    play: stage => stage.play(version1(stage, { args: ['-T', '1'], container: 'echo hi; exec sleep 60' })),
  },
  {
    name: 'exec/attached',
    play: stage => {
      stage.makeGate('gate');
      const container = 'echo out; read x <"$DIR/gate"; echo err >&2; exit 6';
      playAttached(stage, { container }, () => {
        waitForText(stage.at('LOG'), 'out');
        stage.openGate('gate');
      });
    },
  },
  {
    name: 'exec/attached-runtime-fails',
    play: stage => playAttached(stage, { runtime: 'runtime-fails' }),
  },
  { name: 'exec/legacy', play: stage => stage.play(legacy(stage, { container: 'echo hi; exit 4' })) },
  {
    name: 'exec/legacy-runtime-fails',
    play: stage => stage.play(legacy(stage, { runtime: 'runtime-fails' })),
  },
  {
    name: 'exec/legacy-timeout',
    play: stage => stage.play(legacy(stage, { args: ['-T', '1'], container: 'exec sleep 60' })),
  },
  {
    name: 'exec/cri-o',
    play: stage =>
      stage.playLoggedParts(
        [
          ['echo out', 'out'],
          ['echo err >&2; exit 3', 'err'],
        ],
        execSync(stage),
      ),
  },
  { name: 'exec/cri-o-well', play: stage => stage.play(execSync(stage, { container: 'echo out' })) },
  {
    name: 'exec/cri-o-timeout',
    play: stage => stage.play(execSync(stage, { args: ['-T', '1'], container: 'echo out; exec sleep 60' })),
  },
  {
    name: 'exec/cri-o-timeout-not-reached',
    play: stage => stage.play(execSync(stage, { args: ['-T', '60'], container: 'exit 1' })),
  },
  {
    name: 'exec/cri-o-runtime-fails',
    play: stage => stage.play(execSync(stage, { runtime: 'runtime-fails' })),
  },
  {
    name: 'exec/cri-o-without-pid-file',
    play: stage => {
      const options = execSync(stage, { runtime: 'runtime-fails' });
      stage.play({ ...options, options: { ...options.options, '-p': stage.at('another-pidfile') } });
    },
  },
  {
    name: 'exec/cri-o-log-limit',
    play: stage =>
      stage.play(
        execSync(stage, {
          args: ['--log-global-size-max', '500'],
          container: 'for i in 1 2 3 4 5 6 7 8 9; do printf "%060d\\n" $i; done; exit 0',
        }),
      ),
  },
];
