// The caller's environment, working directory and home cannot change the monitor, which often runs as root for
// somebody who is not. The runtime and the exit command get the environment as it was.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sys } from '../../src/sys/real.ts';
import { reap } from '../fixtures/caller.ts';
import { conmon, form, isStatic, withoutStatic } from '../fixtures/conmon.ts';
import { fixture, listChildren, makeFolder, runsAtExit, startMonitored } from '../fixtures/monitored.ts';
import { withoutPrograms } from '../fixtures/programs.ts';
import { must } from '../fixtures/waiting.ts';

/** Code that could be made to run; it leaves a file to be found. */
function makeTrap(t: TestContext) {
  const dir = makeFolder(t, 'trap');
  const sprung = join(makeFolder(t, 'sprung'), 'sprung');
  const script = `require('fs').writeFileSync(${JSON.stringify(sprung)}, process.argv.join(' '));`;
  writeFileSync(join(dir, 'trap.cjs'), script);
  const library = join(dir, 'trap.so');
  compile(['-shared', '-fPIC', '-o', library, fixture('loaded-trap.c')]);
  return { dir, script: join(dir, 'trap.cjs'), library, sprung, isSprung: () => existsSync(sprung) };
}

type Trap = ReturnType<typeof makeTrap>;
type Variable = readonly [name: string, value: string];

/** Each would make whoever reads it fail, act otherwise, or run somebody else's code. (QuickJS reads none at all.) */
const hostile: Record<string, (trap: Trap) => readonly Variable[]> = {
  'a C library': ({ dir }) => [
    ['GLIBC_TUNABLES', 'glibc.malloc.check=3'], // one: older glibc cuts a list of them where /proc shows it
    ['MALLOC_CHECK_', '3'],
    ['MALLOC_PERTURB_', '255'],
    ['MALLOC_ARENA_MAX', 'junk'],
    ['MALLOC_TRACE', `${dir}/malloc`],
    ['LIBC_FATAL_STDERR_', '1'],
    ['POSIXLY_CORRECT', '1'],
    ['GETCONF_DIR', dir],
    ['GCONV_PATH', dir],
    ['LOCPATH', dir],
    ['MUSL_LOCPATH', dir],
    ['NLSPATH', dir],
    ['LANGUAGE', dir],
    ['TZDIR', dir],
    ['DATEMSK', dir],
    ['HOSTALIASES', `${dir}/trap.cjs`],
    ['LOCALDOMAIN', 'junk'],
    ['RES_OPTIONS', 'junk'],
    ['TMPDIR', dir],
    ['HOME', dir],
  ],
  'a loader': ({ dir, library }) =>
    isStatic
      ? [
          ['LD_PRELOAD', library],
          ['LD_AUDIT', library],
          ['LD_LIBRARY_PATH', dir],
          ['LD_BIND_NOW', '1'],
          ['LD_DEBUG', 'all'],
          ['LD_DEBUG_OUTPUT', `${dir}/debug`],
          ['LD_SHOW_AUXV', '1'],
          ['LD_TRACE_LOADED_OBJECTS', '1'],
          ['LD_VERBOSE', '1'],
          ['LD_PROFILE', 'libc.so.6'],
          ['LD_PROFILE_OUTPUT', dir],
          ['LD_ORIGIN_PATH', dir],
          ['LD_HWCAP_MASK', '0'],
        ]
      : [],
  'Node.js': ({ dir, script }) => [
    ['NODE_OPTIONS', `--require ${script}`],
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
    ['NODE_REPL_EXTERNAL_MODULE', script],
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
    ['npm_config_userconfig', `${dir}/.npmrc`],
    ['DEBUG', '*'],
  ],
  Bun: ({ dir, script }) => [
    ['BUN_OPTIONS', `--preload ${script}`],
    ['BUN_BE_BUN', '1'],
    ['BUN_INSPECT', 'ws://127.0.0.1:0/x?wait=1'],
    ['BUN_INSPECT_CONNECT_TO', `${dir}/no-socket`],
    ['BUN_INSPECT_PRELOAD', script],
    ['BUN_CONFIG_REGISTRY', 'junk'],
    ['BUN_CONFIG_VERBOSE_FETCH', 'curl'],
    ['BUN_JSC_dumpOptions', '2'],
    ['BUN_JSC_forceRAMSize', '1'],
    ['BUN_GARBAGE_COLLECTOR_LEVEL', '2'],
    ['BUN_RUNTIME_TRANSPILER_CACHE_PATH', dir],
    ['BUN_TMPDIR', dir],
    ['BUN_DESTRUCT_VM_ON_EXIT', '1'],
    ['JSC_dumpOptions', '2'],
    ['WTF_numberOfProcessorCores', 'junk'],
    ['Malloc', '1'],
    ['MallocHelp', '1'],
    ['WebKitMallocForceEnabled', '1'],
    ['MIMALLOC_VERBOSE', '3'],
    ['mimalloc_show_stats', '1'],
    ['SIMDUTF_FORCE_IMPLEMENTATION', 'junk'],
    ['XDG_CONFIG_HOME', dir],
    ['XDG_CACHE_HOME', dir],
  ],
  'the monitor, of a launcher': () => [
    ['_CONMON_HANDOFF', '-1,3,4,5'],
    ['_CONMON_KEPT_HOME', '/'],
    ['BUILD_COMMIT', 'junk'],
  ],
};

