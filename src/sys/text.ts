// Text <-> bytes. The only place in the monitor that knows how: the executable's engine brings these functions with it,
// and Node.js has its own. A string is text, always: what need not be UTF-8 is a Uint8Array, and is decoded to be shown or
// when it has turned out to be UTF-8.

/** What `conmonText` offers in the executable. Both sides keep to these words. */
export interface TextCalls {
  /** UTF-8 of a text. A surrogate without its other half is encoded as U+FFFD. */
  utf8Bytes(text: string): Uint8Array;
  /**
   * The text that bytes encode. What is not UTF-8 reads as U+FFFD, by the rules of the WHATWG decoder: one for each
   * longest beginning of a sequence that could have become one, and for each other byte. A byte order mark is a
   * character like any other, and a NUL too.
   */
  utf8Text(bytes: Uint8Array): string;
  /**
   * Length of the longest part from the start that is UTF-8 of whole characters: none that is longer than it need be,
   * no surrogates, nothing above U+10FFFF.
   */
  utf8ValidLength(bytes: Uint8Array): number;
}

declare const conmonText: TextCalls | undefined;

const calls: TextCalls = typeof conmonText === 'undefined' ? textOfNode() : conmonText;

export const utf8Bytes: TextCalls['utf8Bytes'] = calls.utf8Bytes;
export const utf8Text: TextCalls['utf8Text'] = calls.utf8Text;
export const utf8ValidLength: TextCalls['utf8ValidLength'] = calls.utf8ValidLength;

function textOfNode(): TextCalls {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true }); // it ignores that there is such a thing
  return {
    utf8Bytes: text => encoder.encode(text),
    utf8Text: bytes => decoder.decode(bytes),
    utf8ValidLength: bytes => {
      let at = 0;
      let length: number;
      do {
        length = sequenceLength(bytes, at);
        at += length;
      } while (length > 0);
      return at;
    },
  };
}

/** How many bytes the character at `at` has; 0 where none begins, or it is not whole. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at];
  if (lead === undefined) return 0;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i] ?? 0) >> 6 !== 0b10) return 0;
  // Four lead bytes leave the second one less room.
  const second = bytes[at + 1] ?? 0;
  if (lead === 0xe0 && second < 0xa0) return 0; // longer than need be
  if (lead === 0xed && second > 0x9f) return 0; // surrogates
  if (lead === 0xf0 && second < 0x90) return 0; // longer than need be
  if (lead === 0xf4 && second > 0x8f) return 0; // above U+10FFFF
  return length;
}
