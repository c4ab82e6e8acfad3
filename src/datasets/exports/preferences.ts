import { isDeepStrictEqual } from "node:util";
import type { Fields } from "../common/fields.ts";
import { toolsOf } from "./calls.ts";
import { ROW } from "./harmless.ts";
import { fieldsOf, isEmpty, listOf, type Part, type Reading } from "./reading.ts";
import { type Turn, TurnReader } from "./turns.ts";

const PREFERENCE = new Set([
  ...ROW,
  ..."score_chosen score_rejected chosen_score rejected_score chosen_rating rejected_rating chosen_model".split(
    " ",
  ),
  ..."rejected_model margin chosen-rating rejected-rating chosen-model rejected-model".split(" "),
]);

interface ReadPreference {
  readonly value: unknown;
  readonly shape: "chosen_rejected" | "chat";
}

/** A pair as trainers of open models or OpenAI write it, in OpenAI's form; undefined: it is none. @throws Unreadable */
export function readPreference(row: Fields, reading: Reading): ReadPreference | undefined {
  if (!isEmpty(row.preferred_output) || !isEmpty(row.non_preferred_output)) return openAi(row, reading);
  if (isEmpty(row.chosen) || isEmpty(row.rejected)) return undefined;
  const part = reading.open(row, "", PREFERENCE);
  const tools = toolsOf(part.take("tools"), "tools");
  const asked = question(part, reading);
  const better = new TurnReader(reading).turns(part.take("chosen"), "chosen", "assistant");
  const worse = new TurnReader(reading).turns(part.take("rejected"), "rejected", "assistant");
  // Both may tell the whole conversation: what they share is what was asked.
  const shared = commonTurns(better, worse);
  const repeats = asked.length > 0 && isDeepStrictEqual(shared.slice(-asked.length), asked);
  const from = asked.length === 0 || repeats ? shared.length : 0;
  const messages = asked.length === 0 || repeats ? shared : asked;
  return {
    shape: "chosen_rejected",
    value: {
      input: { messages, ...(tools === undefined ? {} : { tools }) },
      preferred_output: better.slice(from),
      non_preferred_output: worse.slice(from),
    },
  };
}

function question(part: Part, reading: Reading): Turn[] {
  const turns = new TurnReader(reading);
  const system = part.has("system") ? turns.turns(part.take("system"), "system", "system") : [];
  const key = part.first("conversations", "prompt", "question", "instruction");
  if (key === undefined) return system;
  const asked = part.take(key);
  const input = key === "instruction" ? part.text("input") : undefined;
  const whole = input === undefined ? asked : `${String(asked)}\n\n${input}`;
  return [...system, ...turns.turns(whole, key, "user")];
}

function commonTurns(a: readonly Turn[], b: readonly Turn[]): Turn[] {
  const end = a.findIndex((turn, i) => !isDeepStrictEqual(turn, b[i]));
  return a.slice(0, end < 0 ? a.length : end);
}

function openAi(row: Fields, reading: Reading): ReadPreference | undefined {
  const part = reading.open(row, "", PREFERENCE);
  const given = fieldsOf(part.take("input"));
  if (given === undefined || listOf(given.messages) === undefined) return undefined;
  const turns = new TurnReader(reading);
  const input = reading.open(given, "input");
  const messages = turns.turns(input.take("messages"), "input.messages", "user");
  const tools = toolsOf(input.take("tools") ?? input.take("functions"), "input.tools");
  const parallel = input.take("parallel_tool_calls");
  return {
    shape: "chat",
    value: {
      input: {
        messages,
        ...(tools === undefined ? {} : { tools }),
        ...(parallel === undefined ? {} : { parallel_tool_calls: parallel }),
      },
      preferred_output: turns.turns(part.take("preferred_output"), "preferred_output", "assistant"),
      non_preferred_output: turns.turns(
        part.take("non_preferred_output"),
        "non_preferred_output",
        "assistant",
      ),
    },
  };
}
