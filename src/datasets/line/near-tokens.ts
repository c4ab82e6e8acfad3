import { ABOUT, FIRST, FLAGS, hashesOf, OPENS, phrasesFrom, placeOf, SHORTLY, STOP } from "./near-words.ts";

/** Words of a text that may itself be what is asked about. */
const SHORT_TEXT = 25;

/**
 * A text as tokens, for likeness: words without case and punctuation; and what must be the same, whole (numbers, ids,
 * addresses, dates, symbols, code, tables). Scripts without spaces are read as pairs of characters. Linear.
 */
export class Tokens {
  count = 0;
  /** How many are said for more than politeness. */
  content = 0;
  /** Whether the text may be about words themselves: then each counts as it is written. */
  isAboutWords = false;
  /** Two hashes of each token. */
  hashes = new Int32Array(2048);
  /** What each is, in bits. */
  flags = new Uint8Array(1024);
  /** Where in the lists each stands; 0: in none. */
  places = new Uint16Array(1024);
  #first = FIRST;
  #isShortlyAbout = false;
  readonly #openings: number[] = [];

  clear(): void {
    this.count = 0;
    this.content = 0;
    this.isAboutWords = false;
    this.#isShortlyAbout = false;
    this.#first = FIRST;
  }

  /** What follows is of another sentence or line. */
  endSentence(): void {
    this.#first = FIRST;
  }

  add(hash: number, other: number, flags = 0, place = 0): void {
    if (this.count === this.flags.length) this.#grow();
    const at = this.count++;
    this.hashes[at * 2] = hash;
    this.hashes[at * 2 + 1] = other;
    this.flags[at] = flags | this.#first;
    this.places[at] = place;
    this.#first = 0;
    if ((flags & STOP) === 0) this.content++;
  }

  addText(text: string, flags = 0): void {
    const [hash, other] = hashesOf(text);
    this.add(hash, other, flags);
  }

  /** A word: looked up in the lists. */
  addWord(hash: number, other: number): void {
    const place = placeOf(hash);
    const flags = FLAGS[place] as number;
    if ((flags & (ABOUT | SHORTLY | OPENS)) !== 0) this.#note(flags);
    this.add(hash, other, flags, place);
  }

  #note(flags: number): void {
    if ((flags & ABOUT) !== 0) this.isAboutWords = true;
    if ((flags & SHORTLY) !== 0) this.#isShortlyAbout = true;
    if ((flags & OPENS) !== 0) this.#openings.push(this.count);
  }

  /** Once the text is read: polite phrases may be left out. */
  end(): void {
    if (this.#isShortlyAbout && this.count < SHORT_TEXT) this.isAboutWords = true;
    if (this.#openings.length === 0) return;
    for (const at of this.#openings) {
      const phrase = phrasesFrom(this.hashes[at * 2] as number).find((words) => this.#says(words, at));
      for (let k = 0; k < (phrase?.length ?? 0); k++) this.#leaveOut(at + k);
    }
    this.#openings.length = 0;
  }

  #says(words: readonly number[], at: number): boolean {
    return at + words.length <= this.count && words.every((word, k) => this.hashes[(at + k) * 2] === word);
  }

  #leaveOut(at: number): void {
    const flags = this.flags[at] as number;
    if ((flags & STOP) === 0) this.content--;
    this.flags[at] = STOP | (flags & FIRST);
  }

  #grow(): void {
    const larger = <T extends Int32Array | Uint8Array | Uint16Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    const size = this.flags.length * 2;
    this.hashes = larger(this.hashes, new Int32Array(size * 2));
    this.flags = larger(this.flags, new Uint8Array(size));
    this.places = larger(this.places, new Uint16Array(size));
  }
}
