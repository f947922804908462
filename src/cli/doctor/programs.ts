// The two programs that everything depends on.

import type { Cli } from '../cli.ts';
import { describeFailure } from '../failure.ts';
import { chooseRuntime } from '../runtime-choice.ts';
import { type Finding, missing, ok } from './finding.ts';
import { tryContainer } from './trial.ts';

/** Asks runtime and monitor for their versions, and has them run a container. */
export async function examinePrograms(cli: Cli): Promise<Finding[]> {
  const choice = chooseRuntime(cli.globals);
  const named = [choice.runtime, ...choice.runtimeArgs].join(' ');
  try {
    const { runtime, monitor } = await (await cli.openRuntimeWith(choice)).version();
    return [
      ok('runtime', `${runtime.line} (${named})`),
      ok('monitor', monitor.line),
      ...(await tryContainer(root => cli.openRuntimeWith(choice, root))),
    ];
  } catch (error) {
    const { what, said } = describeFailure(error, { command: 'doctor', root: cli.globals.root });
    const isMonitor = error instanceof Error && 'code' in error && error.code === 'ERR_MONITOR';
    const words = said ? `${what}: ${said.words}` : what;
    if (isMonitor) return [missing('monitor', words, 'npm run build, or --conmon names another conmon')];
    return [missing('runtime', words, 'install runc or crun, or --runtime names another')];
  }
}
