// The caller's environment, working directory and home cannot change the monitor, which often runs as root for
// somebody who is not. The runtime and the exit command get the environment as it was.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sys } from '../../src/sys/real.ts';
import { reap } from '../fixtures/caller.ts';
import { conmon, form } from '../fixtures/conmon.ts';
import { fixture, listChildren, makeFolder, startMonitored } from '../fixtures/monitored.ts';
import { must } from '../fixtures/waiting.ts';

/** Code that an engine could be made to run; it leaves a file to be found. */
function makeTrap(t: TestContext) {
  const dir = makeFolder(t, 'trap');
  const sprung = join(dir, 'sprung');
  const code = `require('fs').writeFileSync(${JSON.stringify(sprung)}, process.argv.join(' '));`;
  writeFileSync(join(dir, 'trap.cjs'), code);
  return { dir, code, script: join(dir, 'trap.cjs'), isSprung: () => existsSync(sprung) };
}

const hostileVariables = (trap: string, dir: string): [name: string, value: string][] => [
  ['BUN_OPTIONS', `--preload ${trap}`],
  ['BUN_BE_BUN', '1'],
  ['BUN_INSPECT', 'ws://127.0.0.1:0/x?wait=1'],
  ['BUN_INSPECT_CONNECT_TO', `${dir}/no-socket`],
  ['BUN_INSPECT_PRELOAD', trap],
  ['BUN_CONFIG_REGISTRY', 'junk'],
  ['BUN_CONFIG_VERBOSE_FETCH', 'curl'],
  ['BUN_JSC_dumpOptions', '2'],
  ['BUN_JSC_logGC', '2'],
  ['BUN_JSC_forceRAMSize', '1'],
  ['BUN_GARBAGE_COLLECTOR_LEVEL', '2'],
  ['BUN_RUNTIME_TRANSPILER_CACHE_PATH', dir],
  ['BUN_TMPDIR', dir],
  ['BUN_DESTRUCT_VM_ON_EXIT', '1'],
  ['JSC_dumpOptions', '2'],
  ['JSC_useJIT', 'junk'],
  ['JavaScriptCoreUseJIT', 'junk'],
  ['WTF_numberOfProcessorCores', 'junk'],
  ['Malloc', '1'],
  ['MallocHelp', '1'],
  ['WebKitMallocForceEnabled', '1'],
  ['MIMALLOC_VERBOSE', '3'],
  ['mimalloc_show_stats', '1'],
  ['Mimalloc_Verbose', '3'],
  ['SIMDUTF_FORCE_IMPLEMENTATION', 'junk'],
  ['SIMDJSON_FORCE_IMPLEMENTATION', 'junk'],
  ['NODE_OPTIONS', `--require ${trap}`],
  ['NODE_EXTRA_CA_CERTS', `${dir}/no-such-file`],
  ['NODE_V8_COVERAGE', `${dir}/coverage`],
  ['NODE_DEBUG', 'module,fs,timer'],
  ['NODE_DEBUG_NATIVE', 'MKSNAPSHOT,DIAGNOSTICS,CODE_CACHE'],
  ['NODE_COMPILE_CACHE', `${dir}/cache`],
  ['NODE_PATH', dir],
  ['NODE_ICU_DATA', dir],
  ['NODE_PENDING_DEPRECATION', '1'],
  ['NODE_REDIRECT_WARNINGS', `${dir}/warnings`],
  ['NODE_CHANNEL_FD', '99'],
  ['NODE_UNIQUE_ID', '1'],
  ['NODE_PRESERVE_SYMLINKS', '1'],
  ['NODE_REPL_EXTERNAL_MODULE', trap],
  ['NODE_USE_SYSTEM_CA', '1'],
  ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
  ['WATCH_REPORT_DEPENDENCIES', '1'],
  ['UV_THREADPOOL_SIZE', '1000'],
  ['UV_USE_IO_URING', '1'],
  ['ICU_DATA', dir],
  ['ICU_TIMEZONE_FILES_DIR', dir],
  ['OPENSSL_CONF', `${dir}/no-such-file`],
  ['OPENSSL_MODULES', dir],
  ['OPENSSL_ENGINES', dir],
  ['OPENSSL_ia32cap', '0'],
  ['SSL_CERT_FILE', `${dir}/no-such-file`],
  ['TMPDIR', dir],
  ['HOME', dir],
  ['XDG_CONFIG_HOME', dir],
  ['XDG_CACHE_HOME', dir],
  ['npm_config_userconfig', `${dir}/.npmrc`],
  ['DEBUG', '*'],
  ['_CONMON_HANDOFF', '-1,3,4,5'],
  ['_CONMON_KEPT_HOME', '/'],
  ['LC_ALL', 'C.UTF-8'],
];

