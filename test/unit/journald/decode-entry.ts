// The journal's side of its native protocol, after systemd's "Native Journal Protocol" page: an entry's fields.

/** The fields of an entry, in order. Values are text; `latin1` keeps every byte. Throws where an entry is malformed. */
export function decodeEntry(entry: Uint8Array, encoding: 'utf8' | 'latin1' = 'utf8'): [string, string][] {
  const bytes = Buffer.from(entry);
  const fields: [string, string][] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf(0x0a, at);
    if (lineEnd < 0) throw new Error('a field without its end');
    const line = bytes.subarray(at, lineEnd);
    const equals = line.indexOf(0x3d);
    if (equals >= 0) {
      fields.push([String(line.subarray(0, equals)), line.subarray(equals + 1).toString(encoding)]);
      at = lineEnd + 1;
      continue;
    }
    const valueAt = lineEnd + 1 + 8;
    const valueEnd = valueAt + Number(bytes.readBigUInt64LE(lineEnd + 1));
    if (bytes[valueEnd] !== 0x0a) throw new Error('a field whose length is wrong');
    fields.push([String(line), bytes.toString(encoding, valueAt, valueEnd)]);
    at = valueEnd + 1;
  }
  return fields;
}
