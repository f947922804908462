// What src/sys/text.ts answers: in the executable that is src/engine/text.c. Says each answer to the cases that are
// meant to be hard, and a sum over those to random ones.

import { utf8Bytes, utf8Text, utf8ValidLength } from '../../../src/sys/text.ts';

const randomCases = 20_000;
const caseLengthMax = 40;

export function tell(say: (line: string) => void): void {
  chance = 12345; // the same each time
  for (const bytes of hardBytes()) say(`${hex(bytes)} ${answersFor(bytes)}`);
  for (const units of hardUnits()) say(`${hex(units)} ${encodingOf(units)}`);
  for (let block = 0; block < 10; block++) {
    let sum = 0;
    for (let i = 0; i < randomCases / 10; i++) {
      sum = addToSum(sum, answersFor(randomBytes()));
      sum = addToSum(sum, encodingOf(randomUnits()));
    }
    say(`random ${block} ${sum}`);
  }
  say(`large ${largeSums()}`);
}

function answersFor(bytes: number[]): string {
  // Not at the buffer's beginning, and with other bytes behind.
  const around = Uint8Array.of(0xe2, ...bytes, 0x80, 0x80);
  const array = around.subarray(1, 1 + bytes.length);
  return `${hex(unitsOf(utf8Text(array)))} ${utf8ValidLength(array)}`;
}

function encodingOf(units: number[]): string {
  return hex(utf8Bytes(textOf(units)));
}

// --- cases that are meant to be hard ------------------------------------------------------------------------------

/** Around each limit of the encoding. */
const edgeBytes = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
  0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xfe, 0xff,
];

function hardBytes(): number[][] {
  const all: number[][] = [[]];
  // All beginnings of sequences that go on in all ways for three bytes, and some for a fourth.
  for (const a of edgeBytes) {
    all.push([a]);
    for (const b of edgeBytes) {
      all.push([a, b]);
      for (const c of edgeBytes) {
        all.push([a, b, c]);
        if (a >= 0xf0) all.push([a, b, c, 0xbf], [a, b, c, 0x41]);
      }
    }
  }
  // Whole characters and their beginnings, alone and before something else.
  for (const character of [
    '\0',
    'é',
    '€',
    '\ufeff',
    '\uffff',
    '\ufffd',
    '😀',
    '\u{10ffff}',
    '\u{10000}',
    '\ud7ff',
    '\ue000',
  ]) {
    const bytes = [...utf8Bytes(character)];
    for (let length = 1; length <= bytes.length; length++) {
      const beginning = bytes.slice(0, length);
      all.push(
        beginning,
        [...beginning, 0x41],
        [0x41, ...beginning],
        [...beginning, ...beginning],
        [...beginning, ...bytes],
      );
    }
  }
  all.push(
    [0xef, 0xbb, 0xbf, 0x41],
    [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf],
    [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
  );
  return all;
}

function hardUnits(): number[][] {
  const edges = [
    0x00, 0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xfeff, 0xfffd,
    0xffff,
  ];
  const all: number[][] = [[]];
  for (const a of edges) {
    all.push([a]);
    for (const b of edges) {
      all.push([a, b]);
      for (const c of edges) all.push([a, b, c]);
    }
  }
  return all;
}

// --- by chance -------------------------------------------------------------------------------------------------------

let chance = 0;

function below(limit: number): number {
  chance = (Math.imul(chance, 1664525) + 1013904223) | 0;
  return ((chance >>> 8) % limit) | 0;
}

/** Mostly what is UTF-8 nearly. */
function randomBytes(): number[] {
  const bytes: number[] = [];
  for (let left = below(caseLengthMax); left > 0; left--) {
    const kind = below(8);
    if (kind === 0) bytes.push(below(256));
    else if (kind === 1) bytes.push(edgeBytes[below(edgeBytes.length)]!);
    else if (kind === 2) bytes.push(0x80 + below(0x40));
    else bytes.push(...utf8Bytes(textOf(randomCharacter())));
  }
  return bytes;
}

function randomUnits(): number[] {
  const units: number[] = [];
  for (let left = below(caseLengthMax); left > 0; left--)
    if (below(4) === 0) units.push(0xd800 + below(0x800));
    else units.push(...randomCharacter());
  return units;
}

function randomCharacter(): number[] {
  const kind = below(5);
  if (kind === 0) return [below(0x80)];
  if (kind === 1) return [below(0x800)];
  if (kind < 4) return [below(2) === 0 ? below(0xd800) : 0xe000 + below(0x2000)];
  return [0xd800 + below(0x400), 0xdc00 + below(0x400)];
}

/** Of what is longer than any buffer on the way. */
function largeSums(): string {
  const bytes = new Uint8Array(300_000);
  for (let i = 0; i < bytes.length; i++) bytes[i] = below(100) === 0 ? below(256) : below(128);
  const text = utf8Text(bytes);
  const again = utf8Bytes(text);
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0;
  for (const byte of again) sum = (Math.imul(sum, 31) + byte) | 0;
  return `${text.length} ${again.length} ${sum} ${utf8ValidLength(bytes)} ${utf8ValidLength(again)}`;
}

// --- words -----------------------------------------------------------------------------------------------------------

function textOf(units: number[]): string {
  let text = '';
  for (const unit of units) text += String.fromCharCode(unit);
  return text;
}

function unitsOf(text: string): number[] {
  const units: number[] = [];
  for (let i = 0; i < text.length; i++) units.push(text.charCodeAt(i));
  return units;
}

function hex(numbers: number[] | Uint8Array): string {
  let text = '';
  for (const number of numbers) text += `${text === '' ? '' : ','}${number.toString(16)}`;
  return `[${text}]`;
}

function addToSum(sum: number, text: string): number {
  let all = sum;
  for (let i = 0; i < text.length; i++) all = (Math.imul(all, 31) + text.charCodeAt(i)) | 0;
  return all;
}
