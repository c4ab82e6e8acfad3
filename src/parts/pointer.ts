/**
 * What stands in an episode in the place of a part that lies in a file. Bytes that were base64:
 * `data:image/png;base64,lightning-bytes:image/png;5000;<sha-256>`, behind whatever stood in front of the base64. A text:
 * its beginning, then `...lightning-text:90000;<sha-256>`. The number is that of bytes. A pointer counts only where the
 * episode names its hash among its `parts`: whoever writes one into a message points at nothing.
 */
export const BYTES_POINTER = "lightning-bytes:";
export const TEXT_POINTER = "lightning-text:";

/** What a part is known by; `type`: the media type of bytes, absent for a text. */
export interface PartFacts {
  /** Of what is stored, in hex. */
  readonly sha256: string;
  readonly bytes: number;
  readonly type?: string | undefined;
}
export interface Pointer extends PartFacts {
  /** What stands in front of the pointer: the head of a `data:` URL, or the beginning of a text. */
  readonly before: string;
}

/** Between a text's beginning and its pointer. */
const GOES_ON = "...";
const POINTED = /(?:lightning-bytes:([^;]{1,120});|\.\.\.lightning-text:)(\d{1,12});([0-9a-f]{64})$/;
/** Longer than any pointer. */
const LONGEST = 300;

export const SHA256 = /^[0-9a-f]{64}$/;
/** A media type without parameters. It is told beside a part, which is never served under it. */
export const MEDIA_TYPE = /^[a-z0-9][a-z0-9.+-]{0,59}\/[a-z0-9][a-z0-9.+-]{0,59}$/;

/** What stands in the place of bytes. */
export const bytesPointer = ({ type = "unknown", bytes, sha256 }: PartFacts): string =>
  `${BYTES_POINTER}${type};${bytes};${sha256}`;

/** What stands in the place of a text. */
export const textPointer = (beginning: string, { bytes, sha256 }: PartFacts): string =>
  `${beginning}${GOES_ON}${TEXT_POINTER}${bytes};${sha256}`;

/** The pointer that a text ends with; undefined: it is a text like others. */
export function pointerIn(text: string): Pointer | undefined {
  const from = Math.max(0, text.length - LONGEST);
  const found = POINTED.exec(text.slice(from));
  if (found === null) return undefined;
  const [, type, bytes, sha256 = ""] = found;
  return { before: text.slice(0, from + found.index), type, bytes: Number(bytes), sha256 };
}
