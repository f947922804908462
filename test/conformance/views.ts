// How things look in an observation: text that can be compared, read, and printed.

import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d /;
/** Of a longer line the ends are shown, and how long it is. */
const shownCharactersMax = 200;

/** A file's bytes; what is there instead of a file. */
export function viewFile(path: string): string {
  return view(path, text => text);
}

/** A log's records, their times masked. A time of another form than k8s-file's stays. */
export function viewLog(path: string): string {
  return view(path, text =>
    text
      .split('\n')
      .map(line => line.replace(timestamp, 'TIME '))
      .join('\n'),
  );
}

function view(path: string, mask: (text: string) => string): string {
  try {
    // Reading a fifo would wait for ever.
    return lstatSync(path).isFile() ? viewBytes(mask(readFileSync(path, 'latin1'))) : '(no file)';
  } catch (error) {
    return `(${(error as NodeJS.ErrnoException).code})`;
  }
}

/** `text` is latin1. What has no newline at its end says so. */
export function viewBytes(text: string): string {
  if (text === '') return '(empty)';
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else lines.push(`${lines.pop()}(no newline)`);
  return lines.map(viewLine).join('\n');
}

function viewLine(line: string): string {
  const shown =
    line.length <= shownCharactersMax
      ? line
      : `${line.slice(0, 60)}(… ${line.length} bytes in all …)${line.slice(-20)}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be shown
  return shown.replaceAll(/[\x00-\x1f\x7f-\xff]/g, character => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return character === '\t' ? '\\t' : character === '\r' ? '\\r' : `\\x${code}`;
  });
}

/** What is below `dir`: type, mode, path, and where a link leads. */
export function viewTree(dir: string, below = ''): string[] {
  return readdirSync(join(dir, below))
    .sort()
    .flatMap(name => {
      const path = join(below, name);
      const stat = lstatSync(join(dir, path));
      const type = stat.isDirectory()
        ? 'dir '
        : stat.isFIFO()
          ? 'fifo'
          : stat.isSocket()
            ? 'sock'
            : stat.isSymbolicLink()
              ? 'link'
              : 'file';
      const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
      const target = type === 'link' ? ` -> ${readlinkSync(join(dir, path))}` : '';
      return [`${type} ${mode} ${path}${target}`, ...(type === 'dir ' ? viewTree(dir, path) : [])];
    });
}