test('R23 environment: no variable changes what --version prints, which CRI-O reads from both outputs', t => {
  const trap = makeTrap(t);
  const plain = spawnSync(conmon, ['--version'], { encoding: 'utf8' });
  const hostile = hostileVariables(trap.script, trap.dir);
  const change = (variables: typeof hostile): string | undefined => {
    const env = { ...process.env, ...Object.fromEntries(variables) };
    const { status, stdout, stderr } = spawnSync(conmon, ['--version'], { encoding: 'utf8', env });
    const isSame = status === 0 && stdout === plain.stdout && stderr === '' && !trap.isSprung();
    return isSame ? undefined : `${variables.join(' ')}: ${status} ${stderr.slice(0, 200)}`;
  };
  // One by one only to say which.
  const changed = change(hostile) === undefined ? [] : hostile.map(variable => change([variable]));
  assert.deepEqual(
    changed.filter(text => text !== undefined),
    [],
  );
  assert.deepEqual(readdirSync(trap.dir), ['trap.cjs']);
});

test('R23 environment: all variables that an engine knows, at once, change nothing in a container’s life', t => {
  const trap = makeTrap(t);
  const env = Object.fromEntries(hostileVariables(trap.script, trap.dir));
  const record = makeFolder(t);
  const box = startMonitored(t, {
    runtime: 'runtime-records',
    env: { ...env, RECORD_DIR: record, DOES_NOTHING_SLEEP_S: '0' },
    args: [
      '--exit-command',
      '/bin/sh',
      '--exit-command-arg',
      '-c',
      '--exit-command-arg',
      `cat /proc/$$/environ >${record}/exit-environ`,
    ],
  });
  assert.ok(box.started() > 0);
  box.end();
  const [environ, exitEnviron] = ['environ', 'exit-environ'].map(name => readEntries(join(record, name)));
  for (const [name, value] of Object.entries(env)) {
    assert.ok(environ!.includes(`${name}=${value}`), `the runtime has ${name}`);
    assert.ok(exitEnviron!.includes(`${name}=${value}`), `the exit command has ${name}`);
  }
  assert.equal(box.caller.stderr() + box.caller.stdout(), '');
  assert.equal(trap.isSprung(), false);
  assert.deepEqual(readdirSync(trap.dir), ['trap.cjs']);
  assert.deepEqual(listChildren(), []);
});

test('R2 environment: the runtime and the exit command get it byte for byte and in order, odd entries too', t => {
  const dir = makeFolder(t);
  const entries = [
    'PATH=/usr/bin:/bin',
    `RECORD_DIR=${dir}`,
    'DOES_NOTHING_STATUS=0',
    'BUN_OPTIONS=--version',
    'TWICE=1',
    'TWICE=2',
    'EMPTY=',
    'NO_EQUALS',
    '=NO_NAME',
    '',
    'BYTES=\xff\xfe\x80\n\x01',
    '_CONMON_KEPT_MINE=1',
    '_CONMON_HANDOFF=-1',
    'NODE_OPTIONS=--no-such-switch',
    `BIG=${'b'.repeat(100_000)}`,
    'LAST=1',
  ];
  const environ = Buffer.from(entries.map(entry => `${entry}\0`).join(''), 'latin1');
  start(t, dir, environ, ['--exit-command', fixtureThatRecords(dir)]);
  const expected = environ.toString('latin1');
  assert.ok(readFileSync(join(dir, 'environ'), 'latin1') === expected, 'the runtime’s');
  assert.ok(readFileSync(join(dir, 'exit-environ'), 'latin1') === expected, 'the exit command’s');
});

test('R2 environment: 1 MiB of it reaches the runtime and the exit command', t => {
  const dir = makeFolder(t);
  const entries = ['PATH=/usr/bin:/bin', `RECORD_DIR=${dir}`, 'DOES_NOTHING_STATUS=0'];
  for (let i = 0; i < 1024; i++) entries.push(`${i % 2 ? 'NODE_' : ''}V${i}=${'v'.repeat(1010)}`);
  const environ = Buffer.from(entries.map(entry => `${entry}\0`).join(''));
  start(t, dir, environ, ['--exit-command', fixtureThatRecords(dir)]);
  assert.ok(readFileSync(join(dir, 'environ')).equals(environ), 'the runtime’s');
  assert.ok(readFileSync(join(dir, 'exit-environ')).equals(environ), 'the exit command’s');
});

test('R2 environment: a variable as long as the kernel allows, of an engine’s name, is no reason to refuse', t => {
  const dir = makeFolder(t);
  const longest = 128 * 1024 - 1 - 'NODE_LONG='.length;
  const entries = [
    'PATH=/usr/bin:/bin',
    `RECORD_DIR=${dir}`,
    'DOES_NOTHING_STATUS=0',
    `NODE_LONG=${'l'.repeat(longest)}`,
  ];
  const environ = Buffer.from(entries.map(entry => `${entry}\0`).join(''));
  start(t, dir, environ, []);
  assert.ok(readFileSync(join(dir, 'environ')).equals(environ));
});

