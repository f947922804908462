// The one loop over log lines that an interpreter is too slow for. src/logs/fill-lines.ts is the same in TypeScript, and
// says what it does; a test holds the two equal.

#include "args.h"

#include <string.h>

enum { prefix_bytes = 45, tag_at = 43, text_bytes_max = 8192 };
enum { from_at, to_at, lines_end_at, limit_at, record_at, state_fields };

napi_value call_fillLines(napi_env env, napi_callback_info info)
{
	struct args args = args_of(env, info, 4);
	size_t input_size = 0, output_size = 0, prefix_size = 0, state_size = 0;
	const uint8_t *input = args_bytes(&args, 0, 0, &input_size);
	uint8_t *output = args_bytes(&args, 1, 0, &output_size);
	const uint8_t *prefix = args_bytes(&args, 2, prefix_bytes, &prefix_size);
	int32_t *state = args_bytes(&args, 3, state_fields * sizeof(int32_t), &state_size);
	if (args.wrong || state[from_at] < 0 || state[lines_end_at] < state[from_at] || (size_t)state[lines_end_at] > input_size ||
	    state[to_at] < 0) {
		args.wrong = true;
		return answer(&args, 0);
	}
	size_t from = (size_t)state[from_at], to = (size_t)state[to_at], lines_end = (size_t)state[lines_end_at];
	size_t limit = state[limit_at] < 0 ? 0 : (size_t)state[limit_at];
	size_t record = (size_t)state[record_at];
	bool is_over = false;
	while (from < lines_end && !is_over) {
		size_t left = lines_end - from;
		const uint8_t *newline = memchr(input + from, '\n', left < text_bytes_max + 1 ? left : text_bytes_max + 1);
		size_t text = newline ? (size_t)(newline - (input + from)) : left < text_bytes_max ? left : text_bytes_max;
		if (to > output_size || output_size - to < prefix_bytes + text + 1) {
			args.wrong = true; // no room for a record: our caller's mistake
			return answer(&args, 0);
		}
		record = to;
		memcpy(output + to, prefix, prefix_bytes);
		memcpy(output + to + prefix_bytes, input + from, text);
		if (!newline)
			output[record + tag_at] = 'P';
		to += prefix_bytes + text;
		output[to++] = '\n';
		from += text + (newline ? 1 : 0);
		is_over = to > limit;
	}
	state[from_at] = (int32_t)from;
	state[to_at] = (int32_t)to;
	state[record_at] = (int32_t)record;
	return answer(&args, is_over);
}
