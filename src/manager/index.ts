// conmon-ts, the library: everything that callers may import.

export {
  ArgumentError,
  type CommandFailure,
  ExistsError,
  ManagerError,
  MonitorError,
  NotFoundError,
  RuntimeError,
  StateError,
  TimeLimitError,
} from './errors.ts';
export { Runtime } from './runtime.ts';
export type * from './types.ts';
