// Which logs the options name.

import { Refusal } from '../sys/errors.ts';
import type { Sys } from '../sys/sys.ts';
import type { LogDriver, LogOptions, Warn } from './driver.ts';
import { openJournald } from './journald.ts';
import type { JournaldOptions } from './journald-fields.ts';
import { parseLogPath } from './log-path.ts';
import { AllLogs, type Logs } from './logs.ts';
import { openK8sFile } from './open-k8s-file.ts';

/**
 * Opens the logs that `--log-path` names: files are there on return. Of several files only the last is one, as
 * with conmon.
 *
 * Throws a `Refusal` in conmon's words.
 */
export function openLogs(sys: Sys, options: LogOptions & JournaldOptions, warn: Warn): Logs {
  if (options.logPath.length === 0) throw new Refusal('Log driver not provided. Use --log-path');
  const targets = options.logPath.map(parseLogPath);
  let path: string | undefined;
  for (const target of targets) if (target.driver === 'k8s-file') path = target.path;
  const hasJournald = targets.some(target => target.driver === 'journald');
  const drivers: LogDriver[] = [];
  if (path !== undefined) drivers.push(openK8sFile(sys, path, options, warn));
  if (path !== undefined && !hasJournald) refuseJournaldOptions(options);
  if (hasJournald) drivers.push(openJournald(sys, options, warn));
  else if (options.noContainerPartialMessage)
    warn('--no-container-partial-message has no effect without journald log driver');
  return new AllLogs(
    drivers,
    targets.some(target => target.driver === 'passthrough'),
    !options.noSyncLog,
  );
}

function refuseJournaldOptions(options: LogOptions): void {
  if (options.logTag !== undefined) throw new Refusal("k8s-file doesn't support --log-tag");
  if (options.logLabel.length > 0) throw new Refusal("k8s-file doesn't support --log-label");
}
