// Command lines that are refused or answered at once: words, status, and that nothing is left behind.

import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const id = ['-c', 'id'];
const uuid = [...id, '-u', 'uuid'];
const runtime = [...uuid, '-r', '/bin/true'];
const exec = ['-e', ...id, '-r', '/bin/true'];
const longId = '0123456789abcdef';
const journald = ['-c', longId, '-u', longId, '-r', '/bin/true', '-l', 'journald'];

/** Without --api-version. */
const refusals: Readonly<Record<string, readonly string[]>> = {
  nothing: [],
  'unknown-option': ['--nope'],
  abbreviated: ['--conmon-pi', 'x'],
  'missing-value': ['--cid'],
  'no-cuuid': id,
  'no-runtime': uuid,
  'runtime-missing': [...uuid, '-r', '/nonexistent'],
  'runtime-not-executable': [...uuid, '-r', '/etc/passwd'],
  'no-log-path': runtime,
  'log-level': [...id, '--log-level', 'nope'],
  'log-path-empty': [...runtime, '-l', ''],
  'log-path-colon': [...runtime, '-l', ':'],
  'k8s-file-alone': [...runtime, '-l', 'k8s-file'],
  'k8s-file-colon': [...runtime, '-l', 'k8s-file:'],
  'log-driver': [...runtime, '-l', 'nope:x'],
  'second-log-driver': [...runtime, '-l', 'none', '-l', 'nope:LOG'],
  'log-file-unopenable': [...runtime, '-l', '/nonexistent/LOG'],
  'log-file-is-a-folder': [...runtime, '-l', '/etc'],
  'journald-short-id': [...runtime, '-l', 'journald'],
  'log-size-max-range': ['--log-size-max', '9223372036854775808'],
  'log-size-max-word': ['--log-size-max', 'many'],
  'timeout-range': ['-T', '2147483648'],
  'timeout-word': ['-T', 'x'],
  'exit-delay-negative': [...runtime, '--exit-delay', '-1'],
  'exec-without-spec': exec,
  'exec-and-restore': [...id, '--restore', 'd', '-e'],
  'attach-without-exec': [...id, '--exec-attach'],
  'attach-without-api': [...id, '--exec-attach', '-e'],
};

const newRefusals: Readonly<Record<string, readonly string[]>> = {
  'label-without-equals': [...journald, '--log-label', 'NAME'],
  'label-with-two': [...journald, '--log-label', 'A=b=c'],
  'label-without-name': [...journald, '--log-label', '=value'],
  'label-lower-case': [...journald, '--log-label', 'name=value'],
  'log-max-files-negative': ['--log-max-files', '-1'],
  'log-max-files-range': ['--log-max-files', '2147483648'],
  'log-max-files-zero': ['--log-max-files', '0', '--log-rotate'],
};

const refuse = (stage: Stage, args: readonly string[]) =>
  stage.play({ bare: true, api: 0, sync: 'none', args });

export const options: readonly Scenario[] = [
  ...Object.entries(refusals).map(([name, args]) => ({
    name: `options/${name}`,
    play: (stage: Stage) => refuse(stage, args),
  })),
  ...Object.entries(newRefusals).map(([name, args]) => ({
    name: `options/${name}`,
    since: '2.2' as const,
    play: (stage: Stage) => refuse(stage, args),
  })),
  {
    name: 'options/seccomp-is-gone',
    since: 'main',
    play: stage => refuse(stage, ['--seccomp-notify-socket', 'x']),
  },
  {
    name: 'options/k8s-file-with-tag',
    play: stage => refuse(stage, [...runtime, '-l', stage.at('LOG'), '--log-tag', 'tag']),
  },
  {
    name: 'options/k8s-file-with-label',
    since: '2.2',
    play: stage => refuse(stage, [...runtime, '-l', stage.at('LOG'), '--log-label', 'A=b']),
  },
  {
    name: 'options/exec-without-attach-pipe',
    play: stage => {
      stage.write('spec', '{}');
      stage.play({
        bare: true,
        sync: 'none',
        args: [...uuid, ...exec, '--exec-attach', '--exec-process-spec', stage.at('spec'), '-l', 'none'],
      });
    },
  },
  {
    name: 'options/exec-without-cuuid',
    play: stage => stage.play({ bare: true, sync: 'none', args: exec }),
  },
  {
    name: 'options/id-names-another-folder',
    play: stage => stage.play({ options: { '-c': '../persist' } }),
  },
  {
    name: 'options/not-utf8',
    play: stage =>
      stage.play({ bare: true, api: 0, sync: 'none', args: ['-n', 'ü', ...id], env: { LC_ALL: 'C' } }),
  },
  {
    name: 'options/sync-pipe-not-open',
    play: stage => stage.play({ sync: 'none', env: { _OCI_SYNCPIPE: '77' } }),
  },
  {
    name: 'options/sync-pipe-no-number',
    play: stage => stage.play({ sync: 'none', env: { _OCI_SYNCPIPE: 'x' } }),
  },
  {
    name: 'options/start-pipe-not-open',
    play: stage => stage.play({ sync: 'none', env: { _OCI_STARTPIPE: '77' } }),
  },
  {
    name: 'options/version',
    play: stage => stage.play({ bare: true, api: 0, sync: 'none', args: ['--version'] }),
  },
  {
    name: 'options/help',
    play: stage => {
      const run = stage.start({ bare: true, api: 0, sync: 'none', args: ['--help'] });
      stage.note('status', String(run.launched()));
      // The words of callers that look for an option in it.
      for (const word of ['--exec', '--log-global-size-max'])
        stage.note(word, String(run.caller.stdout().includes(word)));
    },
  },
  {
    name: 'options/last-value-counts',
    play: stage =>
      stage.play({
        args: ['--exit-dir', stage.at('nowhere'), '--exit-dir', stage.at('exits'), '-n', 'a', '--name=b'],
      }),
  },
  {
    name: 'options/api-version-takes-no-value',
    play: stage => stage.play({ args: ['--api-version', '0', 'stray', '--', '--nope'] }),
  },
  {
    name: 'options/log-level-and-syslog',
    play: stage => stage.play({ args: ['--log-level', 'trace', '--syslog'] }),
  },
  {
    name: 'options/log-level-upper-case',
    play: stage => stage.play({ args: ['--log-level', 'WaRnInG'] }),
  },
  {
    name: 'options/partial-message-warning',
    since: '2.2',
    play: stage => stage.play({ args: ['--no-container-partial-message'] }),
  },
];
