// Makes dist/conmon, the launcher with the addon in it, and dist/libexec/conmon, the monitor: compiled by Bun, or
// with --node the Node engine that runs src/main.ts where it lies; and the man pages. What is newer than its sources
// stays as it is.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatVersion } from '../src/options/version.ts';
import { formatManPage } from './man-page.ts';
import { optionsHeader } from './options-header.ts';

const project = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: { node: { type: 'boolean' }, out: { type: 'string', default: join(project, 'dist') } },
});
const out = values.out;
const main = join(project, 'src/main.ts');
/** Made for this form only, and of no use to whoever copies the two files. */
const generated = join(project, 'build', values.node ? 'node' : 'compiled');
/** What the environment asks of Bun's engine, JavaScriptCore: see docs/decisions/memory.md for what each brings. */
const engineSettings: readonly string[] = [
  'BUN_JSC_useWarmUpMarkedBlocks=0',
  'BUN_JSC_numberOfGCMarkers=1',
  'BUN_JSC_thresholdForJITAfterWarmUp=5000',
  'BUN_JSC_thresholdForJITSoon=1000',
];
const nodeArguments = ['--disable-sigusr1', '--no-warnings', '--no-global-search-paths', main];

mkdirSync(join(out, 'libexec'), { recursive: true });
mkdirSync(generated, { recursive: true });
buildLauncher(join(out, 'conmon'));
if (values.node) linkNode(join(out, 'libexec/conmon'));
else compileMonitor(join(out, 'libexec/conmon'));
writeManPages(join(out, 'man'));
// An engine aborts when it does not know one of its settings: better here than at the first container.
execFileSync(join(out, 'conmon'), ['--help'], { stdio: ['ignore', 'ignore', 'inherit'] });

/** A shared object that is also a program: the kernel starts it as the launcher, the monitor loads it as its addon. */
function buildLauncher(target: string): void {
  const header = join(generated, 'options.h');
  const text = optionsHeader() + versionHeader() + engineHeader();
  if (!existsSync(header) || readFileSync(header, 'utf8') !== text) writeFileSync(header, text);
  const sources = [...filesIn('src/launcher', '.c'), ...filesIn('src/sys/native', '.c')];
  const form = join(out, '.form'); // both forms may be built into one folder, one after the other
  const wanted = values.node ? main : 'compiled';
  const isOfForm = existsSync(form) && readFileSync(form, 'utf8') === wanted;
  if (
    isOfForm &&
    isFresh(target, [...sources, ...filesIn('src/sys/native', '.h'), header, import.meta.filename])
  )
    return;
  console.log('building the launcher and the addon');
  const startFile = execFileSync(compiler(), ['-print-file-name=Scrt1.o'], { encoding: 'utf8' }).trim();
  run(compiler(), [
    '-std=gnu11',
    '-O2',
    '-fPIC',
    '-shared',
    '-fvisibility=hidden',
    '-Wall',
    '-Wextra',
    '-Werror',
    `-DINTERPRETER="${interpreterOf(process.execPath)}"`,
    ...(values.node
      ? [`-DENGINE_ARGUMENTS=${nodeArguments.map(argument => JSON.stringify(argument)).join(', ')}`]
      : []),
    '-I',
    generated,
    '-I',
    join(project, 'node_modules/node-api-headers/include'),
    '-Wl,-e,_start',
    '-Wl,-z,lazy',
    '-Wl,-z,relro',
    '-s',
    startFile,
    ...sources,
    '-o',
    `${target}.new`,
  ]);
  renameSync(`${target}.new`, target);
  writeFileSync(form, wanted);
}

function compileMonitor(target: string): void {
  if (
    isFresh(target, [...filesIn('src', '.ts'), join(project, 'package.json'), import.meta.filename]) &&
    statSync(target).nlink === 1
  )
    return;
  console.log('compiling the monitor');
  run(join(project, 'node_modules/.bin/bun'), [
    'build',
    main,
    '--compile',
    '--bytecode',
    '--minify',
    '--target=bun',
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    '--no-compile-autoload-package-json',
    '--no-compile-autoload-tsconfig',
    '--define',
    `BUILD_COMMIT=${JSON.stringify(commit())}`,
    '--outfile',
    `${target}.new`,
  ]);
  renameSync(`${target}.new`, target);
}

function writeManPages(folder: string): void {
  for (const name of ['conmon.8', 'conmonctl.1']) {
    const section = join(folder, `man${name.at(-1)}`);
    mkdirSync(section, { recursive: true });
    writeFileSync(
      join(section, name),
      formatManPage(readFileSync(join(project, 'docs', `${name}.md`), 'utf8')),
    );
  }
}

/** Under the name that callers look for in /proc/PID/exe. */
function linkNode(target: string): void {
  rmSync(`${target}.new`, { force: true });
  try {
    linkSync(process.execPath, `${target}.new`);
  } catch {
    copyFileSync(process.execPath, `${target}.new`); // another file system
  }
  renameSync(`${target}.new`, target);
}

/** Podman up to 4.3 asks for the version at each of its commands: the launcher answers that itself. */
function versionHeader(): string {
  return `\nstatic const char version_text[] = ${JSON.stringify(formatVersion(commit()))};\n`;
}

function engineHeader(): string {
  const settings = engineSettings.map(setting => `${JSON.stringify(setting)}, `).join('');
  return `\nstatic const char *const engine_settings[] = {${settings}NULL};\n`;
}

/** The dynamic loader that an ELF executable names: ours must be the same one. */
function interpreterOf(executable: string): string {
  const elf = readFileSync(executable).subarray(0, 4096);
  const start = Number(elf.readBigUInt64LE(32));
  const [size, count] = [elf.readUInt16LE(54), elf.readUInt16LE(56)];
  for (let at = start; at < start + size * count; at += size) {
    if (elf.readUInt32LE(at) !== 3) continue; // PT_INTERP
    const offset = Number(elf.readBigUInt64LE(at + 8));
    return elf.subarray(offset, elf.indexOf(0, offset)).toString();
  }
  throw new Error(`${executable} names no dynamic loader`);
}

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(ending))
    .map(name => join(project, folder, name));
}

function isFresh(target: string, sources: readonly string[]): boolean {
  return existsSync(target) && sources.every(source => statSync(source).mtimeMs <= statSync(target).mtimeMs);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: project,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown'; // not a checkout
  }
}

function compiler(): string {
  return process.env.CC ?? 'cc';
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { cwd: project, stdio: ['ignore', 'inherit', 'inherit'] });
}
