import { describe, expect, it } from "@jest/globals";
import { answerInText } from "../../src/local-provider/model/prior.ts";
import type { WireMessage } from "../../src/local-provider/model/wire.ts";

const asked = (request: string, ...before: WireMessage[]) =>
  answerInText([...before, { role: "user", content: request }], request);

/** Prompts of many agents, and requests that share words with them. */
const PROMPTS = [
  "You answer questions briefly and truthfully.",
  "You carry out the user's request with the one tool that fits it best.",
  "You answer with a plan of numbered steps, one line each.",
  "Your task: route each question to the right desk.",
];
const REQUESTS = [
  "What is a gust?",
  "Make a plan of two steps.",
  "Which tool fits this request?",
  "Answer my questions.",
];

describe("an answer in text", () => {
  it.each(PROMPTS.flatMap((prompt) => REQUESTS.map((request) => [prompt, request] as const)))(
    "is never the prompt %j, asked %j",
    (prompt, request) => {
      for (const role of ["system", "developer"] as const) {
        const answer = asked(request, { role, content: prompt });
        expect(answer).not.toBe("");
        expect(prompt).not.toContain(answer);
      }
    },
  );

  it("quotes what the conversation says of the question, be it in the prompt", () => {
    const content = "You answer from the notes. Oslo has 700,000 inhabitants. Lima lies on the Pacific.";
    expect(asked("How many inhabitants has Oslo?", { role: "system", content })).toBe(
      "Oslo has 700,000 inhabitants.",
    );
    expect(asked("How is your garden?", { role: "user", content: "My garden needs you." })).toBe(
      "My garden needs you.",
    );
  });
});
