// dist/conmon: launcher, engine, addon and image in one file. It is linked twice without its image, which it then makes
// itself: the first time to learn how large that is, the second time with just that room.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { changeEngine } from './change-engine.ts';
import {
  ask,
  filesIn,
  project,
  readCommit,
  replace,
  run,
  runCompiler,
  warnings,
  writeIfChanged,
} from './commands.ts';
import { compileFile } from './compile-file.ts';
import type { EngineSource } from './engine-source.ts';
import { optionsHeader } from './options-header.ts';
import type { Toolchain } from './toolchain.ts';

/** How it is compiled. */
export interface Variant {
  /** The folder in build/ for what is made on the way. */
  readonly name: string;
  readonly compile: readonly string[];
  readonly link: readonly string[];
  /** C files that only this one has. */
  readonly sources?: readonly string[];
}

/** Where the sanitizers' reports are. */
export const sanitizerReports = join(project, 'build/sanitizer-reports');

const hardening = ['-fstack-protector-strong', '-D_FORTIFY_SOURCE=2'];
const small = ['-O2', '-DNDEBUG', '-ffunction-sections', '-fdata-sections', ...hardening];
const released = ['-Wl,--gc-sections', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack', '-s'];

const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'];

export const variants = {
  /** What users get. */
  release: { name: 'release', compile: small, link: released },
  /** With the engine's assertions, and names for gdb. */
  debug: { name: 'debug', compile: ['-Og', '-g', ...hardening.slice(0, 1)], link: [] },
  /** For tests that have the n-th allocation fail, see src/engine/heap.c. It collects garbage at each: that is when a
   * failed one does the most harm. */
  faults: { name: 'faults', compile: ['-O1', '-g', '-DHEAP_FAULTS', '-DFORCE_GC_AT_MALLOC'], link: [] },
  /** With AddressSanitizer and UndefinedBehaviorSanitizer. */
  sanitize: {
    name: 'sanitize',
    compile: [
      ...['-O1', '-g', '-fno-omit-frame-pointer', '-DHEAP_OF_LIBC', ...sanitizers],
      `-DSANITIZER_REPORTS="${sanitizerReports}"`,
    ],
    // Static, so that both write their reports to the same place, and a library with faults can come before them.
    link: [...sanitizers, '-static-libasan', '-static-libubsan'],
    sources: ['test/fixtures/sanitizer-options.c'],
  },
} as const satisfies Record<string, Variant>;

/** What the image has room for before its size is known. */
const roomBytes = 16 * 1024 * 1024;
const pageBytes = 4096;

const ours = ['-std=gnu11', ...warnings];
/** The engine is compiled as its authors do. It copies no bytes from NULL here and there. */
const theirs = [
  '-std=gnu11',
  '-D_GNU_SOURCE',
  '-fwrapv',
  '-funsigned-char',
  '-w',
  '-fno-sanitize=nonnull-attribute',
];

/** `modules` is a folder with a src/main.ts, as JavaScript, that goes into the image instead of the monitor's. */
export async function buildExecutable(
  target: string,
  source: EngineSource,
  toolchain: Toolchain,
  variant: Variant,
  modules?: string,
): Promise<void> {
  const folder = join(project, 'build', [variant.name, source.engine.folder, toolchain.name].join('-'));
  mkdirSync(folder, { recursive: true });
  const objects = await compileAll(folder, source, toolchain, variant);
  const scripts = modules ?? stripTypes(join(folder, 'js'));
  const work = mkdtempSync(join(folder, 'link-'));
  try {
    const unfinished = join(work, 'conmon-without-image');
    const image = join(work, 'image');
    const finished = join(work, 'conmon');
    const makeImage = (bytes: number) => {
      linkWithRoom(unfinished, objects, toolchain, variant, folder, bytes);
      const [command = unfinished, ...args] = [...toolchain.runner, unfinished, image, readCommit()];
      return Number(ask(command, args, scripts));
    };
    makeImage(roundUp(makeImage(roomBytes)));
    run(toolchain.objcopy, ['--update-section', `conmon_image=${image}`, unfinished, finished]);
    // One that is there and the same stays: it may be running.
    if (!existsSync(target) || !readFileSync(target).equals(readFileSync(finished)))
      replace(finished, target);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Returns the object files, without the heap's. */
async function compileAll(
  folder: string,
  source: EngineSource,
  toolchain: Toolchain,
  variant: Variant,
): Promise<string[]> {
  const generated = join(folder, 'generated');
  writeIfChanged(join(generated, 'options.h'), optionsHeader(readCommit()));
  const engine = join(folder, 'engine');
  for (const [name, text] of await changeEngine(source)) writeIfChanged(join(engine, name), text);
  const objects: string[] = [];
  const compile = (path: string, name: string, flags: readonly string[]) => {
    const object = join(folder, 'objects', `${name}.o`);
    const prefixes = [`-ffile-prefix-map=${project}/=`, `-ffile-prefix-map=${engine}/=engine/`];
    compileFile(toolchain.compiler, [...variant.compile, '-fno-pie', ...prefixes, ...flags], path, object);
    objects.push(object);
  };
  const includes = [
    ...['src/engine', 'src/engine/napi', 'src/launcher', generated].flatMap(path => ['-I', path]),
    // Whose warnings are not ours.
    ...[engine, ...(source.isChecked ? [] : [source.path])].flatMap(path => ['-isystem', path]),
  ];
  for (const path of [...ownSources(), ...(variant.sources ?? [])])
    compile(path, path.replaceAll('/', '-'), [...ours, ...includes]);
  const version = `-DCONFIG_VERSION="${source.engine.version}"`;
  for (const name of source.engine.sources)
    compile(join(engine, name), `engine-${name}`, [...theirs, version, ...includes]);
  return objects;
}

function ownSources(): string[] {
  const engine = filesIn('src/engine', '.c').filter(
    path => dirname(path) === 'src/engine' && basename(path) !== 'heap.c',
  );
  const launcher = filesIn('src/launcher', '.c').filter(path => basename(path) !== 'node.c');
  return [...launcher, ...engine, ...filesIn('src/sys/native', '.c')];
}

function linkWithRoom(
  target: string,
  objects: readonly string[],
  toolchain: Toolchain,
  variant: Variant,
  folder: string,
  imageBytes: number,
): void {
  const heap = join(folder, 'objects', `heap-${imageBytes}.o`);
  const flags = [
    ...variant.compile,
    '-fno-pie',
    `-ffile-prefix-map=${project}/=`,
    ...ours,
    `-DIMAGE_BYTES=${imageBytes}`,
  ];
  compileFile(toolchain.compiler, flags, 'src/engine/heap.c', heap);
  const args = [
    '-Wl,--build-id=none',
    ...toolchain.link,
    ...variant.link,
    ...objects,
    heap,
    '-lm',
    '-o',
    target,
  ];
  runCompiler(toolchain.compiler, args);
}

/** The monitor's modules as JavaScript, each where it was in its file, line by line and column by column: so errors
 * say where in the source they are. Returns the folder. */
function stripTypes(folder: string): string {
  const rooms = filesIn('src', '.ts').filter(path => !/^src\/(manager|cli|hostrun|proc|engine)\//.test(path));
  for (const path of rooms)
    writeIfChanged(join(folder, path), stripTypeScriptTypes(readFileSync(join(project, path), 'utf8')));
  return folder;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}
