/** What the caller is told: its words go to stderr, or to the log file and stderr, as runc's do. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
}

/** Go's form of a failed call, `open x: no such file or directory`, which is what runc's callers see. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  const words = code === undefined ? undefined : goWords[code];
  if (words === undefined) return error.message;
  return path === undefined ? `${syscall}: ${words}` : `${syscall} ${path}: ${words}`;
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

const goWords: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ECONNREFUSED: 'connection refused',
  EEXIST: 'file exists',
  EINVAL: 'invalid argument',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  ESRCH: 'no such process',
};
