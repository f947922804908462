// Signals to exactly one process, never to a later one that has its ID.

import { EPERM, ESRCH, errorName, errorWords } from '../../sys/errno.ts';
import { SystemError } from '../errors.ts';
import { errorCode } from '../files.ts';
import { openAddon } from '../kernel/open-addon.ts';
import { isRunning, type ProcessIdentity } from './processes.ts';

/** Sends a signal by its number. False where the process is gone. Throws a {@link ManagerError} where it is somebody
 * else's. */
export async function signalProcess(target: ProcessIdentity, signal: number): Promise<boolean> {
  const sys = loadSys();
  const pidfd = sys?.pidfdOpen(target.pid) ?? -ESRCH;
  // Without a pidfd, a moment is left in which the process could end and its ID be given away.
  if (!sys || (pidfd < 0 && pidfd !== -ESRCH)) return isRunning(target) && kill(target.pid, signal);
  if (pidfd < 0) return false;
  try {
    // Held by the pidfd from here on.
    return isRunning(target) && judge(sys.pidfdSendSignal(pidfd, signal));
  } finally {
    sys.close(pidfd);
  }
}

function loadSys() {
  try {
    return openAddon();
  } catch {
    return undefined; // no addon here
  }
}

function kill(pid: number, signal: number): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return judge(errorCode(error) === 'ESRCH' ? -ESRCH : -EPERM);
  }
}

function judge(answer: number): boolean {
  if (answer >= 0 || answer === -ESRCH) return answer >= 0;
  const facts = { errno: errorName(-answer), syscall: 'kill' };
  throw new SystemError(`sending a signal: ${errorWords(-answer)}`, facts);
}
