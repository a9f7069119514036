/** One word of a POSIX shell, quoted only where it must be. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

/** Words as one line of a POSIX shell. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(" ");
}
