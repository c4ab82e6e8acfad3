import { z } from "zod";
import { redactedLater } from "../doors/kept.ts";
import { manifestSchema, verifyManifest } from "../doors/manifest.ts";
import { defineOperation } from "../doors/operation.ts";
import { DEEPEST_JSON } from "../kernel/depth.ts";

/** Levels at most that an answer has above a record, and records above what they were given. */
const AROUND_RECORDS = 20;

const EXAMPLE = {
  agent_id: "mcp-agents",
  deployments_found: 0,
  lineage: [],
  events: [],
  manifest: {
    version: 1,
    operation: "getLineage",
    asked: { agent_id: "mcp-agents" },
    made_at: "2026-06-01T12:00:00.000Z",
    sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    signature: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
  },
};

/** The row that tells whether an answer that was kept is the one that was given. */
export function verifyAnswerOperations({ key }: { readonly key: () => Promise<string> }) {
  return [
    defineOperation({
      name: "verifyAnswer",
      summary: "Checks that an answer kept with its signed manifest is the one that was given.",
      input: z.strictObject({
        answer: redactedLater(
          "it is signed as it stands, and not stored",
          z.looseObject({
            manifest: manifestSchema.meta({ description: "The manifest that came with it." }),
          }),
        ).meta({ description: "The whole answer as it was given, its `manifest` in it." }),
      }),
      output: z.object({ valid: z.literal(true), manifest: manifestSchema }),
      // An answer puts something around the records that it holds.
      deepest: DEEPEST_JSON + AROUND_RECORDS,
      role: "reader",
      effect: "read",
      idempotent: true,
      idempotency: { none: "It only reads: asked again, it answers how things stand then." },
      rest: { method: "POST", path: "/lineage/verify" },
      cli: "verify-answer",
      mcp: ["lightning_verify_answer"],
      example: { answer: EXAMPLE },
      run: async ({ answer }) => ({
        body: { valid: true as const, manifest: verifyManifest(await key(), answer) },
      }),
    }),
  ];
}
