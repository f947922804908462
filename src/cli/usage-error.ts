/** A command line that can't be right. `command` is the subcommand whose help tells how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'ERR_USAGE';
  command: string | undefined;

  constructor(message: string, options: ErrorOptions & { readonly command?: string | undefined } = {}) {
    super(message, options);
    this.command = options.command;
  }
}
