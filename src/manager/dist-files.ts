// Where the files are that the build makes: in the package's dist, or, where a bundler has made one file of the library
// and a program, beside that file. Neither the environment nor a directory further up has a say: what is found is run.

import { dirname, join } from 'node:path';

/** A bundle for `require` has no import.meta, and a module no __filename. */
const here = import.meta.filename ?? __filename;

/** False where this is the package's own file, src/manager in a checkout or lib/manager in a package. */
export const isBundled = !/\/(src|lib)\/manager\/dist-files\.[jt]s$/.test(here);

/** Path of a file of dist, be it there or not. */
export function distFile(name: string): string {
  return isBundled ? join(dirname(here), name) : join(dirname(here), '../../dist', name);
}
