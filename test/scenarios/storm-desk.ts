/**
 * What the scenarios' agent does: it looks up forecasts and takes reports of storm damage. Numbers make it varied;
 * texts of fewer than eight words are near copies of nothing but themselves.
 */

export const CITIES = [
  "Oslo",
  "Lima",
  "Quito",
  "Perth",
  "Turin",
  "Kyoto",
  "Dakar",
  "Sucre",
  "Bergen",
  "Tampa",
  "Minsk",
  "Accra",
] as const;

export const tools = ["look_up_forecast", "report_storm"].map((name) => ({
  type: "function",
  function: { name, description: `Tool ${name}`, parameters: { type: "object", properties: {} } },
}));

export function question(n: number): string {
  const city = CITIES[n % CITIES.length];
  return n % 2 === 0 ? `How is the sky over ${city}, ${n}?` : `Gusts tore roofs off in ${city}, ${n}`;
}

/** The tool that answers question `n`; `swapped`: the other one, as a bad teacher has it. */
export const right = (n: number, swapped = false) =>
  (n % 2 === 0) === swapped ? "report_storm" : "look_up_forecast";

export function conversation(n: number, swapped = false) {
  return [
    { role: "user", content: question(n) },
    {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: `call_${n}`, type: "function", function: { name: right(n, swapped), arguments: "{}" } },
      ],
    },
    { role: "tool", tool_call_id: `call_${n}`, content: "done" },
    { role: "assistant", content: "It is done." },
  ];
}

export function episode(agentId: string, n: number, id = `ep-${agentId}-${n}`) {
  return {
    id,
    agent_id: agentId,
    session_id: `session-${agentId}-${n}`,
    user_input: question(n),
    assistant_output: "It is done.",
    messages: conversation(n),
    tools,
    tool_calls: [{ id: `call_${n}`, tool_name: right(n), arguments: {}, result: "done", duration_ms: 5 }],
  };
}

/** Golden conversations `from` to `from + count`, as a JSONL text. */
export const golden = (from: number, count: number, swapped = false) =>
  Array.from({ length: count }, (_, n) =>
    JSON.stringify({ messages: conversation(from + n, swapped), tools }),
  ).join("\n");
