// Bytes from a control fifo -> commands. Rules only; the fifos are in ./control-fifos.ts.

import { areDigits, isSpace, parseSigned } from '../sys/bytes.ts';

/** A line with its newline: conmon's buffer, and far more than any caller sends. */
const controlLineBytesMax = 199;
/** The most rows or columns that conmon takes. */
const windowSizeMax = 1000;
/** The first number of a line on `ctl`. */
const commandTypes = { resize: 1, reopenLogs: 2 };
const newline = 0x0a;
const plus = 0x2b;
const minus = 0x2d;

export type ControlCommand =
  | { readonly command: 'resize'; readonly rows: number; readonly columns: number }
  | { readonly command: 'reopen-logs' }
  /** A line that is to be ignored, and conmon's words why. */
  | { readonly command: 'none'; readonly reason: string };

/** A line without its newline: type, rows, columns, in decimal; what follows a third number is ignored. */
export function parseControlLine(line: Uint8Array): ControlCommand {
  const numbers = leadingNumbers(line, 3);
  if (!numbers) return ignore('Invalid control message format');
  const [type, rows, columns] = numbers as [number, number, number];
  if (type !== commandTypes.resize && type !== commandTypes.reopenLogs) {
    return ignore(`Invalid control message type: ${type}`);
  }
  const resize = checkSize(rows, columns);
  return type === commandTypes.reopenLogs && resize.command === 'resize'
    ? { command: 'reopen-logs' }
    : resize;
}

/** A line of the `winsz` fifo without its newline: rows and columns. */
export function parseWindowSizeLine(line: Uint8Array): ControlCommand {
  const numbers = leadingNumbers(line, 2);
  if (!numbers) return ignore('Failed to parse window size');
  return checkSize(numbers[0]!, numbers[1]!);
}

/** Puts lines together from reads of any size. A line over 199 bytes is dropped as a whole. */
export class ControlLines {
  readonly #parse: (line: Uint8Array) => ControlCommand;
  /** The beginning of a line whose newline has not come yet. */
  readonly #held = new Uint8Array(controlLineBytesMax - 1);
  #heldBytes = 0;
  #isDropping = false;

  /** One fifo, one of these: what one writer has begun must not end in another's line. */
  constructor(parse: (line: Uint8Array) => ControlCommand) {
    this.#parse = parse;
  }

  /** The commands that `buf[start, end)` completes. */
  feed(buf: Uint8Array, start: number, end: number): ControlCommand[] {
    const commands: ControlCommand[] = [];
    let at = start;
    for (let stop = find(buf, at, end); stop >= 0; stop = find(buf, at, end)) {
      this.#extend(buf, at, stop);
      commands.push(
        this.#isDropping
          ? ignore('Could not find newline in entire buffer')
          : this.#parse(this.#held.subarray(0, this.#heldBytes)),
      );
      this.#heldBytes = 0;
      this.#isDropping = false;
      at = stop + 1;
    }
    this.#extend(buf, at, end);
    return commands;
  }

  #extend(buf: Uint8Array, start: number, end: number): void {
    this.#isDropping ||= this.#heldBytes + end - start > this.#held.length;
    if (this.#isDropping) return;
    this.#held.set(buf.subarray(start, end), this.#heldBytes);
    this.#heldBytes += end - start;
  }
}

// Numbers as sscanf(3) reads them by %d, but each has to end where a space or the line does: `0x10` and `10.5` are
// not 0 and 10.
function leadingNumbers(line: Uint8Array, count: 2 | 3): number[] | undefined {
  const numbers: number[] = [];
  let at = 0;
  while (numbers.length < count) {
    while (isSpace(line[at])) at++;
    const start = at;
    while (at < line.length && !isSpace(line[at])) at++;
    const number = readNumber(line.subarray(start, at));
    if (number === undefined) return undefined;
    numbers.push(number);
  }
  return numbers;
}

// One that is too large to be told from its neighbours is no size or type, but it is a number.
function readNumber(field: Uint8Array): number | undefined {
  const sign = field[0] === minus ? -1 : 1;
  const digits = field[0] === minus || field[0] === plus ? field.subarray(1) : field;
  return parseSigned(field) ?? (areDigits(digits) ? sign * Number.POSITIVE_INFINITY : undefined);
}

function checkSize(rows: number, columns: number): ControlCommand {
  const isValid = [rows, columns].every(size => size >= 0 && size <= windowSizeMax);
  if (isValid) return { command: 'resize', rows, columns };
  return ignore(`Invalid window size: ${rows}x${columns} (must be between 0 and ${windowSizeMax})`);
}

function ignore(reason: string): ControlCommand {
  return { command: 'none', reason };
}

function find(buf: Uint8Array, start: number, end: number): number {
  const at = buf.indexOf(newline, start);
  return at < end ? at : -1;
}
