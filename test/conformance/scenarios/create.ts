// Containers from create to their end: reports, pid files, exit files, statuses, and what is left behind.

import type { Scenario } from '../scenario.ts';

const noPidFile = { runtime: 'runtime-writes-no-pid-file' };

export const create: readonly Scenario[] = [
  { name: 'create/ends-well', play: stage => stage.play({ container: 'printf "out\\n"' }) },
  { name: 'create/ends-with-7', play: stage => stage.play({ container: 'exit 7' }) },
  { name: 'create/ends-with-255', play: stage => stage.play({ container: 'exit 255' }) },
  { name: 'create/killed', play: stage => stage.play({ container: 'kill -KILL $$' }) },
  { name: 'create/killed-by-term', play: stage => stage.play({ container: 'kill -TERM $$' }) },
  { name: 'create/legacy-api', play: stage => stage.play({ api: 0, container: 'exit 3' }) },
  { name: 'create/sync-is-a-stream', play: stage => stage.play({ api: 0, sync: 'stream' }) },
  { name: 'create/sync-is-a-pipe', play: stage => stage.play({ sync: 'pipe' }) },
  { name: 'create/no-sync-pipe', play: stage => stage.play({ sync: 'none', container: 'exit 4' }) },
  { name: 'create/in-the-foreground', play: stage => stage.play({ args: ['--sync'], container: 'exit 5' }) },
  {
    name: 'create/no-exit-dirs',
    play: stage => stage.play({ options: { '--exit-dir': undefined, '--persist-dir': undefined } }),
  },
  {
    name: 'create/default-pid-file',
    play: stage => stage.play({ options: { '-p': undefined } }),
  },
  {
    name: 'create/default-bundle',
    play: stage => stage.play({ options: { '-b': undefined } }),
  },
  {
    name: 'create/relative-paths',
    play: stage =>
      stage.play({
        options: {
          '-b': 'bundle',
          '-p': 'pidfile',
          '-P': 'conmon-pid',
          '-l': 'LOG',
          '--exit-dir': 'exits',
          '--persist-dir': 'persist',
        },
        env: {},
      }),
  },
  {
    name: 'create/runtime-fails',
    play: stage => stage.play({ runtime: 'runtime-fails' }),
  },
  {
    name: 'create/runtime-fails-legacy',
    play: stage => stage.play({ runtime: 'runtime-fails', api: 0, sync: 'stream' }),
  },
  {
    name: 'create/runtime-fails-wordless',
    play: stage => stage.play({ runtime: '/bin/false' }),
  },
  {
    name: 'create/runtime-fails-with-bytes',
    play: stage =>
      stage.play({
        runtime: stage.write(
          'runtime',
          '#!/bin/sh\nprintf "a\\tb/c\\\\\\"\\001\\177\\303\\274\\377\\n" >&2; exit 1\n',
          0o755,
        ),
      }),
  },
  {
    name: 'create/runtime-fails-at-length',
    play: stage =>
      stage.play({
        runtime: stage.write(
          'runtime',
          '#!/bin/sh\nhead -c 7000 /dev/zero | tr "\\0" x >&2; exit 1\n',
          0o755,
        ),
      }),
  },
  {
    name: 'create/runtime-killed',
    play: stage => stage.play({ runtime: 'runtime-exits-by-signal' }),
  },
  {
    name: 'create/runtime-is-a-folder',
    play: stage => stage.play({ options: { '-r': '/etc' } }),
  },
  { name: 'create/no-pid-file', play: stage => stage.play(noPidFile) },
  {
    name: 'create/rubbish-pid-file',
    play: stage => stage.play({ runtime: 'runtime-writes-rubbish-pid-file' }),
  },
  {
    name: 'create/conmon-pid-file-unwritable',
    play: stage => stage.play({ options: { '-P': stage.at('missing/conmon-pid') } }),
  },
  {
    name: 'create/exit-dir-missing',
    play: stage => stage.play({ options: { '--exit-dir': stage.at('missing') }, container: 'exit 3' }),
  },
  {
    name: 'create/persist-dir-missing',
    play: stage => stage.play({ options: { '--persist-dir': stage.at('missing') }, container: 'exit 3' }),
  },
];
