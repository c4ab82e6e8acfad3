import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { type Clock, toIso } from "../kernel/clock.ts";
import { invalid } from "../kernel/errors.ts";
import { canonicalJson, hmacSha256, sha256 } from "../kernel/hashing.ts";

/**
 * The field by which an answer is asked for with its manifest. A row that has it lets the manifest pass in its output
 * as `manifest`, and the composition adds it.
 */
export const manifestField = {
  manifest: z
    .boolean()
    .optional()
    .meta({ description: "Add a signed manifest of the answer, to be kept with it and checked later." }),
};

/** What makes an answer evidence: its hash, what was asked and when, and a signature over these. */
export const manifestSchema = z.strictObject({
  version: z.literal(1).meta({ description: "Version of the manifest's form." }),
  operation: z.string().meta({ description: "Name of the operation that answered." }),
  asked: z.record(z.string(), z.unknown()).meta({ description: "The input that the answer is for." }),
  made_at: z.string().meta({ description: "When it was signed, UTC.", format: "date-time" }),
  sha256: z.string().meta({
    description: "Hex SHA-256 of the answer without `manifest`, as JSON with sorted keys and no white space.",
  }),
  signature: z.string().meta({ description: "Hex HMAC-SHA-256 of the manifest without `signature`." }),
});
export type Manifest = z.output<typeof manifestSchema>;

/** Keeps these signatures apart from all others that the key makes. */
const DOMAIN = "answer manifest 1\n";

const signatureOf = (key: string, signed: Omit<Manifest, "signature">): string =>
  hmacSha256(key, DOMAIN + canonicalJson(signed));

/** The manifest of an answer, which has none yet. */
export function signedManifest(
  key: string,
  clock: Clock,
  operation: string,
  asked: Record<string, unknown>,
  answer: object,
): Manifest {
  const signed = {
    version: 1 as const,
    operation,
    asked,
    made_at: toIso(clock.now()),
    sha256: sha256(canonicalJson(answer)),
  };
  return { ...signed, signature: signatureOf(key, signed) };
}

/**
 * Checks an answer against the manifest in it.
 * @throws invalid `manifest_altered` (the manifest is not as it was signed, or not by this key), `answer_altered`
 */
export function verifyManifest(
  key: string,
  answerWithManifest: Readonly<Record<string, unknown>> & { readonly manifest: Manifest },
): Manifest {
  const { manifest, ...answer } = answerWithManifest;
  const { signature, ...signed } = manifest;
  const given = Buffer.from(signature);
  const wanted = Buffer.from(signatureOf(key, signed));
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw invalid("manifest_altered", "The manifest is not one that this installation signed.", {
      field: "answer.manifest",
      remedy: "Take it as it was given; if it is, the installation it is from has another signing key.",
    });
  const found = sha256(canonicalJson(answer));
  if (found !== manifest.sha256)
    throw invalid("answer_altered", "The answer is not the one that was signed: its hash differs.", {
      field: "answer",
      remedy: "Ask again for a fresh one, and compare.",
      details: { signed_sha256: manifest.sha256, found_sha256: found },
    });
  return manifest;
}
