import { toolsOf } from "./calls.ts";
import { CHOICE, REQUEST } from "./harmless.ts";
import { fieldsOf, listOf, type Part, Unreadable } from "./reading.ts";
import type { ReadExample, TurnReader } from "./turns.ts";

/** OpenAI's and Azure's stored completions: a request and the one choice of its response. @throws Unreadable */
export function readStored(part: Part, turns: TurnReader): ReadExample {
  const inner = (key: "request" | "response"): Part => {
    const fields = fieldsOf(part.fields[key]);
    if (fields === undefined) return part;
    part.taken.add(key);
    return turns.reading.open(fields, key, REQUEST);
  };
  const request = inner("request");
  const response = inner("response");
  const asked = request.first("messages", "input") ?? "messages";
  const choices = listOf(response.take("choices")) ?? [];
  if (choices.length !== 1)
    throw new Unreadable(
      response.place("choices"),
      `There are ${choices.length} choices; which one is right is not said.`,
    );
  const at = response.place("choices.0");
  const choice = turns.reading.open(fieldsOf(choices[0]) ?? {}, at, CHOICE);
  return {
    messages: [
      ...turns.turns(request.take(asked), request.place(asked), "user"),
      ...turns.turns(choice.take("message"), `${at}.message`, "assistant"),
    ],
    tools: toolsOf(request.take("tools"), request.place("tools")),
    parallel_tool_calls: request.take("parallel_tool_calls"),
  };
}
