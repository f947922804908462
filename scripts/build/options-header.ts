// The launcher's options.h. It must know whether --sync is given before there is a monitor, so it needs to know which
// arguments are the values of other options; and it answers --version and --help.

import { formatHelp } from '../../src/options/help.ts';
import { type OptionEntry, optionTable } from '../../src/options/table.ts';
import { formatVersion } from '../../src/options/version.ts';

/** The header: `value_options`, ended by NULL, `takes_value(arg)`, `is_flag(arg, "--sync")`, `version_text` and
 * `help_text`. */
export function optionsHeader(commit: string): string {
  const entries: readonly OptionEntry[] = optionTable.filter(entry => entry.kind !== 'flag');
  const names = entries.flatMap(({ long, short }) =>
    short === undefined ? [`--${long}`] : [`--${long}`, `-${short}`],
  );
  return `// Made from src/options/ by scripts/build/options-header.ts.

#ifndef CONMON_OPTIONS_H
#define CONMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char version_text[] = ${JSON.stringify(formatVersion(commit))};
static const char help_text[] = ${JSON.stringify(formatHelp())};

// The options that take a value.
static const char *const value_options[] = {
${names.map(name => `\t"${name}",\n`).join('')}\tNULL,
};

// Whether the argument after this one is its value. GLib reads -tic ID as -t -i -c ID: a letter anywhere in a
// cluster takes the next argument, never the rest of the cluster, and --name=value holds its own.
static inline bool takes_value(const char *arg)
{
	bool is_cluster = arg[0] == '-' && arg[1] != '-';
	for (const char *const *option = value_options; *option; option++) {
		bool is_letter = (*option)[1] != '-';
		if (is_letter ? is_cluster && strchr(arg + 1, (*option)[1]) : strcmp(arg, *option) == 0)
			return true;
	}
	return false;
}

// Whether an argument is this flag, such as --sync. GLib takes --sync=no for it too.
static inline bool is_flag(const char *arg, const char *flag)
{
	size_t length = strlen(flag);
	return strncmp(arg, flag, length) == 0 && (arg[length] == '\\0' || arg[length] == '=');
}

#endif
`;
}
