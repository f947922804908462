// Texts of others, cut to a bound.

/** The text, or its first and last parts with a word between them of how much is left out. */
export function boundText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const half = Math.floor(lengthMax / 2);
  return `${text.slice(0, half)}\n[${text.length - 2 * half} characters left out]\n${text.slice(-half)}`;
}
