// Changes one place of the monitor's source at a time, and looks whether a test of test/unit and test/sys fails. What
// none sees is printed: it needs a test, or a reason in docs/decisions/mutation.md.
//
//   main.ts [--every N] [path below src]...        by default every room of the monitor, and every place

import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { API } from 'typescript/unstable/sync';
import { type Coverage, measureCoverage } from './coverage.ts';
import { findMutants, type Mutant } from './mutants.ts';

const project = join(import.meta.dirname, '../..');
const rooms = [
  'attach',
  'control',
  'exit',
  'lifecycle',
  'logs',
  'monitor',
  'notify',
  'oom',
  'parent',
  'runtime',
  'stdio',
];
/** A change may make an endless loop, or one that takes all memory: that is seen. So is all that takes so much longer. */
const [slower, limitMsMin] = [2, 4000];
/** One line for each change that was tried; what is in it is not tried again. */
const results = join(project, 'build/mutation.jsonl');

type Outcome = 'seen' | 'survived' | 'not run';

const { values, positionals } = parseArgs({
  options: { every: { type: 'string', default: '1' } },
  allowPositionals: true,
});
main(positionals, Number(values.every));

/** Of `every` places one is tried: for a look at rooms that would take long. */
function main(paths: readonly string[], every: number): void {
  mkdirSync(join(project, 'build'), { recursive: true });
  const known = readResults();
  const coverage = globSync('test/{unit,sys}/**/*.test.ts', { cwd: project })
    .filter(test => !/architecture|lint|unit\/(cli|hostrun|manager|systemd)/.test(test))
    .map(test => measureCoverage(join(project, test)));

  const nothing = {
    start: 0,
    end: 0,
    replacement: '',
    what: 'nothing',
    url: pathToFileURL(join(project, 'src/main.ts')).href,
  };
  if (!passes(coverage, nothing)) throw new Error('the tests fail together, with no change at all');

  const counts: Record<Outcome, number> = { seen: 0, survived: 0, 'not run': 0 };
  for (const { path, url, source, mutants } of listFiles(paths.length > 0 ? paths : rooms)) {
    const keys = mutants.map(mutant => keyOf(path, source, mutant));
    for (const [i, mutant] of mutants.entries()) {
      if (i % every !== 0) continue;
      const line = lineOf(source, mutant);
      // The same words may be there twice.
      const earlier = keys.slice(0, i).filter(key => key === keys[i]).length;
      const key = earlier === 0 ? keys[i]! : `${keys[i]} ${earlier}`;
      const outcome = known.get(key) ?? tryMutant(path, url, mutant, coverage);
      if (!known.has(key)) appendFileSync(results, `${JSON.stringify({ key, outcome })}\n`);
      counts[outcome]++;
      if (outcome !== 'seen') console.log(`${outcome}: src/${path}:${line}: ${mutant.what}`);
    }
  }
  console.log(
    Object.entries(counts)
      .map(([outcome, count]) => `${count} ${outcome}`)
      .join(', '),
  );
}

/** What it is called in the results: without the line's number, which changes with every line before it. */
function keyOf(path: string, source: string, mutant: Mutant): string {
  return JSON.stringify([path, source.split('\n')[lineOf(source, mutant) - 1]!.trim(), mutant.what]);
}

function lineOf(source: string, { start }: Mutant): number {
  return source.slice(0, start).split('\n').length;
}

/** The tests of the file first, which see most, then those of the room, then the others. */
function tryMutant(path: string, url: string, mutant: Mutant, coverage: readonly Coverage[]): Outcome {
  const tests = coverage.filter(({ covers }) => covers(url, mutant.start));
  if (tests.length === 0) return 'not run';
  const [room, file] = [path.split('/')[0]!, basename(path, '.ts')];
  const distance = ({ test }: Coverage): number => {
    const name = basename(test, '.test.ts');
    if (name === file) return 0;
    return name.includes(room) || test.includes(`/unit/${room}/`) ? 1 : 2;
  };
  const groups = [0, 1, 2].map(far => tests.filter(test => distance(test) === far));
  return groups.every(group => group.length === 0 || passes(group, { ...mutant, url })) ? 'survived' : 'seen';
}

function passes(tests: readonly Coverage[], change: Mutant & { readonly url: string }): boolean {
  const hook = join(import.meta.dirname, 'apply-mutant.ts');
  const args = [
    '--max-old-space-size=512',
    '--import',
    hook,
    '--test',
    '--test-isolation=none',
    ...tests.map(({ test }) => test),
  ];
  const env = {
    ...process.env,
    MUTANT: JSON.stringify(change),
    NODE_COMPILE_CACHE: join(project, 'build/compile-cache'),
  };
  const timeout = Math.ceil(limitMsMin + slower * tests.reduce((sum, { ms }) => sum + ms, 0));
  const options = { env, stdio: 'ignore', timeout, killSignal: 'SIGKILL' } as const;
  return spawnSync(process.execPath, args, options).status === 0;
}

function listFiles(paths: readonly string[]) {
  const api = new API({ cwd: project });
  const { program } = api
    .updateSnapshot({ openProjects: [join(project, 'tsconfig.json')] })
    .getProjects()[0]!;
  const files = paths
    .flatMap(path => globSync([`src/${path}`, `src/${path}/**/*.ts`], { cwd: project }).sort())
    .filter(file => file.endsWith('.ts'))
    .map(file => file.slice('src/'.length))
    .map(path => {
      const file = program.getSourceFile(join(project, 'src', path))!;
      const url = pathToFileURL(file.fileName).href;
      return { path, url, source: file.text, mutants: findMutants(file) };
    });
  api.close();
  return files;
}

function readResults(): Map<string, Outcome> {
  const lines = existsSync(results) ? readFileSync(results, 'utf8').trimEnd().split('\n') : [];
  return new Map(
    lines.map(line => {
      const { key, outcome } = JSON.parse(line) as { key: string; outcome: Outcome };
      return [key, outcome];
    }),
  );
}
