import { takesKey } from "../../doors/idempotency-key.ts";
import type { Operation } from "../../doors/operation.ts";

/** What a caller has to know of a row before calling it, in sentences made of what the row says of itself. */
export function descriptionOf(operation: Operation): string {
  const { summary, input, rest, idempotency } = operation;
  const isGet = rest.method === "GET";
  return [
    summary,
    operation.open === true
      ? "Everybody who is let in is answered."
      : `Needs the role \`${operation.role}\`${"agent_id" in input.shape ? " for the agent" : ""}.`,
    "agent_id" in input.shape
      ? "Without `agent_id` it is about the app's own agent (LIGHTNING_AGENT_ID)."
      : "",
    "continuation" in input.shape ? "One page is answered; `continuation` leads to the next." : "",
    isGet ? "" : EFFECTS[operation.effect],
    isGet
      ? ""
      : operation.idempotent
        ? "The same input sent again does no further harm."
        : "Sent again without a key it may happen again.",
    takesKey(operation) ? "An `Idempotency-Key` holds." : "",
    idempotency !== undefined && "none" in idempotency
      ? `Takes no \`Idempotency-Key\`. ${idempotency.none}`
      : "",
    operation.work !== undefined && !isGet
      ? "The work goes on after the answer, which then is 202 with the record so far."
      : "",
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

const EFFECTS: Readonly<Record<Operation["effect"], string>> = {
  read: "Nothing is stored by it.",
  write: "It stores or changes records.",
  destroy: "It takes away what was there.",
};
