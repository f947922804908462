// What a journal entry of a container is made of: the fields that stay the same, checked and encoded once, and the
// rule for its priority. Pure. Encoding: systemd's docs, "Native Journal Protocol".

import type { StreamName } from '../stream-name.ts';
import { concat, isDigit } from '../sys/bytes.ts';
import { Refusal } from '../sys/errors.ts';
import { utf8Bytes } from '../sys/text.ts';
import type { LogOptions } from './driver.ts';

/**
 * Where an entry's PRIORITY comes from. `stream`: 6 for stdout and 3 for stderr, and the text stays as printed.
 * `prefix`: a line that begins with `<0>` to `<7>` has that priority and loses the prefix. Why there are two:
 * docs/decisions/journald-priority.md.
 */
export type JournaldPriority = 'stream' | 'prefix';

export interface JournaldOptions
  extends Pick<LogOptions, 'cid' | 'name' | 'logTag' | 'logLabel' | 'noContainerPartialMessage'> {
  /** `stream` when not given. */
  readonly journaldPriority?: JournaldPriority | undefined;
}

/** The environment variable that chooses, because C conmon does not mind one, and an option it would refuse. */
export const journaldPriorityVariable = 'CONMON_JOURNALD_PRIORITY';

/** The variable's value understood; one that means nothing is warned of, and taken for none. */
export function chooseJournaldPriority(
  value: string | undefined,
  warn: (message: string) => void,
): JournaldPriority {
  const priority = parseJournaldPriority(value ?? 'stream');
  if (priority === undefined) warn(`${journaldPriorityVariable} is neither stream nor prefix: ${value}`);
  return priority ?? 'stream';
}

/** Understands the value of {@link journaldPriorityVariable}; `undefined` for one that means nothing. */
export function parseJournaldPriority(value: string): JournaldPriority | undefined {
  return value === 'stream' || value === 'prefix' ? value : undefined;
}

/**
 * The fields that are the same in all of a container's entries, encoded one after the other.
 *
 * Throws a {@link Refusal} for an ID or a label that C conmon refuses.
 */
export function encodeFixedFields(options: JournaldOptions): Uint8Array {
  const cid = utf8Bytes(options.cid);
  if (cid.length <= shortIdBytes) throw new Refusal('Container ID must be longer than 12 characters');
  const shortId = cid.subarray(0, shortIdBytes);
  const fields: [string, Uint8Array][] = [
    ['CONTAINER_ID_FULL', cid],
    ['CONTAINER_ID', shortId],
    ['SYSLOG_IDENTIFIER', encodeGiven(options.logTag ?? options.name) ?? shortId],
  ];
  const tag = encodeGiven(options.logTag);
  if (tag) fields.push(['CONTAINER_TAG', tag]);
  const name = encodeGiven(options.name);
  if (name) fields.push(['CONTAINER_NAME', name]);
  for (const label of options.logLabel) fields.push(parseLabel(label));
  return concat(fields.map(([field, value]) => encodeField(field, value)));
}

/** One field. A value with a newline in it has its length in front, so that it cannot end the field or begin another. */
export function encodeField(name: string, value: Uint8Array): Uint8Array {
  if (!value.includes(newline)) return concat([utf8Bytes(`${name}=`), value, newlineBytes]);
  const length = new DataView(new ArrayBuffer(8));
  length.setUint32(0, value.length, true); // its upper half stays 0
  return concat([utf8Bytes(`${name}\n`), new Uint8Array(length.buffer), value, newlineBytes]);
}

/** The priority of a stream's lines, as syslog(3) numbers them: info and err. */
export const streamPriorities: Readonly<Record<StreamName, number>> = { stdout: 6, stderr: 3 };

/** Bytes of `<N>` at the front of a line. */
export const priorityPrefixBytes = 3;

/** The priority that `buf[start, end)` begins with, as sd-daemon(3) writes it: 0 to 7, or -1 for none. */
export function parsePriorityPrefix(buf: Uint8Array, start: number, end: number): number {
  if (end - start < priorityPrefixBytes) return -1;
  if (buf[start] !== lessThan || buf[start + 2] !== greaterThan) return -1;
  const priority = buf[start + 1]! - digitZero;
  return priority >= 0 && priority <= 7 ? priority : -1;
}

/** Of the ID, what docker ps, podman ps and CONTAINER_ID show. */
const shortIdBytes = 12;
const newline = 0x0a;
const lessThan = 0x3c;
const greaterThan = 0x3e;
const digitZero = 0x30;
const newlineBytes = new Uint8Array([newline]);

function encodeGiven(value: string | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : utf8Bytes(value);
}

function parseLabel(label: string): [name: string, value: Uint8Array] {
  const [name, value, ...more] = label.split('=');
  if (name === '' && value !== undefined)
    throw new Refusal(`Container labels must be in format LABEL=VALUE (no LABEL present in '${label}')`);
  if (name === undefined || value === undefined || more.length > 0)
    throw new Refusal(
      `Container labels must be in format LABEL=VALUE (none or more than one '=' present in '${label}')`,
    );
  if (name === '' || !utf8Bytes(name).every(isOfLabelName))
    throw new Refusal(
      `Container label names must contain only uppercase letters, numbers and underscore (in '${label}')`,
    );
  return [name, utf8Bytes(value)];
}

/** An upper-case letter, a digit or an underscore. */
function isOfLabelName(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || isDigit(byte) || byte === 0x5f;
}
