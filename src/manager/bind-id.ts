// Calls for one container, without its ID before each.

/** The methods `Name` of `Calls`, each of which takes an ID first, without that. */
export type BoundToId<Calls, Name extends keyof Calls> = {
  readonly [Key in Name]: Calls[Key] extends (id: string, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;
};

/** Makes them, out of `calls` and for `id`. */
export function bindToId<Calls extends object, Name extends keyof Calls>(
  calls: Calls,
  names: readonly Name[],
  id: string,
): BoundToId<Calls, Name> {
  const bound = names.map(name => [name, (calls[name] as (...args: unknown[]) => unknown).bind(calls, id)]);
  return Object.fromEntries(bound);
}
