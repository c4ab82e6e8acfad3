import { type CaptureHook, createCaptureHook } from "../../src/capture/capture.ts";
import { readSettings } from "../../src/config/settings.ts";
import { type EpisodeInput, episodeInputSchema } from "../../src/episodes/contract.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";

/** A hook whose episodes, checked as the app checks them, come to a list. */
export interface Capturing {
  readonly hook: CaptureHook;
  /** Sends what waits, and gives what was captured since the last time; waits until so many came, for who is told late. */
  taken(least?: number): Promise<EpisodeInput[]>;
}

export function capturing(): Capturing {
  const sent: EpisodeInput[] = [];
  const hook = createCaptureHook({
    send: async (episodes) => {
      for (const episode of episodes) sent.push(episodeInputSchema.parse(episode));
    },
    settings: readSettings({ ENABLE_LIGHTNING_CAPTURE: "true" }),
    clock: systemClock,
    logger: silentLogger,
  });
  return {
    hook,
    async taken(least = 0) {
      await hook.flush();
      while (sent.length < least) {
        await new Promise((resolve) => setImmediate(resolve));
        await hook.flush();
      }
      return sent.splice(0);
    },
  };
}

/** What an episode says of the model's answer, without its ids and times. */
export function essence(episode: EpisodeInput) {
  const answer = episode.messages?.at(-1);
  return {
    asked: episode.user_input,
    said: episode.assistant_output,
    calls: (answer?.role === "assistant" ? (answer.tool_calls ?? []) : []).map(
      ({ id, function: { name, arguments: args } }) => [id, name, args],
    ),
    ending: episode.ending,
    ...(episode.error_by === undefined ? {} : { error_by: episode.error_by }),
    ...(episode.token_usage === undefined ? {} : { usage: episode.token_usage }),
  };
}

/** What a call gave its caller, to be compared: its value as JSON without the answers' numbers, or the error's class and words. */
export async function outcome(call: () => Promise<unknown>): Promise<unknown> {
  try {
    const value = await call();
    return { value: JSON.parse(JSON.stringify(value ?? null).replaceAll(/-n\d+/g, "")) as unknown };
  } catch (thrown) {
    const { name, message, status, code } = thrown as Error & { status?: unknown; code?: unknown };
    return { class: (thrown as object).constructor.name, name, message, status, code };
  }
}
