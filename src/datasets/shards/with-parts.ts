import type { Episode } from "../../episodes/contract.ts";
import type { Files } from "../../files/files.ts";
import type { Pointer } from "../../parts/pointer.ts";
import { pointersIn, type Resolved, resolveParts } from "../../parts/resolve.ts";
import { createPartStore } from "../../parts/store.ts";
import type { RedactionPolicy } from "../../redaction/policy.ts";
import { redact, STANDARD } from "../../redaction/redact.ts";

/** What an example's parts may be in its line, in bytes: base64 is a third longer. */
const MOST_BYTES = 64 * 1024 * 1024;

class TooLarge extends Error {}

/**
 * Makes episodes whole: parts that lie in files stand in their places again. Answers why one is left out: `part_missing`,
 * a part is gone, or none of its places is left; `parts_too_large`, together they have more than 64 MB in the line;
 * `unresolved_redaction`, a text among them holds what today's rules find. One episode's parts are held at a time.
 */
export function withParts(
  files: Files,
  policy: RedactionPolicy = STANDARD,
): (episode: Episode) => Promise<Episode | string> {
  const store = createPartStore(files);
  return async (episode) => {
    const { messages, user_input, assistant_output, system_prompt, tool_calls } = episode;
    const parts = episode.parts ?? [];
    // What capture cut may have held some; whether it is a lesson is looked at later.
    if (episode.truncated === undefined) {
      const pointed = new Set(pointersIn(episode, parts).map(({ sha256 }) => sha256));
      if (parts.some((part) => !pointed.has(part))) return "part_missing";
    }
    const said = { messages, user_input, assistant_output, system_prompt, tool_calls };
    const pointers = pointersIn(said, parts);
    const inLine = (of: readonly Pointer[], bytes: (pointer: Pointer) => number): number =>
      of.reduce((sum, one) => sum + (one.type === undefined ? 1 : 4 / 3) * bytes(one), 0);
    if (inLine(pointers, ({ bytes }) => bytes) > MOST_BYTES) return "parts_too_large";
    const counted = new Set<string>();
    let sum = 0;
    let found: Resolved<typeof said> | undefined;
    try {
      found = await resolveParts(said, parts, async (part) => {
        const bytes = await store.read(episode.agent_id, part);
        // A pointer's number is the sender's.
        const its = counted.has(part) ? [] : pointers.filter(({ sha256 }) => sha256 === part);
        counted.add(part);
        if (bytes !== undefined) sum += inLine(its, () => bytes.byteLength);
        if (sum > MOST_BYTES) throw new TooLarge();
        return bytes;
      });
    } catch (thrown) {
      if (thrown instanceof TooLarge || thrown instanceof RangeError) return "parts_too_large";
      throw thrown;
    }
    if (found === undefined) return "part_missing";
    // Other doors may have kept the text before the rules that the episode was redacted by.
    if (found.texts.some((text) => Object.keys(redact(text, policy).counts).length > 0))
      return "unresolved_redaction";
    return { ...episode, ...found.value };
  };
}
