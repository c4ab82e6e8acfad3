import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { defineOperation } from "../doors/operation.ts";
import { agentOr } from "../doors/schemas.ts";
import { partInputShape, sha256Schema, storedPartSchema } from "./contract.ts";
import { isText } from "./redact-bytes.ts";
import type { PartService } from "./service.ts";

/** What an answer in JSON shows of a part, in characters of text or in bytes; over REST the whole file comes. */
const MOST_SHOWN = 200_000;

/** The rows of episodes' parts in the operations table. */
export function partOperations(deps: { service: PartService; settings: Pick<Settings, "agentId"> }) {
  const { service, settings } = deps;
  const agentId = agentOr(settings.agentId);
  return [
    defineOperation({
      name: "addPart",
      summary: "Keeps a picture, sound, file or long text that is too large to stand in an episode.",
      input: z.strictObject({ agent_id: agentId, ...partInputShape }),
      output: storedPartSchema,
      role: "labeller",
      effect: "write",
      idempotent: true,
      redactsItself: "add: the answer tells what was found, and the name is the hash of what is kept",
      rest: { method: "POST", path: "/parts" },
      answers: { stored: "always" },
      example: { agent_id: "mcp-agents", media_type: "image/png", data: "iVBORw0KGgo=" },
      async run({ agent_id, ...sent }) {
        const { sha256, bytes, pointer, redaction } = await service.add(agent_id, sent);
        return { status: 201, body: { sha256, bytes, pointer, redaction } };
      },
    }),
    defineOperation({
      name: "getPart",
      summary: "Fetches a part of an episode that lies in a file, by the hash in its pointer.",
      input: z.strictObject({
        agent_id: agentId,
        sha256: sha256Schema.meta({ description: "The part's hash, as the episode's `parts` name it." }),
      }),
      output: z.object({
        sha256: sha256Schema,
        bytes: z.number().int(),
        text: z.string().optional().meta({ description: "Where it is text: its first 200,000 characters." }),
        data: z.string().optional().meta({ description: "Else, up to 200,000 bytes: in base64." }),
        shown: z
          .boolean()
          .meta({ description: "Whether all of it is shown; over REST the whole file comes." }),
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/parts/{sha256}" },
      // Whatever it is said to be, no browser runs it.
      answers: { file: "application/octet-stream" },
      cli: "show-part",
      mcp: ["lightning_get_part"],
      example: {
        agent_id: "mcp-agents",
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      },
      async run({ agent_id, sha256 }, { door }) {
        const part = await service.find(agent_id, sha256);
        return {
          body: {
            sha256,
            bytes: part.bytes,
            // REST takes the file, so that nothing is read for it twice.
            ...(door === "rest" ? { shown: false } : shownOf((await part.read()) ?? new Uint8Array())),
          },
          file: { name: `${sha256}.bin`, bytes: part.bytes, sha256, stream: part.stream },
        };
      },
    }),
  ];
}

function shownOf(content: Uint8Array) {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (isText(bytes)) {
    const text = bytes.toString("utf8");
    return { text: text.slice(0, MOST_SHOWN), shown: text.length <= MOST_SHOWN };
  }
  const isShown = bytes.byteLength <= MOST_SHOWN;
  return { ...(isShown ? { data: bytes.toString("base64") } : {}), shown: isShown };
}
