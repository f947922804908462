// `npm run bench`: ours and C conmons side by side, in one run, as a table with the limits that ours is held to.
//
//   main.ts [--quick] [--only NAME]... [--json FILE] [--markdown FILE] [--directory DIRECTORY]
//
// The files are made in --directory, /dev/shm when not given: 2 GB must fit. CONMON_C names the C conmon that ours is
// compared with, the one in PATH when not given; otherwise that one is measured too.

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { makeWorkplace } from './bench-monitor.ts';
import { findContenders } from './contenders.ts';
import { describeMachine } from './machine.ts';
import type { Measurement } from './measure.ts';
import { measureCgroup } from './measure-cgroup.ts';
import { measureExec, measureProbes } from './measure-exec.ts';
import { measureExitDelay, measureIdle } from './measure-idle.ts';
import { measureAttach, measureLog } from './measure-output.ts';
import { measurePodman } from './measure-podman.ts';
import { measureSize } from './measure-size.ts';
import { measureDeath, measureStart } from './measure-times.ts';
import { measureConnects, measureLoaded, measureResizes } from './measure-wear.ts';
import { formatJson, formatTable, rewritePage } from './report.ts';
import type { Sample } from './statistics.ts';

const measurements: readonly Measurement[] = [
  measureStart,
  measureExec,
  measureProbes,
  measurePodman,
  measureDeath,
  measureLog,
  measureAttach,
  measureIdle,
  measureExitDelay,
  measureLoaded,
  measureConnects,
  measureResizes,
  measureCgroup,
  measureSize,
];

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      json: { type: 'string' },
      markdown: { type: 'string' },
      directory: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    },
  });
  if (values.markdown !== undefined && (values.only !== undefined || values.quick))
    throw new Error('--markdown is for whole runs: not with --only or --quick');
  const chosen = choose(values.only);
  const contenders = findContenders();
  const machine = describeMachine(contenders);
  const workplace = makeWorkplace(values.directory);
  const cleanUp = () => rmSync(workplace.directory, { recursive: true, force: true });
  process.on('exit', cleanUp);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

  const samples: Sample[] = [];
  for (const { name, run } of chosen) {
    const start = performance.now();
    console.error(`==> ${name}`);
    try {
      samples.push(...(await run({ contenders, workplace, isQuick: values.quick })));
    } catch (error) {
      // The others took minutes, and are worth seeing.
      console.error(`${name} failed:`, error);
      process.exitCode = 1;
    }
    console.error(`    ${Math.round((performance.now() - start) / 1000)} s`);
  }
  console.log(formatTable(contenders, samples));
  if (values.json !== undefined) writeFileSync(values.json, formatJson(contenders, machine, samples));
  if (values.markdown !== undefined && process.exitCode === undefined)
    rewritePage(values.markdown, contenders, machine, samples);
}

function choose(names: readonly string[] | undefined): readonly Measurement[] {
  const unknown = names?.find(wanted => !measurements.some(({ name }) => name === wanted));
  if (unknown !== undefined)
    throw new Error(`There is no measurement ${unknown}: ${measurements.map(({ name }) => name).join(', ')}`);
  return names === undefined ? measurements : measurements.filter(({ name }) => names.includes(name));
}
