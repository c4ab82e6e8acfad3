/** Bytes of a golden file in one request, unless one line is longer: as JSON they grow, and one request takes 32 MiB. */
export const GOLDEN_PAGE = 8 * 1024 * 1024;

const LINE_END = 10;

/** A text's bytes as pages of whole lines: as many as fit in so many bytes, or one longer line. */
export async function* pagesOf(content: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<string> {
  let whole: Uint8Array[] = [];
  let wholeBytes = 0;
  let open: Uint8Array[] = [];
  let openBytes = 0;
  for await (const piece of content) {
    let from = 0;
    for (let end = piece.indexOf(LINE_END); end >= 0; end = piece.indexOf(LINE_END, from)) {
      const line = [...open, piece.subarray(from, end + 1)];
      const bytes = openBytes + end + 1 - from;
      if (wholeBytes > 0 && wholeBytes + bytes > most) {
        yield decoded(Buffer.concat(whole));
        [whole, wholeBytes] = [[], 0];
      }
      whole.push(...line);
      wholeBytes += bytes;
      [open, openBytes] = [[], 0];
      from = end + 1;
    }
    if (from === piece.length) continue;
    open.push(piece.subarray(from));
    openBytes += piece.length - from;
  }
  if (wholeBytes > 0 && wholeBytes + openBytes > most) {
    yield decoded(Buffer.concat(whole));
    [whole, wholeBytes] = [[], 0];
  }
  if (wholeBytes + openBytes > 0) yield decoded(Buffer.concat([...whole, ...open]));
}

/** A byte-order mark stays, since some are asked for. @throws when the bytes are no UTF-8: nothing is put in their place */
export function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error("it is not UTF-8; save it as UTF-8");
  }
}

/** Keeps one page; its lines are numbered on from the page before. */
type SendPage = (
  content: string,
  firstLine: number,
) => Promise<{ readonly part?: unknown; readonly read?: unknown }>;

/**
 * Sends a golden file page by page; no more than one of them is in memory.
 * @returns what `buildGoldenDataset` takes as `parts`
 */
export async function sendGolden(pages: AsyncIterable<string>, send: SendPage): Promise<string[]> {
  const parts: string[] = [];
  let firstLine = 1;
  for await (const content of pages) {
    const { part, read } = await send(content, firstLine);
    parts.push(String(part));
    firstLine += Number(read);
  }
  return parts;
}
