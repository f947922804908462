// Where conmonctl's own words end: `exec -it web ls -l` means `exec -it web -- ls -l`, as with runc and Podman.

import type { Options } from 'yargs';

/** Puts `--` before the container's command where the line has none. `words` are those after the subcommand. The
 * first word that is neither an option nor an option's value is the subcommand's own argument, the second begins
 * the command. */
export function separateCommand(
  words: readonly string[],
  options: Readonly<Record<string, Options>>,
): readonly string[] {
  let arguments_ = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') return words;
    if (word.startsWith('-') && word !== '-') {
      if (takesNext(word, options) && words[at + 1] !== '--') at += 1;
      continue;
    }
    arguments_ += 1;
    if (arguments_ === 2) return [...words.slice(0, at), '--', ...words.slice(at)];
  }
  return words;
}

/** True where the value of the option is the next word: `-e A=1`, `-ite A=1`, `--env A=1`, but not `--env=A=1`. */
function takesNext(word: string, options: Readonly<Record<string, Options>>): boolean {
  if (word.includes('=')) return false;
  if (word.startsWith('--')) return takesValue(word.slice(2), options);
  const letters = [...word.slice(1)];
  const first = letters.findIndex(letter => takesValue(letter, options));
  return first === letters.length - 1;
}

function takesValue(name: string, options: Readonly<Record<string, Options>>): boolean {
  for (const [long, option] of Object.entries(options)) {
    const aliases: readonly string[] = [option.alias ?? []].flat();
    if (long === name || aliases.includes(name)) return option.type !== 'boolean';
  }
  return false;
}
