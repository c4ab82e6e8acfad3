import type { Send, StorePart } from "../capture/capture.ts";
import { reportOf } from "../capture/refusals.ts";
import { unavailable } from "../kernel/errors.ts";
import type { Invoke } from "./transport.ts";

/**
 * Hands captured episodes to `recordEpisodes`. Episodes carry their ids, so a batch that was only partly stored can be
 * sent again as a whole.
 */
export function sendOver(invoke: Invoke): Send {
  return async (episodes) => {
    // Once and without a key: the queue says how often a batch is sent.
    const { body } = await invoke("recordEpisodes", { episodes }, { attempts: 1 });
    // Whoever answers JSON to everything has taken nothing.
    if (!("recorded" in body) || typeof body.recorded !== "number")
      throw unavailable("not_lightning", "The answer does not say what was recorded.", {
        remedy: "Check that LIGHTNING_ENDPOINT is the address of an Agent Lightning function app.",
      });
    const ofEach = new Map(body.results.map((result) => [result.index, result]));
    return reportOf(
      episodes,
      episodes.map((_, index) => ofEach.get(index) ?? {}),
    );
  };
}

/** Hands a large part of an episode to `addPart`. Sent again it is kept once, by its hash. */
export function storePartOver(invoke: Invoke): StorePart {
  return async ({ agentId, ...part }) => {
    const { body } = await invoke("addPart", { agentId, ...part }, { attempts: 1 });
    if (typeof body.sha256 !== "string" || typeof body.bytes !== "number")
      throw unavailable("not_lightning", "The answer does not say under which hash the part is kept.", {
        remedy: "Check that LIGHTNING_ENDPOINT is the address of an Agent Lightning function app.",
      });
    return { sha256: body.sha256, bytes: body.bytes };
  };
}
