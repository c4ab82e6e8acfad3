import { Buffer } from "node:buffer";
import type { Settings } from "../config/settings.ts";
import type { Files } from "../files/files.ts";
import { invalid, notFound, tooLarge } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import type { PolicyOf, RedactionPolicy } from "../redaction/policy.ts";
import { redact, STANDARD } from "../redaction/redact.ts";
import { bytesPointer, type PartFacts, textPointer } from "./pointer.ts";
import { redactBytes } from "./redact-bytes.ts";
import { createPartStore } from "./store.ts";

interface PartServiceDeps {
  readonly files: Files;
  readonly settings: Pick<Settings, "redactSecrets" | "mostPartMb">;
  /** The redaction that holds for an agent; absent: the standard rules. */
  readonly policyOf?: PolicyOf | undefined;
}
export interface PartSent {
  readonly text?: string | undefined;
  /** Bytes in base64. */
  readonly data?: string | undefined;
  readonly media_type?: string | undefined;
  readonly sha256?: string | undefined;
}
export interface StoredPart extends PartFacts {
  readonly pointer: string;
  readonly redaction: Record<string, number>;
}

/** Whether parts are kept, by hash and agent. */
export type SeenParts = Map<string, Promise<boolean>>;

/** Files that are looked at side by side. */
const LOOKS_AT_ONCE = 16;

export type PartService = ReturnType<typeof createPartService>;

/** Large parts of episodes: kept once, by the hash of their content, readable for their own agent alone. */
export function createPartService({ files, settings, policyOf }: PartServiceDeps) {
  const store = createPartStore(files);

  return {
    /**
     * Keeps a part, redacted where it is text; the same content is kept once.
     * @throws invalid `part_empty`, `part_hash_mismatch`, `redaction_failed`; too_large `part_too_large`
     */
    async add(agentId: string, sent: PartSent): Promise<StoredPart> {
      const given = bytesOf(sent);
      const most = settings.mostPartMb * 1024 * 1024;
      if (given.byteLength > most)
        throw tooLarge("part_too_large", `The part is ${given.byteLength} bytes; at most ${most} are kept.`, {
          field: sent.text === undefined ? "data" : "text",
          remedy: "Send less of it, or raise LIGHTNING_MOST_PART_MB.",
          details: { bytes: given.byteLength, limit: most },
        });
      if (sent.sha256 !== undefined && sent.sha256 !== sha256(given))
        throw invalid("part_hash_mismatch", "The SHA-256 is not that of what was sent.", {
          field: "sha256",
          remedy: "Hash the bytes themselves, not their base64, or send no hash.",
        });
      const { bytes, counts } = settings.redactSecrets
        ? redactedOrRefused(sent, given, (await policyOf?.(agentId)) ?? STANDARD)
        : { bytes: given, counts: {} };
      const facts = {
        sha256: sha256(bytes),
        bytes: bytes.byteLength,
        ...(sent.text === undefined ? { type: sent.media_type ?? "application/octet-stream" } : {}),
      };
      await store.put(agentId, facts.sha256, bytes);
      const pointer = facts.type === undefined ? textPointer("", facts) : bytesPointer(facts);
      return { ...facts, pointer, redaction: counts };
    },

    /**
     * @param seen what is known already of other episodes' parts, and is added to
     * @throws invalid `part_unknown` that names the first hash of which nothing is kept
     */
    async demand(agentId: string, parts: readonly string[], seen: SeenParts = new Map()): Promise<void> {
      const isThere = (part: string): Promise<boolean> => {
        const key = `${part} ${agentId}`;
        const found = seen.get(key) ?? store.has(agentId, part);
        seen.set(key, found);
        return found;
      };
      let missing = -1;
      for (let at = 0; at < parts.length && missing === -1; at += LOOKS_AT_ONCE) {
        const found = (await Promise.all(parts.slice(at, at + LOOKS_AT_ONCE).map(isThere))).indexOf(false);
        if (found !== -1) missing = at + found;
      }
      if (missing === -1) return;
      throw invalid("part_unknown", `There is no part ${parts[missing]} of this agent.`, {
        field: `parts.${missing}`,
        remedy: "Send the part first (`addPart`), then the episode that points at it.",
      });
    },

    /** @throws not_found `part_not_found` */
    async find(agentId: string, part: string) {
      const bytes = await store.size(agentId, part);
      if (bytes === undefined)
        throw notFound("part_not_found", `There is no part ${part} of agent ${agentId}.`, {
          field: "sha256",
          remedy: "The episode's `parts` name what it points at; show-episode lists them.",
        });
      return {
        bytes,
        stream: (from: number, some: number) => store.stream(agentId, part, bytes, from, some),
        read: () => store.read(agentId, part),
      };
    },
  };
}

function bytesOf({ text, data }: PartSent): Buffer {
  if ((text === undefined) === (data === undefined))
    throw invalid("part_empty", "A part is either `text` or `data`.", {
      field: "data",
      remedy: "Send one of the two.",
    });
  return text === undefined ? Buffer.from(data ?? "", "base64") : Buffer.from(text, "utf8");
}

/** @throws invalid `redaction_failed` for what cannot be looked through: a word of many megabytes is more than an expression takes */
function redactedOrRefused(
  ...[sent, given, policy]: Parameters<typeof redacted>
): ReturnType<typeof redacted> {
  try {
    return redacted(sent, given, policy);
  } catch {
    const field = sent.text === undefined ? "data" : "text";
    throw invalid("redaction_failed", `${field} cannot be looked through for secrets; nothing was stored.`, {
      field,
      remedy: "Send less of it, or in several parts.",
    });
  }
}

/** What is sent as a text is one, whatever characters are in it. */
function redacted(
  { text }: PartSent,
  given: Buffer,
  policy: RedactionPolicy,
): ReturnType<typeof redactBytes> {
  if (text === undefined) return redactBytes(given, policy);
  const { value, counts } = redact(text, policy);
  return { bytes: Object.keys(counts).length === 0 ? given : Buffer.from(value, "utf8"), counts };
}
