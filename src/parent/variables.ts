// One variable of an environment that is kept as bytes.

/** The value of `name` in `environ` (each variable with its NUL), decoded as UTF-8; undefined if it is not set. */
export function readVariable(environ: Uint8Array, name: string): string | undefined {
  const prefix = `${name}=`;
  for (let start = 0; start < environ.length; ) {
    const nul = environ.indexOf(0, start);
    const end = nul < 0 ? environ.length : nul;
    if (startsWith(environ, start, prefix))
      return new TextDecoder().decode(environ.subarray(start + prefix.length, end));
    start = end + 1;
  }
  return undefined;
}

/** Whether `text`, in ASCII, stands at `at` in `bytes`. */
export function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
