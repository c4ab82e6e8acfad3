/**
 * The port for dataset files. A key is made by us from ids and dates (`dataset-…/train.jsonl`), never from a request:
 * segments of letters, digits, `.`, `_`, `-`, joined by `/`; anything else is refused with `invalid` `bad_file_key`.
 */
export interface StoredFile {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Files {
  /**
   * Writes the whole stream under the key; readers see the old content or the new, never a part.
   * Writing the same content again is idempotent. A piece is taken before the next is asked for: its memory may then be
   * used again.
   */
  write(key: string, content: AsyncIterable<Uint8Array | string>): Promise<StoredFile>;
  /**
   * The bytes, in pieces.
   * @param into memory that the pieces may lie in, each only until the next is asked for: a reader of gigabytes that
   * copies what it wants then makes no garbage
   * @throws LightningError not_found `file_missing`
   */
  read(key: string, into?: Uint8Array): AsyncIterable<Uint8Array>;
  /** Some bytes of a file, fewer where it ends before. @throws LightningError not_found `file_missing` */
  readRange(key: string, from: number, bytes: number): Promise<Uint8Array>;
  /** `version` is another after every change of the file, whoever made it. Undefined: there is none. */
  stat(key: string): Promise<{ readonly bytes: number; readonly version: string } | undefined>;
  /** Keys under a prefix that ends with `/`, sorted. */
  list(prefix: string): Promise<string[]>;
  /** Missing is fine. */
  delete(key: string): Promise<void>;
  /** Where a person would look for it: a path or URL, for replies only. */
  locate(key: string): string;
}

/** Lines of a JSONL file without their line ends, one at a time; a byte-order mark is dropped. */
export async function* lines(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: false });
  // The pieces of an unfinished line are joined once, at its end: a line of any length is read in linear time.
  let pending: string[] = [];
  const finish = (end: string) => {
    const line = pending.length === 0 ? end : [...pending, end].join("");
    pending = [];
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  };
  for await (const piece of content) {
    const text = decoder.decode(piece, { stream: true });
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      yield finish(text.slice(start, end));
      start = end + 1;
    }
    if (start < text.length) pending.push(text.slice(start));
  }
  const last = finish(decoder.decode());
  if (last !== "") yield last;
}
