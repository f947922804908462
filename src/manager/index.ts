// conmon-ts, the library: everything that callers may import.

export type { Attachment, AttachOptions } from './attach/attach.ts';
export type { TerminalSize } from './attach/control.ts';
export type { BoundToId } from './bind-id.ts';
export { type CgroupfsOptions, cgroupfs } from './cgroups/cgroupfs.ts';
export {
  AddonError,
  ArgumentError,
  type CommandFailure,
  ExecTimeoutError,
  ExistsError,
  InternalError,
  ManagerError,
  MonitorError,
  NotFoundError,
  PlacementError,
  RecordError,
  RuntimeError,
  type SlowProgram,
  StateError,
  SystemError,
  TimeLimitError,
} from './errors.ts';
export type { ContainerEvent, EventStream, EventsOptions, EventType } from './events/container-event.ts';
export type { ExecEnd, ExecSession } from './exec/exec-session.ts';
export type { Logger } from './logger.ts';
export type { LogEntry } from './logs/entries.ts';
export type { LogOptions, UnreadableLine } from './logs/options.ts';
export { readLog } from './logs/read-log.ts';
export type { LogStream } from './logs/record.ts';
export type { ProgramVersion } from './oci/versions.ts';
export { type ContainerCall, type ContainerHandle, Runtime } from './runtime.ts';
export type { ContainerProcess } from './stats/container-processes.ts';
export type * from './stats/container-stats.ts';
export {
  type Bus,
  type JobResult,
  ScopeError,
  type SystemdScopesOptions,
  systemdScopes,
} from './systemd/index.ts';
export type * from './types.ts';
