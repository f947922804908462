// What the options were given, by their names in the table; nothing is checked against anything else yet.

import { type OptionEntry, type OptionKind, optionTable } from './table.ts';

/** The names of the options of one kind, without those that are only an older name. */
export type NameOf<Kind extends OptionKind> = Exclude<
  Extract<(typeof optionTable)[number], { readonly kind: Kind }>,
  { readonly aliasOf: string }
>['long'];

/** A parsed command line. An option that is an older name of another fills the other's value. */
export interface RawValues {
  /** Whether the flag was given. */
  flag(name: NameOf<'flag'>): boolean;
  /** The last value given. */
  string(name: NameOf<'string'>): string | undefined;
  /** All values, in the order in which they were given. */
  strings(name: NameOf<'strings'>): readonly string[];
  /** The last value given; one beyond 2^53 is rounded. */
  integer(name: NameOf<'int' | 'int64'>): number | undefined;
}

/** Collects values while a command line is parsed. */
export class CollectedValues implements RawValues {
  readonly #flags = new Set<string>();
  readonly #strings = new Map<string, string[]>();
  readonly #integers = new Map<string, number>();

  setFlag(entry: OptionEntry): void {
    this.#flags.add(entry.long);
  }

  addString(entry: OptionEntry, value: string): void {
    const name = entry.aliasOf ?? entry.long;
    const values = this.#strings.get(name);
    if (values === undefined) this.#strings.set(name, [value]);
    else values.push(value);
  }

  setInteger(entry: OptionEntry, value: number): void {
    this.#integers.set(entry.long, value);
  }

  flag(name: NameOf<'flag'>): boolean {
    return this.#flags.has(name);
  }

  string(name: NameOf<'string'>): string | undefined {
    const values = this.strings(name as NameOf<'strings'>);
    return values.length === 0 ? undefined : values[values.length - 1]; // [-1] would make a name of it
  }

  strings(name: NameOf<'strings'>): readonly string[] {
    return this.#strings.get(name) ?? [];
  }

  integer(name: NameOf<'int' | 'int64'>): number | undefined {
    return this.#integers.get(name);
  }
}

/** The table by long name, and by short letter. */
export const optionsByLong: ReadonlyMap<string, OptionEntry> = indexTable(entry => entry.long);
export const optionsByShort: ReadonlyMap<string, OptionEntry> = indexTable(entry => entry.short);

function indexTable(keyOf: (entry: OptionEntry) => string | undefined): ReadonlyMap<string, OptionEntry> {
  const index = new Map<string, OptionEntry>();
  for (const entry of optionTable) {
    const key = keyOf(entry);
    if (key !== undefined) index.set(key, entry);
  }
  return index;
}
