// `npm run build`: makes dist/conmon, one executable, dist/sys.node, the addon for Node.js, and the man pages. What is
// newer than its sources stays as it is.
//
//   build.ts [--out FOLDER] [--engine VERSION|FOLDER] [--variant NAME] [--dynamic] [--target TRIPLET]
//   build.ts --node [--out FOLDER]
//
// --out is dist when not given, and build/node-form with --node.
//
// --engine is a version in src/engine/engines.json or a folder with an engine's sources. --variant is one of those in
// scripts/build/executable.ts. --node makes the Node form: the same launcher, in front of the project's Node.js that
// runs src/main.ts where it lies.

import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAddon } from './build/addon.ts';
import { project } from './build/commands.ts';
import { findEngine } from './build/engine-source.ts';
import { buildExecutable, variants } from './build/executable.ts';
import { writeManPages } from './build/man-page.ts';
import { buildNodeForm } from './build/node-form.ts';
import { findToolchain } from './build/toolchain.ts';

process.removeAllListeners('warning'); // that taking types out is experimental

const { values } = readOptions();
const out = resolve(values.out ?? join(project, values.node ? 'build/node-form' : 'dist'));

try {
  if (values.target === undefined) buildAddon(join(project, 'dist/sys.node'));
  if (values.node) buildNodeForm(out);
  else await build();
  // Better here than at the first container.
  if (values.target === undefined)
    execFileSync(join(out, 'conmon'), ['-h'], { stdio: ['ignore', 'ignore', 'inherit'] });
} catch (error) {
  console.error(`The build has failed: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function build(): Promise<void> {
  const variant = Object.entries(variants).find(([name]) => name === values.variant)?.[1];
  if (variant === undefined)
    throw new Error(`--variant ${values.variant} is none of ${Object.keys(variants).join(', ')}`);
  const source = findEngine(values.engine);
  const toolchain = findToolchain(values.dynamic ? 'dynamic' : 'static', values.target);
  console.log(`building ${join(out, 'conmon')}: ${source.label}; ${toolchain.label}`);
  await buildExecutable(join(out, 'conmon'), source, toolchain, variant);
  writeManPages(join(out, 'man'));
}

function readOptions() {
  const options = {
    node: { type: 'boolean' },
    out: { type: 'string' },
    engine: { type: 'string' },
    variant: { type: 'string', default: 'release' },
    dynamic: { type: 'boolean' },
    target: { type: 'string' },
  } as const;
  try {
    return parseArgs({ options });
  } catch (error) {
    const names = Object.keys(options).map(name => `--${name}`);
    console.error(`build: ${error instanceof Error ? error.message : error}\nOptions: ${names.join(' ')}`);
    process.exit(2);
  }
}
