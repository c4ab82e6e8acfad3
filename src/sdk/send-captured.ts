import type { Send } from "../capture/capture.ts";
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
    const results = "results" in body ? body.results : [];
    const errors = results.flatMap(({ error }) => (error === undefined ? [] : [error]));
    const passing = errors.find(({ status }) => status >= 500);
    if (passing !== undefined)
      throw unavailable("not_recorded", `Some episodes were not stored: ${passing.message}`);
    return { rejected: errors.length };
  };
}
