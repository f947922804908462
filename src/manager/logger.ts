// Where the library says what it does, for whoever looks for a fault. What a caller has to know is an error or a result.

/** Takes what the library has to say: first what it is about, an error as `err`, then the words. A logger of pino's is
 * one, `console` is one, and so is any object with these four. They return at once, and throw nothing. */
export interface Logger {
  /** Each call of the OCI runtime, and how it ended. */
  debug(facts: object, message: string): void;
  /** What was done without being asked for, such as taking over what another process has begun. */
  info(facts: object, message: string): void;
  /** What goes on with less than it should have. */
  warn(facts: object, message: string): void;
  /** What could not be done, where no call is left that could say so. */
  error(facts: object, message: string): void;
}
