import type { DatasetLine } from "../contract.ts";
import { GIST_WORDS, writeGist } from "./near-gist.ts";

/**
 * Near-duplicates: lines of one gist (near-gist.ts). They are found by a key and not by a likeness, since a likeness of
 * texts is mostly that of their template: no share of common words tells another product from another word for it.
 */
/** Of `near_duplicates` what a build takes when nothing is said; 1 turns it off, any less is on. */
export const NEAR_DUPLICATES = 0.85;
export const SIGNATURE_BYTES = GIST_WORDS * 4;

const gist = new Uint32Array(GIST_WORDS);
const gistBytes = new Uint8Array(gist.buffer);

/** Writes the line's signature at an offset. @param system whether its system turns are part of it */
export function writeSignature(line: DatasetLine, out: Uint8Array, at: number, system = true): void {
  writeGist(line, gist, system);
  out.set(gistBytes, at);
}

/** Equal for lines that say the same, under whatever prompt. */
export function gistOf(line: DatasetLine): string {
  writeGist(line, gist, false);
  return `${gist[0]},${gist[1]}`;
}
