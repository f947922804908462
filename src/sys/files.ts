// Files as a whole: read one, write all of it, replace one in a single step.

import { O_CLOEXEC, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } from './constants.ts';
import { EEXIST, EINTR, EIO } from './errno.ts';
import { randomName } from './random-name.ts';
import type { Sys } from './sys.ts';
import { utf8Bytes, utf8Text, utf8ValidLength } from './text.ts';
import { untilDone } from './until-done.ts';

/** How many names are tried for a temporary file before EEXIST is believed. */
const temporaryNamesMax = 100;
const randomCharacters = 8;
/** NAME_MAX of Linux's file systems. */
export const fileNameBytesMax = 255;

/** The file's first `bytesMax` bytes, or -errno. */
export function readFile(sys: Sys, path: string, bytesMax: number): Uint8Array | number {
  const fd = sys.open(path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  const answer = readAll(sys, fd, bytesMax);
  sys.close(fd);
  return answer;
}

/** What is left to be read of an open file, `bytesMax` bytes at most, or -errno. */
export function readAll(sys: Sys, fd: number, bytesMax: number): Uint8Array | number {
  const buf = new Uint8Array(bytesMax);
  let length = 0;
  let got: number;
  do {
    got = untilDone(() => sys.read(fd, buf, length, bytesMax - length));
    if (got > 0) length += got;
  } while (got > 0 && length < bytesMax);
  return got < 0 ? got : buf.subarray(0, length);
}

/** Writes all of `bytes`, in as many calls as it takes. Returns 0 or -errno. */
export function writeAll(sys: Sys, fd: number, bytes: Uint8Array): number {
  for (let done = 0; done < bytes.length; ) {
    const written = untilDone(() => sys.write(fd, bytes, done, bytes.length - done));
    if (written <= 0) return written || -EIO;
    done += written;
  }
  return 0;
}

/** Replaces the file at `path`, or makes it, so that a reader sees all of `bytes` or what was there before.
 * `mode` is subject to the umask. Returns 0, or -errno with nothing left behind. */
export function replaceFile(sys: Sys, path: string, bytes: Uint8Array, mode: number): number {
  let fd = -EEXIST;
  let temporary = '';
  for (let i = 0; fd === -EEXIST && i < temporaryNamesMax; i++) {
    temporary = temporaryName(sys, path);
    fd = sys.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  }
  if (fd < 0) return fd;
  let answer = writeAll(sys, fd, bytes);
  const closed = sys.close(fd);
  answer ||= closed < 0 && closed !== -EINTR ? closed : 0;
  if (answer === 0) answer = sys.rename(temporary, path);
  if (answer < 0) sys.unlink(temporary);
  return answer;
}

// The leading dot and the trailing tilde keep it from being taken for a container's ID by those who watch the
// directory. It is a file name wherever the file's own is one: the end of a long name is left out.
function temporaryName(sys: Sys, path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  const end = `.${randomName(sys, randomCharacters)}~`;
  const name = utf8Bytes(path.slice(slash)).subarray(0, fileNameBytesMax - 1 - end.length);
  return `${path.slice(0, slash)}.${utf8Text(name.subarray(0, utf8ValidLength(name)))}${end}`;
}