test('arguments: 100 KiB of --exit-command-arg and empty ones arrive as they are', t => {
  const dir = makeFolder(t);
  const given = [
    '',
    '--root',
    '',
    '-c',
    '--',
    ...Array.from({ length: 1024 }, (_, i) => `${i}`.padEnd(100, '.')),
    'é ÿ',
    '',
  ];
  const environ = Buffer.from(
    `PATH=/usr/bin:/bin\0RECORD_DIR=${dir}\0DOES_NOTHING_STATUS=0\0LC_ALL=C.UTF-8\0`,
  );
  const more = [
    '--exit-command',
    fixtureThatRecords(dir),
    ...given.flatMap(value => ['--exit-command-arg', value]),
  ];
  start(t, dir, environ, [...more, '--runtime-arg', '', '--runtime-opt', '', '--runtime-arg=--root=']);
  assert.deepEqual(readEntries(join(dir, 'exit-argv')).slice(2), given);
  const argv = readEntries(join(dir, 'argv'));
  assert.deepEqual(argv.slice(2, 5), ['', '--root=', 'create']);
  assert.deepEqual(argv.slice(-2), ['', 'with-environment']);
});

test('R23 environment: one of its files in the working directory or at home is never looked at', t => {
  const trap = makeTrap(t);
  const record = makeFolder(t);
  const home = join(makeFolder(t), 'home');
  const cwd = join(makeFolder(t), 'cwd');
  for (const folder of [home, join(home, '.config'), cwd]) {
    mkdirSync(folder);
    mkdirSync(join(folder, 'node_modules/bun'), { recursive: true });
    for (const [name, content] of Object.entries({
      '.env': 'BUN_OPTIONS=--version\nCONTAINER=exit 77\n',
      '.env.local': 'CONTAINER=exit 77\n',
      '.env.production': 'CONTAINER=exit 77\n',
      'bunfig.toml': `preload = [${JSON.stringify(trap.script)}]\n`,
      '.bunfig.toml': `preload = [${JSON.stringify(trap.script)}]\n`,
      'package.json': '{ "type": "module", "main": 7, junk',
      'tsconfig.json': '{ "compilerOptions": junk',
      'jsconfig.json': 'junk',
      '.npmrc': 'node-options=--require=trap\n',
      'node_modules/bun/index.js': trap.code,
      'main.ts': trap.code,
      'index.js': trap.code,
    }))
      writeFileSync(join(folder, name), content);
  }
  for (const entry of ['bin', 'libexec', 'src', 'root']) writeFileSync(join(cwd, entry), trap.code);
  const box = startMonitored(t, {
    container: 'exit 3',
    env: { HOME: home, XDG_CONFIG_HOME: join(home, '.config'), RECORD_DIR: record },
    caller: { cwd },
  });
  box.started();
  assert.equal(box.end(), 3);
  assert.equal(box.caller.stderr() + box.caller.stdout(), '');
  assert.equal(trap.isSprung(), false);
  assert.deepEqual(listChildren(), []);
});

test('R24 environment: a working directory that is gone is refused in the words of C conmon, and --version works there', t => {
  const dir = makeFolder(t);
  const start = (...args: string[]) => {
    const script = 'mkdir gone; cd gone; rmdir ../gone; exec "$@"';
    return spawnSync('/bin/sh', ['-c', script, 'sh', conmon, ...args], { cwd: dir, encoding: 'utf8' });
  };
  const args = ['-c', 'c', '-u', 'u', '-n', 'n', '-b', dir, '-l', 'none', '-r', '/bin/true'];
  const { status, stderr } = start(...args);
  assert.equal(stderr, '[conmon:e]: Failed to get working directory\n');
  assert.equal(status, 1);
  assert.match(start('--version').stdout, /^conmon version /);
});