for (const [whose, variables] of Object.entries(hostile)) {
  if (whose === 'a loader' && form === 'node') continue; // its launcher has one
  test(`R23 environment: what is for ${whose} changes nothing of a container’s life, and reaches runtime and exit command`, {
    skip: whose === 'a loader' && withoutStatic,
  }, t => {
    const trap = makeTrap(t);
    const given = [...variables(trap), ['TRAP_SPRUNG', trap.sprung] as const];
    assert.deepEqual(liveAndDie(t, given), liveAndDie(t, []));
    assert.equal(trap.isSprung(), false);
    assert.deepEqual(readdirSync(trap.dir).toSorted(), ['trap.cjs', 'trap.so']);
  });
}

test('R23 environment: no variable changes what --version prints, which CRI-O reads from both outputs', t => {
  const trap = makeTrap(t);
  const plain = spawnSync(conmon, ['--version'], { encoding: 'utf8', env: {} });
  assert.equal(plain.status, 0);
  for (const [whose, variables] of Object.entries(hostile)) {
    const env = { ...Object.fromEntries(variables(trap)), TRAP_SPRUNG: trap.sprung };
    const { status, stdout, stderr } = spawnSync(conmon, ['--version'], { encoding: 'utf8', env });
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: plain.stdout, stderr: '' }, whose);
  }
  assert.equal(trap.isSprung(), false);
  assert.deepEqual(readdirSync(trap.dir).toSorted(), ['trap.cjs', 'trap.so']);
});

/** One life under these variables: all that can be seen of it, and that is the same each time. */
function liveAndDie(t: TestContext, variables: readonly Variable[]) {
  const program = join(makeFolder(t), 'records-environment');
  const link = isStatic ? (['-static'] as const) : [];
  compile([...link, '-o', program, fixture('records-environment.c')], isStatic ? 'musl-gcc' : undefined);
  const record = makeFolder(t);
  const env = { ...Object.fromEntries(variables), RECORD_DIR: record };
  const box = startMonitored(t, { runtime: program, env, args: ['--exit-command', program] });
  const isStarted = box.started() > 0;
  const status = box.end();
  for (const name of ['runtime', 'exit-command']) {
    const entries = readEntries(join(record, name));
    for (const [variable, value] of Object.entries(env))
      assert.ok(entries.includes(`${variable}=${value}`), `${name} has ${variable}`);
  }
  return {
    isStarted,
    status,
    said: [box.caller.stdout(), box.caller.stderr()],
    output: box.output(),
    exitFiles: [readFileSync(box.exitFile, 'utf8'), readFileSync(box.persistFile, 'utf8')],
    left: readdirSync(box.dir, { recursive: true, encoding: 'utf8' })
      .map(name => name.replace(box.cid, 'ID'))
      .toSorted(),
    children: listChildren(),
  };
}

/** By that compiler where it is there and can. */
function compile(args: readonly string[], preferred?: string): void {
  const common = ['-O1', '-Wall', '-Werror', ...args];
  if (preferred !== undefined && spawnSync(preferred, common, { stdio: 'ignore' }).status === 0) return;
  execFileSync(process.env['CC'] ?? 'cc', common);
}

