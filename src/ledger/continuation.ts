import { refuseContinuation } from "./query-rules.ts";

/** Continuations are opaque to callers and carry no authority: every part is checked or bound as a value. */
export const sealToken = (parts: readonly unknown[]) =>
  Buffer.from(JSON.stringify(parts)).toString("base64url");

/** @throws invalid `bad_continuation` unless it is one of ours with that many parts. */
export function openToken(token: string, parts: number): unknown[] {
  const bytes = Buffer.from(token, "base64url");
  // Decoding forgives stray characters; a token that was touched is not ours.
  if (bytes.toString("base64url") !== token) return refuseContinuation("it is damaged");
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    return refuseContinuation("it is damaged");
  }
  return Array.isArray(value) && value.length === parts ? value : refuseContinuation("it is damaged");
}