test('R23 environment: no file of the working directory, of home or of a variable is opened', {
  skip: withoutStrace(),
}, t => {
  const dir = makeFolder(t);
  const [cwd, home, trace] = ['cwd', 'home', 'trace'].map(name => join(dir, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [cwd, home]) mkdirSync(folder);
  const box = startMonitored(t, {
    container: 'exit 3',
    before: ['strace', '-f', '-qq', '-o', trace, '-e', 'trace=%file', '-e', 'signal=none'],
    env: { HOME: home, XDG_CONFIG_HOME: home, TMPDIR: home, PWD: cwd },
    caller: { cwd },
  });
  box.started();
  box.end();
  const opened = readMonitorFiles(trace, box.monitor);
  const project = join(import.meta.dirname, '../..');
  const ours = [
    join(conmon, '..'),
    box.dir,
    fixture(''),
    ...(form === 'node'
      ? [join(project, 'src'), join(project, 'dist/conmon'), join(project, 'package.json')]
      : []),
  ];
  const systems = [
    '/proc',
    '/sys/devices/system',
    '/sys/fs/cgroup',
    '/sys/kernel/mm',
    '/etc/ld.so',
    '/etc/localtime',
    '/usr/share/zoneinfo',
    '/dev/null',
    '/lib',
    '/usr/lib',
  ];
  const engines = form === 'node' ? ['/etc/ssl/openssl.cnf', '/usr/lib/ssl'] : [];
  const strange = opened.filter(
    path =>
      !path.startsWith('/') || ![...ours, ...systems, ...engines].some(prefix => path.startsWith(prefix)),
  );
  assert.deepEqual(
    strange.filter(path => !isParentOf(path, ours)),
    [],
  );
});

test('R6, E12 environment: the runtime and the exit command have the caller’s limits, and not those of an engine', t => {
  const dir = makeFolder(t);
  const runtime = join(dir, 'runtime');
  const record = (name: string) => `cat /proc/$$/limits >${dir}/${name}`;
  const starts = fixture('runtime-starts-container');
  writeFileSync(runtime, `#!/bin/sh\n${record('runtime')}\nexec ${starts} "$@"\n`, { mode: 0o755 });
  const box = startMonitored(t, {
    runtime,
    container: record('container'),
    before: ['prlimit', '--nofile=500:4000', '--core=0:100', '--stack=1000000:9000000', '--nproc=5000:6000'],
    args: [
      '--exit-command',
      '/bin/sh',
      '--exit-command-arg',
      '-c',
      '--exit-command-arg',
      record('exit-command'),
    ],
  });
  box.started();
  box.end();
  for (const name of ['runtime', 'container', 'exit-command']) {
    const limits = readFileSync(join(dir, name), 'utf8');
    assert.match(limits, /^Max open files +500 +4000 /m, name);
    assert.match(limits, /^Max core file size +0 +100 /m, name);
    assert.match(limits, /^Max stack size +1000000 +9000000 /m, name);
    assert.match(limits, /^Max processes +5000 +6000 /m, name);
  }
});

/** Runs one container of runtime-records to its end, with that environment. */
function start(_t: TestContext, dir: string, environ: Uint8Array, args: readonly string[]): void {
  const bundle = join(dir, 'bundle');
  const exits = join(dir, 'exits');
  for (const folder of [bundle, exits]) mkdirSync(folder);
  const argv = [
    ...[
      conmon,
      '--api-version',
      '1',
      '-c',
      'with-environment',
      '-u',
      'u',
      '-n',
      'n',
      '-b',
      bundle,
      '-l',
      'none',
    ],
    ...[
      '-r',
      fixture('runtime-records'),
      '-p',
      join(dir, 'pid'),
      '--full-attach',
      '--exit-dir',
      exits,
      '--sync',
    ],
    ...args,
  ];
  const output = join(dir, 'output');
  writeFileSync(output, '');
  const fd = must(sys.open(output, 1, 0), 'open');
  const fds = [0, 1, 2].map(to => ({ from: fd, to }));
  const pid = must(sys.spawn({ file: conmon, argv, environ, fds, parentDeathSignal: 0 }), conmon);
  sys.close(fd);
  reap(pid);
  assert.equal(readFileSync(output, 'utf8'), '');
  assert.deepEqual(readdirSync(exits), ['with-environment']);
}

/** An exit command that records its argv and environment. */
function fixtureThatRecords(dir: string): string {
  const path = join(dir, 'exit-command');
  const record = ['environ', 'cmdline:argv'].map(entry => {
    const [from, to = from] = entry.split(':');
    return `cat /proc/$$/${from} >${dir}/exit-${to}`;
  });
  writeFileSync(path, `#!/bin/sh\n${record.join('\n')}\n`, { mode: 0o755 });
  return path;
}

function readEntries(path: string): string[] {
  return readFileSync(path, 'utf8').split('\0').slice(0, -1);
}

/** The paths in a trace that the process and the launcher before it named, but those that it started. */
function readMonitorFiles(trace: string, monitor: number): string[] {
  const line = new RegExp(`^${monitor} +\\w+\\((?:AT_FDCWD, |\\d+, )?"([^"]*)"`);
  return readFileSync(trace, 'latin1')
    .split('\n')
    .filter(text => !text.includes('AT_EMPTY_PATH') && !/^\d+ +(\w+at\(\d|getcwd)/.test(text))
    .flatMap(text => line.exec(text)?.[1] ?? []);
}

function isParentOf(path: string, children: readonly string[]): boolean {
  return path.startsWith('/') && children.some(child => child.startsWith(path));
}

function withoutStrace(): string | false {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs strace, and leave to trace';
  }
}
