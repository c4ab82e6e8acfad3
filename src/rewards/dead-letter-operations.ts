import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { KeyedRequest } from "../doors/keyed-request.ts";
import { defineOperation } from "../doors/operation.ts";
import {
  agentOr,
  continuationSchema,
  foundSchema,
  idSchema,
  pagingSchema,
  storedTimeSchema,
} from "../doors/schemas.ts";
import type { DeadLetterService, WhichLetters } from "./dead-letter-service.ts";

const feedSchema = z.enum(["episodes", "rewards"]).meta({ description: "Whose feed could not handle it." });

const letterSchema = z.object({
  id: z.string(),
  feed: feedSchema,
  document_id: z.string(),
  error: z.string(),
  attempts: z.number().int().meta({ description: "How often it came and failed." }),
  created_at: storedTimeSchema,
  last_at: storedTimeSchema,
});

const retriedSchema = z.object({
  id: z.string(),
  feed: feedSchema,
  document_id: z.string(),
  outcome: z.enum(["handled", "failed", "gone"]).meta({
    description: "`gone`: the document was deleted meanwhile, and the letter with it.",
  }),
  error: z.string().optional(),
});

/** The dead letters that a request's first try saw. */
async function lettersOf(
  service: DeadLetterService,
  { noted, note }: KeyedRequest,
  which: WhichLetters,
  limit: number,
): Promise<readonly string[]> {
  if (Array.isArray(noted.letters)) return noted.letters as string[];
  const letters = await service.longestAgo(which, limit);
  await note({ letters });
  return letters;
}

/** The rows about documents that the change feeds set aside. */
export function deadLetterOperations({
  service,
  settings,
}: {
  readonly service: DeadLetterService;
  readonly settings: Pick<Settings, "agentId">;
}) {
  const ofAgent = { agent_id: agentOr(settings.agentId), feed: feedSchema.optional() };

  return [
    defineOperation({
      name: "listDeadLetters",
      summary: "Lists the documents that the change feeds could not handle, oldest first, with the reason.",
      input: z.strictObject({ ...ofAgent, ...pagingSchema }),
      output: z.object({
        agent_id: z.string(),
        dead_letters_found: foundSchema("Dead letters"),
        dead_letters: z.array(letterSchema),
        continuation: continuationSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/dead-letters" },
      cli: "dead-letters list",
      mcp: ["lightning_list_dead_letters"],
      example: { feed: "episodes" },
      async run({ agent_id, feed, limit, continuation }) {
        const page = await service.list({ agentId: agent_id, feed }, limit, continuation);
        return {
          body: {
            agent_id,
            dead_letters_found: page.items.length,
            dead_letters: page.items.map((letter) => ({
              id: letter.id,
              feed: letter.feed,
              document_id: letter.document_id,
              error: letter.error,
              attempts: letter.attempts,
              created_at: letter.created_at,
              last_at: letter.last_at,
            })),
            ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
          },
        };
      },
    }),

    defineOperation({
      name: "retryDeadLetters",
      summary:
        "Handles dead letters again, an agent's or those named; what succeeds leaves the list, and what is left is told.",
      input: z.strictObject({
        ...ofAgent,
        ids: z.array(idSchema).min(1).max(100).optional().meta({ description: "Only these dead letters." }),
        limit: z.number().int().min(1).max(100).default(100).meta({
          description:
            "Most in one call, those tried longest ago first: call again until none is left untried.",
        }),
      }),
      output: z.object({
        success: z.boolean().meta({ description: "None failed again." }),
        agent_id: z.string(),
        handled: z.number().int(),
        failed: z.number().int(),
        gone: z.number().int(),
        left: z.number().int().meta({ description: "Dead letters that are there afterwards." }),
        not_tried: z.number().int().meta({ description: "Of these, how many this call did not get to." }),
        results: z.array(retriedSchema),
      }),
      role: "builder",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/dead-letters/retry" },
      cli: "dead-letters retry",
      mcp: ["lightning_retry_dead_letters"],
      example: { feed: "episodes" },
      async run({ agent_id, feed, ids, limit }, { request }) {
        const wanted = { agentId: agent_id, feed };
        // A later try under the same key retries those that the first one saw, and no further ones.
        const seen =
          ids ?? (request === undefined ? undefined : await lettersOf(service, request, wanted, limit));
        const { results, left, notTried } = await service.retry(wanted, seen, limit);
        const count = (ended: string) => results.filter(({ outcome }) => outcome === ended).length;
        return {
          body: {
            success: count("failed") === 0,
            agent_id,
            handled: count("handled"),
            failed: count("failed"),
            gone: count("gone"),
            left,
            not_tried: notTried,
            results,
          },
        };
      },
    }),
  ];
}
