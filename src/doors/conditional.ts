import { badRequest, preconditionFailed } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";

interface Headers {
  get(name: string): string | null;
}

/** The strong entity tag of an answer's text. */
export const tagOf = (text: string): string => `"${sha256(text).slice(0, 32)}"`;

/** `W/"a", "b"` as its members; `*` stands for itself. */
const membersOf = (list: string): string[] => list.match(/\*|(?:W\/)?"[^"]*"/g) ?? [];

/** RFC 9110, 13.1.2: whether the caller has this very content already; compared weakly, as `If-None-Match` wants it. */
export function isKnown(headers: Headers, etag: string): boolean {
  const known = membersOf(headers.get("if-none-match") ?? "");
  return known.includes("*") || known.some((one) => one.replace(/^W\//, "") === etag);
}

/** RFC 9110, 13.1.1: whether an `If-Match` names this content; compared strongly: a weak tag never matches. */
export function matches(ifMatch: string, etag: string): boolean {
  const members = membersOf(ifMatch);
  return members.includes("*") || members.includes(etag);
}

/** Whether `If-Match` is absent or names this content. */
export const isDemanded = (headers: Headers, etag: string): boolean =>
  matches(headers.get("if-match") ?? "*", etag);

export const contentChanged = () =>
  preconditionFailed("content_changed", "It is not in the state that If-Match names.", {
    field: "If-Match",
    remedy: "Read it again and look at what changed; send the ETag of that answer, or no If-Match.",
  });

/**
 * A condition that cannot be kept must not be passed over: the caller would take the change for one made under it.
 * @param keptByRow the request's conditions that the row keeps, in lower case
 * @throws bad_request `precondition_not_kept`
 */
export function refuseUnkept(headers: Headers, keptByRow: readonly string[]): void {
  const unkept = ["If-Match", "If-None-Match"].find(
    (name) => headers.get(name) !== null && !keptByRow.includes(name.toLowerCase()),
  );
  if (unkept !== undefined)
    throw badRequest("precondition_not_kept", `${unkept} cannot be kept here.`, {
      field: unkept,
      remedy: "Leave the header out.",
    });
}

export interface Range {
  readonly from: number;
  readonly bytes: number;
}

/**
 * RFC 9110, 14.2: the one range of bytes that is asked for; `all` where the header is absent, is of another unit, cannot
 * be read or names several ranges, and where `If-Range` names other content; `none` where no byte of it is there.
 */
export function rangeOf(headers: Headers, size: number, etag: string): Range | "all" | "none" {
  const ifRange = headers.get("if-range");
  if (ifRange !== null && ifRange.trim() !== etag) return "all";
  const [, first = "", last = ""] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(headers.get("range") ?? "") ?? [];
  if (first === "" && last === "") return "all";
  if (first === "") {
    const bytes = Math.min(Number(last), size);
    return bytes === 0 ? "none" : { from: size - bytes, bytes };
  }
  const from = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < from) return "all";
  return from >= size ? "none" : { from, bytes: end - from + 1 };
}
