// The one loop over log lines that an interpreter is too slow for. src/logs/fill-lines.ts is the same in TypeScript, and
// says what it does; a test holds the two equal.

#include "args.h"

#include <stddef.h>
#include <string.h>

enum { prefix_bytes = 45, tag_at = 43, text_bytes_max = 8192 };
enum { from_at, to_at, lines_end_at, limit_at, record_at, state_fields };

// Sixteen bytes, in what every processor that we build for has a register for.
typedef uint8_t vector __attribute__((vector_size(16)));
enum { vector_bytes = sizeof(vector), vectors_at_once = 4 };

static inline vector copy_vector(uint8_t *to, const uint8_t *from)
{
	vector bytes;
	memcpy(&bytes, from, vector_bytes);
	memcpy(to, &bytes, vector_bytes);
	return bytes;
}

// Bytes of all ones where the text has a newline.
static inline vector find_newlines(vector bytes)
{
	const vector newlines = {10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10};
	return (vector)(bytes == newlines);
}

// The index of the first byte that is not 0; vector_bytes where all are.
static inline size_t first_set(vector bytes)
{
	uint64_t halves[2];
	memcpy(halves, &bytes, vector_bytes);
	if (halves[0])
		return (size_t)__builtin_ctzll(halves[0]) / 8; // the first byte is the lowest: we build for little-endian processors
	return halves[1] ? 8 + (size_t)__builtin_ctzll(halves[1]) / 8 : vector_bytes;
}

// Copies the line at `from` to `to`, as far as its newline, which is not copied, or `most` bytes. Returns its length.
// Up to a vector's bytes are read and written behind `most`: there must be room.
static size_t copy_line(uint8_t *to, const uint8_t *from, size_t most)
{
	size_t at = 0;
	for (; at < most; at += vector_bytes) {
		// Long lines, without a look at each vector by itself.
		while (at % (vectors_at_once * vector_bytes) == 0 && most - at >= vectors_at_once * vector_bytes) {
			vector found = {0};
			for (size_t i = 0; i < vectors_at_once; i++)
				found |= find_newlines(copy_vector(to + at + i * vector_bytes, from + at + i * vector_bytes));
			if (first_set(found) < vector_bytes)
				break;
			at += vectors_at_once * vector_bytes;
		}
		size_t first = at < most ? first_set(find_newlines(copy_vector(to + at, from + at))) : vector_bytes;
		if (first < vector_bytes)
			return at + first < most ? at + first : most;
	}
	return most;
}

// The same where there is no room behind.
static size_t copy_last_line(uint8_t *to, const uint8_t *from, size_t most)
{
	const uint8_t *newline = memchr(from, '\n', most);
	size_t length = newline ? (size_t)(newline - from) : most;
	memcpy(to, from, length);
	return length;
}

static inline bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

// Length of the character of UTF-8 that begins with that byte; 1 where none does.
static size_t character_bytes(uint8_t first)
{
	if (first < 0xc2 || first > 0xf4)
		return 1;
	if (first < 0xe0)
		return 2;
	return first < 0xf0 ? 3 : 4;
}

// How many of the last bytes before `cut` are the beginning of a character that goes on at `cut`: 0 to 3.
static size_t split_character_bytes(const uint8_t *cut)
{
	if (!is_continuation(*cut))
		return 0;
	for (size_t bytes = 1; bytes < 4; bytes++)
		if (!is_continuation(cut[-(ptrdiff_t)bytes]))
			return character_bytes(cut[-(ptrdiff_t)bytes]) > bytes ? bytes : 0;
	return 0;
}

napi_value call_fillLines(napi_env env, napi_callback_info info)
{
	struct args args = args_of(env, info, 4);
	size_t input_size = 0, output_size = 0, prefix_size = 0, state_size = 0;
	const uint8_t *input = args_bytes(&args, 0, 0, &input_size);
	uint8_t *output = args_bytes(&args, 1, 0, &output_size);
	const uint8_t *prefix = args_bytes(&args, 2, prefix_bytes, &prefix_size);
	int32_t *state = args_int32s(&args, 3, state_fields, &state_size);
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
		size_t most = left < text_bytes_max ? left : text_bytes_max;
		if (to > output_size || output_size - to < prefix_bytes + most + 1) {
			args.wrong = true; // no room for a record: our caller's mistake
			return answer(&args, 0);
		}
		bool has_room = input_size - from >= most + vector_bytes && output_size - to >= prefix_bytes + most + vector_bytes;
		record = to;
		memcpy(output + to, prefix, prefix_bytes);
		to += prefix_bytes;
		size_t text = (has_room ? copy_line : copy_last_line)(output + to, input + from, most);
		bool is_line = text < left && input[from + text] == '\n';
		if (!is_line) {
			output[record + tag_at] = 'P';
			if (text < left)
				text -= split_character_bytes(input + from + text);
		}
		to += text;
		from += text + is_line;
		output[to++] = '\n';
		is_over = to > limit;
	}
	state[from_at] = (int32_t)from;
	state[to_at] = (int32_t)to;
	state[record_at] = (int32_t)record;
	return answer(&args, is_over);
}
