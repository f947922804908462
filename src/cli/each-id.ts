// Doing one thing to several containers: what fails for one is told, and the others have their turn.

import type { Cli } from './cli.ts';
import { exitFailure } from './exit-status.ts';
import { reportFailure } from './report.ts';

/** Does `act` for every ID at once; `act` prints what there is to print. Answers the exit status. */
export async function forEachId(
  ids: readonly string[],
  cli: Cli,
  act: (id: string) => Promise<void>,
): Promise<number> {
  const results = await Promise.allSettled([...new Set(ids)].map(act));
  let status = 0;
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') continue;
    status = exitFailure;
    await reportFailure(cli, result.reason, { id: [...new Set(ids)][index] });
  }
  return status;
}
