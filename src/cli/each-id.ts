// Doing one thing to several containers: what fails for one is told, and the others have their turn.

import type { Cli } from './cli.ts';
import { exitFailure } from './exit-status.ts';
import { reportFailure } from './report.ts';

/** Does `act` for every ID at once, then prints what it returns for each, in the order given. Returns the exit
 * status. */
export async function forEachId(
  ids: readonly string[],
  cli: Cli,
  act: (id: string) => Promise<string>,
): Promise<number> {
  const all = [...new Set(ids)];
  const results = await Promise.allSettled(all.map(act));
  let status = 0;
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') {
      cli.print(result.value);
    } else {
      status = exitFailure;
      await reportFailure(cli, result.reason, { id: all[index] });
    }
  }
  return status;
}
