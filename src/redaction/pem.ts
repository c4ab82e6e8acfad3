import { type Hits, replaced } from "./hits.ts";

/** Private keys as text (RFC 7468, OpenSSH, PGP, PuTTY) and as JSON Web Keys (RFC 7517, 7518). */

const BEGIN = "-----BEGIN ";
/** What is meant to be shown: certificates, public keys, requests, parameters, signatures. */
const PUBLIC = /PUBLIC|CERTIFICATE|CRL|PARAMETERS|SIGNATURE|MESSAGE|PKCS7|CMS/;
const LABEL = /^([A-Z0-9 ]{0,60})(?:-----|$)/;
const BASE64 = /[A-Za-z0-9+/]{12}/;
const PUTTY = /^(Private-Lines: \d{1,3})((?:\r?\n|\\r\\n|\\n)[A-Za-z0-9+/=]{1,128}(?![\w+/=:-]))+/gm;
/** A member of a key in a text that is not JSON as a whole. */
const MEMBER =
  /((?:\\{0,6}["'])(?:d|p|q|dp|dq|qi|k)(?:\\{0,6}["'])\s{0,4}:\s{0,4}\\{0,6}["'])([A-Za-z0-9_-]{4,})/g;

/** Without one of these a text holds no private key. */
export const PRIVATE_KEY_SIGNS: readonly string[] = ["-begin ", "private-lines:", "kty"];

const isJwkText = (text: string): boolean => text.includes("kty") && /["']kty\\{0,6}["']/.test(text);

/** Replaces private keys in a text: the whole block, or the private members. */
export function redactPrivateKeys(text: string, hits: Hits): string {
  let out = text;
  if (out.includes(BEGIN)) out = redactPem(out, hits);
  if (out.includes("Private-Lines:"))
    out = out.replace(
      PUTTY,
      (whole, head: string) => `${head}\n${replaced(hits, "pem", whole.slice(head.length))}`,
    );
  if (isJwkText(out))
    out = out.replace(MEMBER, (_whole, name: string, value: string) => name + replaced(hits, "jwk", value));
  return out;
}

interface Block {
  readonly start: number;
  readonly end: number;
  /** The text ends before the block does. */
  readonly isOpen: boolean;
}

/** The private PEM blocks, also with escaped line ends; one that is cut off reaches to the end of the text. */
function* privateBlocks(text: string): Generator<Block> {
  let done = 0;
  for (let start = text.indexOf(BEGIN); start !== -1; start = text.indexOf(BEGIN, done)) {
    done = start + BEGIN.length;
    const label = LABEL.exec(text.slice(done, done + 80))?.[1];
    if (label === undefined || PUBLIC.test(label)) continue;
    const endMark = `-----END ${label}-----`;
    const close = text.indexOf(endMark, done);
    // A key that is only spoken of: `-----BEGIN PRIVATE KEY----- … -----END PRIVATE KEY-----`.
    if (close !== -1 && close - done < 200 && !BASE64.test(text.slice(done + label.length, close))) continue;
    done = close === -1 ? text.length : close + endMark.length;
    yield { start, end: done, isOpen: close === -1 };
  }
}

function redactPem(text: string, hits: Hits): string {
  let out = "";
  let done = 0;
  for (const { start, end } of privateBlocks(text)) {
    out += text.slice(done, start) + replaced(hits, "pem", text.slice(start, end));
    done = end;
  }
  return done === 0 ? text : out + text.slice(done);
}

/** Whether a private key begins in a text and does not end there: what comes next may be the rest of it. */
function opensPrivateKey(text: string): boolean {
  if (!text.includes(BEGIN)) return false;
  for (const { isOpen } of privateBlocks(text)) if (isOpen) return true;
  return false;
}

const END_OF_KEY = "-----END ";
/** What does not stand between the last line of a key and its end. */
const NOT_OF_KEY = /[^A-Za-z0-9+/=\s\\]/;
const BODY = /^(?:[A-Za-z0-9+/]{16,}={0,2}|(?:Proc-Type|DEK-Info|Comment|Version): .{1,80})\s*$/;

/** Whether a whole text is lines of a private key's body. */
const isBody = (text: string): boolean =>
  text.length < 20_000 && text.split(/\r?\n|\\n/).every((line) => line === "" || BODY.test(line));

/**
 * A private key that came in several strings, one after the other in the order of the value: as lines of an array, as
 * chunks of a stream, as members of an object. `take` says whether a string is a later piece of it.
 */
export class KeyInPieces {
  #isOpen = false;

  take(text: string): boolean {
    if (!this.#isOpen) {
      this.#isOpen = text.length > BEGIN.length && opensPrivateKey(text);
      return false;
    }
    const end = text.indexOf(END_OF_KEY);
    const isEnd = end !== -1 && !NOT_OF_KEY.test(text.slice(0, end));
    if (isEnd) this.#isOpen = false;
    return isEnd || isBody(text);
  }
}

const nowhere = (): boolean => false;

/** For each item of an array, whether it lies between the first and the last line of one private key. */
export function insidePrivateKey(items: readonly unknown[]): (at: number) => boolean {
  if (!items.some((item) => typeof item === "string" && item.includes(BEGIN))) return nowhere;
  const inside = new Set<number>();
  let open: number | undefined;
  for (const [at, item] of items.entries()) {
    if (typeof item !== "string") continue;
    if (open === undefined) {
      if (opensPrivateKey(item)) open = at;
    } else if (item.includes("-----END ")) {
      for (let i = open + 1; i <= at; i++) inside.add(i);
      open = undefined;
    }
  }
  return (at) => inside.has(at);
}

const JWK_PRIVATE: ReadonlySet<string> = new Set(["d", "p", "q", "dp", "dq", "qi", "k", "oth"]);

/** Whether a member of an object is a private part of a JSON Web Key. */
export const isPrivateMember = (object: Readonly<Record<string, unknown>>, name: string): boolean =>
  name.length <= 3 && JWK_PRIVATE.has(name) && typeof object.kty === "string";
