/**
 * Which of many words stand in a text, whatever their case, told in one pass over it: an expression for each group of words
 * would read most texts a dozen times. The passes that know the words ask for their group before they begin.
 *
 * Three letters, five bits of each, are the number of a row that says whose words begin, end or have their rarest part so; a
 * row that says anything is looked at in full.
 */
export interface Signs {
  /** The groups of which a word stands in the text, as bits. */
  readonly groups: number;
  /** Nothing but ASCII. */
  readonly isAscii: boolean;
}

interface Word {
  readonly letters: Uint8Array;
  /** Letters of the word up to the third of its row. */
  readonly upTo: number;
  readonly group: number;
  /** No letter stands before it, or behind it. */
  readonly begins: boolean;
  readonly ends: boolean;
}

/** Letters by how frequent they are, by their five bits; the rest is rare. */
const FREQUENT = Array.from(" etaoinsrhldcumfpgwybvkxjqz", (letter) => letter.charCodeAt(0) & 31);
const frequency = (code: number): number => {
  const rank = FREQUENT.indexOf(code & 31);
  return rank === -1 ? 0 : FREQUENT.length - rank;
};
const rowOf = (first: number, second: number, third: number): number =>
  ((first & 31) << 10) | ((second & 31) << 5) | (third & 31);

/** Shorter texts are read as they are: to copy them costs more. */
const SHORT = 48;
const PIECE = 32_768;
const bytes: Buffer = Buffer.allocUnsafeSlow(PIECE);

/**
 * @param groups words of at least two letters, ASCII; with `|` before or behind where no letter may stand there. At most
 *   eight groups, whose bits are 1, 2, 4, …
 */
export function createGlance(groups: readonly (readonly string[])[]): (text: string) => Signs {
  const rows = new Uint8Array(0x80_00);
  const words = new Map<number, Word[]>();
  let longest = 0;
  for (const [index, group] of groups.entries())
    for (const marked of group) {
      const word = marked.replace(/^\||\|$/g, "");
      longest = Math.max(longest, marked.length + 1);
      for (const [row, upTo] of rowsOf(word)) {
        rows[row] = (rows[row] ?? 0) | (1 << index);
        const letters = Uint8Array.from(word, (letter) => folded(letter.charCodeAt(0)));
        const one = {
          letters,
          upTo,
          group: 1 << index,
          begins: marked.startsWith("|"),
          ends: marked.endsWith("|"),
        };
        words.set(row, [...(words.get(row) ?? []), one]);
      }
    }
  const all = 2 ** groups.length - 1;

  /** The groups of `wanted` whose words stand where a row ends at `at`. */
  function found(row: number, at: number, wanted: number, length: number, text: string | undefined): number {
    const letter = (place: number): number =>
      folded((text === undefined ? bytes[place] : text.charCodeAt(place)) ?? 0);
    let bits = 0;
    for (const { letters, upTo, group, begins, ends } of words.get(row) ?? []) {
      const start = at + 1 - upTo;
      const end = start + letters.length;
      if ((group & wanted) === 0 || start < 0 || end > length) continue;
      let same = 0;
      while (same < letters.length && letter(start + same) === letters[same]) same++;
      if (same < letters.length) continue;
      if (begins && start > 0 && isLetter(letter(start - 1))) continue;
      if (ends && end < length && isLetter(letter(end))) continue;
      bits |= group;
    }
    return bits;
  }

  function inShort(text: string): Signs {
    let wanted = all;
    let row = 0;
    let letters = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      letters |= code;
      row = ((row << 5) | (code & 31)) & 0x7f_ff;
      if (((rows[row] ?? 0) & wanted) !== 0) wanted &= ~found(row, at, wanted, text.length, text);
    }
    return { groups: all & ~wanted, isAscii: letters < 128 };
  }

  function inPiece(length: number, searched: number): number {
    let wanted = searched;
    let row = 0;
    for (let at = 0; at < length; at++) {
      row = ((row << 5) | ((bytes[at] ?? 0) & 31)) & 0x7f_ff;
      if (((rows[row] ?? 0) & wanted) !== 0) wanted &= ~found(row, at, wanted, length, undefined);
    }
    return wanted;
  }

  return (text) => {
    if (text.length < SHORT) return inShort(text);
    let wanted = all;
    // Of a letter that is no Latin one a byte is left, which at most lets a word be seen that is none.
    for (let from = 0; from < text.length && wanted !== 0; from += PIECE - longest) {
      const piece = text.length <= PIECE ? text : text.slice(from, from + PIECE);
      wanted = inPiece(bytes.write(piece, 0, "latin1"), wanted);
      if (from + PIECE >= text.length) break;
    }
    return { groups: all & ~wanted, isAscii: Buffer.byteLength(text) === text.length };
  };
}

const isLetter = (code: number): boolean => code >= 97 && code <= 122;
const folded = (code: number): number => (code >= 65 && code <= 90 ? code | 32 : code);

/** The rarest three letters of a word, and how many there are up to the third; of two letters every row that ends so. */
function rowsOf(word: string): [row: number, upTo: number][] {
  const codes = Array.from(word, (letter) => letter.charCodeAt(0));
  const [first = 0, second = 0] = codes;
  if (codes.length === 2) return Array.from({ length: 32 }, (_, before) => [rowOf(before, first, second), 2]);
  let best: [number, number] = [0, 0];
  let rarest = Number.POSITIVE_INFINITY;
  for (let at = 0; at + 3 <= codes.length; at++) {
    const [a = 0, b = 0, c = 0] = codes.slice(at, at + 3);
    const often = frequency(a) * frequency(b) * frequency(c);
    if (often >= rarest) continue;
    rarest = often;
    best = [rowOf(a, b, c), at + 3];
  }
  return [best];
}
