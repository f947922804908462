// A change that the build makes in an engine's source.

export interface Change {
  readonly why: string;
  /** The file of the engine, quickjs.c when not given. */
  readonly file?: string;
  /** What is replaced: a text, or a global regular expression. */
  readonly find: string | RegExp;
  /** How often it stands in the file; any other number fails the build. */
  readonly times: number;
  /** What is put in its place, with `$1` for the expression's groups. */
  readonly put: string;
}
