// A container's state, for people and as JSON.

import type { ContainerState } from '../manager/index.ts';

/** The status in words: `running`, `stopped (0)`, `stopped (137, out of memory)`, `stopped (exit code unknown)`. */
export function describeStatus(state: ContainerState): string {
  const memory = state.oomKilled ? ', out of memory' : '';
  const deleting = state.deleting ? ', being deleted' : '';
  if (state.status !== 'stopped') return `${state.status}${memory}${deleting}`;
  const code = state.exitCode === undefined ? 'exit code unknown' : describeCode(state.exitCode);
  return `stopped (${code}${memory})${deleting}`;
}

/** As JSON: what is not known is null rather than missing. */
export function toJson(state: ContainerState): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, value ?? null]));
}

/** Names and values for a table of one container. */
export function describeState(state: ContainerState): (readonly [name: string, value: string])[] {
  const time = (value: Date | undefined) => value?.toISOString() ?? '-';
  const pairs = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([key, value]) => `${key}=${value}`);
  return [
    ['ID', state.id],
    ['Status', describeStatus(state)],
    ...(state.error === undefined ? [] : [['Error', state.error] as const]),
    ['Name', state.name],
    ['Incarnation', state.incarnation ?? '-'],
    ['Process', state.pid === undefined ? '-' : String(state.pid)],
    ['Monitor', state.monitorPid === undefined ? '-' : String(state.monitorPid)],
    ['Created', time(state.createdAt)],
    ['Started', time(state.startedAt)],
    ['Finished', time(state.finishedAt)],
    ['Bundle', state.bundle ?? '-'],
    ['Log', state.logPath ?? '-'],
    ['Terminal', state.terminal ? 'yes' : 'no'],
    ...pairs(state.labels).map(pair => ['Label', pair] as const),
    ...pairs(state.annotations).map(pair => ['Annotation', pair] as const),
  ];
}

function describeCode(exitCode: number): string {
  return exitCode < 0 ? 'ran longer than it may' : String(exitCode);
}