test('R2, R21 environment: runtime and exit command get it byte for byte and in order, odd entries too, and the monitor keeps it', t => {
  const dir = makeFolder(t);
  const entries = [
    'PATH=/usr/bin:/bin',
    `RECORD_DIR=${dir}`,
    'DOES_NOTHING_STATUS=0',
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
  const argv = start(t, dir, environ, ['--exit-command', fixtureThatRecords(dir), '--exit-command-arg', '']);
  const expected = environ.toString('latin1');
  assert.ok(readFileSync(join(dir, 'environ'), 'latin1') === expected, 'the runtime’s');
  assert.ok(readFileSync(join(dir, 'exit-environ'), 'latin1') === expected, 'the exit command’s');
  const monitors = ['environ', 'cmdline'].map(name => readFileSync(join(dir, `monitor-${name}`), 'latin1'));
  const cmdline = argv.map(argument => `${argument}\0`).join('');
  if (form === 'compiled') assert.deepEqual(monitors, [expected, cmdline], 'the monitor’s own, in /proc');
  else assert.match(monitors[0]!, /^_CONMON_HANDOFF=[^\0]*\0$/, 'of an engine’s own');
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

test('R23 environment: a file for an engine in the working directory or at home is never looked at', t => {
  const trap = makeTrap(t);
  const [home, cwd] = [join(makeFolder(t), 'home'), join(makeFolder(t), 'cwd')];
  const code = readFileSync(trap.script, 'utf8');
  const preload = `preload = [${JSON.stringify(trap.script)}]\n`;
  const files = {
    '.env': 'NODE_OPTIONS=--version\nCONTAINER=exit 77\n',
    '.env.local': 'CONTAINER=exit 77\n',
    '.env.production': 'CONTAINER=exit 77\n',
    'bunfig.toml': preload,
    '.bunfig.toml': preload,
    '.npmrc': 'node-options=--require=trap\n',
    '.noderc': code,
    '.node_repl_history': code,
    'node.config.json': '{ "nodeOptions": junk',
    'package.json': '{ "type": "module", "main": 7, junk',
    'tsconfig.json': '{ "compilerOptions": junk',
    'jsconfig.json': 'junk',
    'node_modules/bun/index.js': code,
    'node_modules/os/index.js': code,
    'node_modules/std/index.js': code,
    'node_modules/@types/node/package.json': 'junk',
    // The modules in the executable's image have these names.
    'src/main.ts': code,
    'src/sys/real.ts': code,
    'main.ts': code,
    'index.js': code,
    'libexec/conmon': code,
    image: code,
  };
  for (const folder of [home, join(home, '.config'), cwd])
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), content, { mode: 0o755 });
    }
  const box = startMonitored(t, {
    container: 'exit 3',
    env: { HOME: home, XDG_CONFIG_HOME: join(home, '.config') },
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

const project = join(import.meta.dirname, '../..');
/** What Node.js and we on it read at a start. */
const engines = [
  ...['src', 'dist/sys.node', 'package.json'].map(name => join(project, name)),
  ...['/etc/ssl/openssl.cnf', '/usr/lib/ssl', '/sys/devices/system', '/sys/kernel/mm'],
];
/** What a loader reads. */
const libraries = ['/etc/ld.so', '/lib', '/usr/lib'];

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
  const ours = [join(conmon, '..'), box.dir, fixture(''), ...(form === 'node' ? engines : [])];
  const systems = [
    '/proc',
    '/sys/fs/cgroup',
    '/etc/localtime',
    '/dev/null',
    ...(form === 'node' || !isStatic ? libraries : []),
  ];
  const strange = opened.filter(
    path => !path.startsWith('/') || ![...ours, ...systems].some(prefix => path.startsWith(prefix)),
  );
  assert.deepEqual(
    strange.filter(path => !isParentOf(path, ours)),
    [],
  );
});

test('R6, E12 environment: the runtime and the exit command have the caller’s limits, and not those of an engine', {
  skip: withoutPrograms('prlimit'),
}, t => {
  const dir = makeFolder(t);
  const runtime = join(dir, 'runtime');
  const record = (name: string) => `cat /proc/$$/limits >${dir}/${name}`;
  const starts = fixture('runtime-starts-container');
  writeFileSync(runtime, `#!/bin/sh\n${record('runtime')}\nexec '${starts}' "$@"\n`, { mode: 0o755 });
  const box = startMonitored(t, {
    runtime,
    container: record('container'),
    before: ['prlimit', '--nofile=500:4000', '--core=0:100', '--stack=1000000:9000000', '--nproc=5000:6000'],
    args: runsAtExit(record('exit-command')),
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

/** Runs one container of runtime-records to its end, with that environment; the command line. */
function start(
  _t: TestContext,
  dir: string,
  environ: Uint8Array,
  args: readonly string[],
): readonly string[] {
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
  return argv;
}

/** An exit command that records its argv and environment, and those of its parent, the monitor. */
function fixtureThatRecords(dir: string): string {
  const path = join(dir, 'exit-command');
  const record = [
    `cat /proc/$$/environ >${dir}/exit-environ`,
    `cat /proc/$$/cmdline >${dir}/exit-argv`,
    `cat /proc/$PPID/environ >${dir}/monitor-environ`,
    `cat /proc/$PPID/cmdline >${dir}/monitor-cmdline`,
  ];
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
