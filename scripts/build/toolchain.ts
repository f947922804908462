// The C compiler, and how it links an executable that needs nothing of the machine it runs on.

import { join } from 'node:path';
import { project, wordsOf, works } from './commands.ts';

export interface Toolchain {
  /** For the folder of what is made by it. */
  readonly name: string;
  readonly compiler: string;
  readonly objcopy: string;
  readonly link: readonly string[];
  /** What runs an executable of it here: nothing for our own architecture. */
  readonly runner: readonly string[];
  /** For people. */
  readonly label: string;
}

export type Linking = 'static' | 'dynamic';

const program = '#include <unistd.h>\nint main(void) { return getpid() == 0; }\n';

/** musl where its compiler is, else a static glibc, else a dynamic one; always at a fixed address, because the image
 * holds addresses. `target` is a GNU triplet such as `aarch64-linux-gnu`, when it is not this machine's. */
export function findToolchain(linking: Linking, target?: string): Toolchain {
  const prefix = target === undefined ? '' : `${target}-`;
  const runner = target === undefined ? [] : [findRunner(target)];
  const objcopy = `${prefix}objcopy`;
  const own = target === undefined ? process.env['CC'] : undefined;
  const compilers = own !== undefined ? [own] : target === undefined ? ['musl-gcc', 'cc'] : [`${prefix}gcc`];
  const ways = linking === 'static' ? [['-static'], []] : [[]];
  const compilersOfWay = (way: readonly string[]) =>
    way.length > 0 ? compilers : compilers.filter(compiler => compiler !== 'musl-gcc');
  for (const way of ways)
    for (const compiler of compilersOfWay(way)) {
      const link = [...way, '-no-pie'];
      const [command, ...its] = wordsOf(compiler);
      if (!works(command, [...its, '-fno-pie', ...link, '-x', 'c', '-o', '/dev/null', '-'], program))
        continue;
      const library = libraryOf(compiler);
      const form = way.length > 0 ? 'static' : 'dynamic';
      const name = [...(target === undefined ? [] : [target]), library, form].join('-');
      return { name, compiler, objcopy, link, runner, label: `${compiler}, ${form} ${library}` };
    }
  throw new Error(`no C compiler works: ${compilers.join(', ')}`);
}

function libraryOf(compiler: string): 'musl' | 'glibc' {
  const [command, ...own] = wordsOf(compiler);
  const test = '#include <features.h>\n#ifndef __GLIBC__\n#error\n#endif\n';
  return works(command, [...own, '-x', 'c', '-fsyntax-only', '-'], test) ? 'glibc' : 'musl';
}

function findRunner(target: string): string {
  const architecture = target.split('-')[0];
  const kept = join(project, 'build/tools', `qemu-${architecture}`); // got by ./qemu.ts
  const names = [`qemu-${architecture}-static`, `qemu-${architecture}`, kept];
  const runner = names.find(name => works(name, ['--version']));
  if (runner === undefined)
    throw new Error(`${names[0]} is missing: the image is made by running the executable`);
  return runner;
}
