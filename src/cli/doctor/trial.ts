// Running a container, to see whether one can be run.

import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Runtime } from '../../manager/index.ts';
import { describeFailure } from '../failure.ts';
import { type Finding, missing, ok } from './finding.ts';
import { judgeIdentity } from './judge.ts';
import { makeTrialBundle, trialExitCode, trialWords } from './trial-bundle.ts';

/** A step takes a fraction of a second; what takes this long hangs. */
const stepLimitMs = 20_000;

/** Runs a container of the runtime and the monitor, in a directory of state that is gone afterwards. `open` makes the
 * library for that directory. */
export async function tryContainer(open: (root: string) => Promise<Runtime>): Promise<Finding[]> {
  const dir = mkdtempSync(join(tmpdir(), 'conmonctl-doctor-'));
  const id = `doctor-${process.pid}`;
  const limit = { timeLimitMs: stepLimitMs };
  let runtime: Runtime | undefined;
  const begunMs = performance.now();
  try {
    const bundle = join(dir, 'bundle');
    makeTrialBundle(bundle, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    runtime = await open(join(dir, 'root'));
    await runtime.create(id, { bundle, ...limit });
    const createdMs = performance.now() - begunMs;
    const { monitorPid } = await runtime.state(id, limit);
    const identity = monitorPid === undefined ? [] : [examineIdentity(monitorPid)];
    await runtime.start(id, limit);
    const { exitCode } = await runtime.wait(id, 'exited', limit);
    const words = await readWords(runtime, id);
    const endedMs = performance.now() - begunMs;
    return [...identity, judgeTrial(exitCode, words, createdMs, endedMs)];
  } catch (error) {
    const { what, said, hint } = describeFailure(error, { command: 'doctor', root: dir });
    const words = said ? `${what}: ${said.words}` : what;
    return [missing('trial container', words, hint ?? 'conmonctl --log-level debug doctor shows each call')];
  } finally {
    await runtime?.delete(id, { force: true, ...limit }).catch(() => {}); // told already, or never made
    rmSync(dir, { recursive: true, force: true });
  }
}

function judgeTrial(
  exitCode: number | undefined,
  words: string,
  createdMs: number,
  endedMs: number,
): Finding {
  const about = 'trial container';
  const todo = 'conmonctl --log-level debug doctor shows each call; is the runtime a full OCI runtime?';
  if (exitCode !== trialExitCode)
    return missing(about, `exit code ${exitCode ?? 'unknown'} rather than ${trialExitCode}`, todo);
  if (words !== trialWords) return missing(about, `its log has ${JSON.stringify(words)}`, todo);
  return ok(about, `created in ${createdMs.toFixed(0)} ms, run and ended within ${endedMs.toFixed(0)} ms`);
}

async function readWords(runtime: Runtime, id: string): Promise<string> {
  const lines: string[] = [];
  for await (const entry of runtime.logs(id)) lines.push(entry.data.toString());
  return lines.join('\n');
}

function examineIdentity(pid: number): Finding {
  try {
    return judgeIdentity(readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), readlinkSync(`/proc/${pid}/exe`));
  } catch (error) {
    return missing(
      'monitor’s identity',
      error instanceof Error ? error.message : String(error),
      'is /proc mounted?',
    );
  }
}
