import { seeded } from "../../src/local-provider/model/classifier.ts";

/** A made-up office agent: requests are worded unlike the tools' own descriptions, as people's requests are. */
const tool = (name: string, description: string, properties: Record<string, object>, required: string[]) => ({
  type: "function" as const,
  function: { name, description, parameters: { type: "object", properties, required } },
});
const text = { type: "string" };

export const TOOLS = [
  tool("read_file", "Read the contents of a file", { path: text }, ["path"]),
  tool("write_file", "Create or overwrite a file", { path: text, content: text }, ["path", "content"]),
  tool("list_directory", "List the entries of a directory", { path: text }, ["path"]),
  tool("get_weather", "Current weather for a city", { city: text }, ["city"]),
  tool("add_numbers", "Add two numbers", { a: { type: "number" }, b: { type: "number" } }, ["a", "b"]),
  tool("send_mail", "Send an e-mail message", { to: text, body: text }, ["to"]),
  tool("create_ticket", "Create a support ticket", { title: text }, ["title"]),
  tool("close_ticket", "Close a support ticket", { id: { type: "integer" } }, ["id"]),
];

type Wording = (pick: <T>(list: readonly T[]) => T, n: () => number) => string;
const FILES = ["notes/plan.md", "a/report.txt", "src/main.ts", "data.csv", "docs/todo.md"] as const;
const CITIES = ["Oslo", "Lima", "Cairo", "Hanoi", "Quito"] as const;
const THINGS = ["the printer jams", "login is broken", "invoices are late", "the lift is stuck"] as const;

const WORDINGS: Record<string, readonly Wording[]> = {
  read_file: [
    (pick) => `What does ${pick(FILES)} say?`,
    (pick) => `Show me ${pick(FILES)}`,
    (pick) => `Open ${pick(FILES)} and tell me what is in it`,
    (pick) => `Print ${pick(FILES)} please`,
    (pick) => `Read the file ${pick(FILES)}`,
  ],
  write_file: [
    (pick, n) => `Save "hello ${n()}" as ${pick(FILES)}`,
    (pick, n) => `Put "line ${n()}" into ${pick(FILES)}`,
    (pick, n) => `Store the text "note ${n()}" under ${pick(FILES)}`,
  ],
  list_directory: [
    (pick) => `What is inside the folder ${pick(["src/", "docs/", "a/b/"])}?`,
    (pick) => `ls ${pick(["src/", "docs/", "a/b/"])}`,
    (pick) => `Which files live under ${pick(["src/", "docs/", "a/b/"])}`,
  ],
  get_weather: [
    (pick) => `Do I need an umbrella in ${pick(CITIES)}?`,
    (pick) => `How warm is it in ${pick(CITIES)} today`,
    (pick) => `Will it rain over ${pick(CITIES)}`,
    (pick) => `What is the weather in ${pick(CITIES)}?`,
  ],
  add_numbers: [
    (_pick, n) => `What is ${n()} plus ${n()}?`,
    (_pick, n) => `Sum up ${n()} and ${n()}`,
    (_pick, n) => `${n()} and ${n()} make how much`,
  ],
  send_mail: [
    (pick) => `Let ${pick(["ops", "sales", "support"])}@example.com know that ${pick(THINGS)}`,
    (pick) => `Drop a line to ${pick(["ops", "sales", "support"])}@example.com: ${pick(THINGS)}`,
  ],
  create_ticket: [
    (pick) => `Something is wrong, ${pick(THINGS)}`,
    (pick) => `Please report that ${pick(THINGS)}`,
    (pick) => `We have an issue: ${pick(THINGS)}`,
  ],
  close_ticket: [
    (_pick, n) => `Number ${n()} is done`,
    (_pick, n) => `We solved ${n()}, mark it finished`,
    (_pick, n) => `Resolve case ${n()}`,
    (_pick, n) => `Close ticket ${n()}`,
  ],
};

export interface RoutingExample {
  readonly request: string;
  readonly tool: string;
  readonly line: string;
}

/** `count` examples; `shuffled` deals the right answers out at random. */
export function routingExamples(count: number, seed: number, shuffled = false): RoutingExample[] {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const n = () => Math.floor(random() * 900) + 10;
  const drawn = Array.from({ length: count }, () => {
    const name = pick(Object.keys(WORDINGS));
    return { request: pick(WORDINGS[name] ?? [])(pick, n), tool: name };
  });
  const answers = drawn.map((one) => one.tool);
  if (shuffled)
    for (let i = answers.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [answers[i], answers[j]] = [answers[j] as string, answers[i] as string];
    }
  return drawn.map(({ request, tool: right }, i) => ({
    request,
    tool: right,
    line: JSON.stringify({
      messages: [
        { role: "system", content: "You are an office assistant." },
        { role: "user", content: request },
        {
          role: "assistant",
          content: null,
          tool_calls: [
            {
              id: `c${i}`,
              type: "function",
              function: {
                name: answers[i],
                arguments: JSON.stringify(rightArguments(answers[i] ?? "", request)),
              },
            },
          ],
        },
      ],
      tools: TOOLS,
    }),
  }));
}

/** The right arguments where the request's form makes them plain; elsewhere none. */
export function rightArguments(name: string, request: string): Record<string, unknown> {
  const path = request.match(/[\w/]+(?:\/|\.\w+)/)?.[0];
  const numbers = (request.match(/\d+/g) ?? []).map(Number);
  if (name === "read_file" || name === "list_directory") return { path };
  if (name === "write_file")
    return { path: request.match(/\S+$/)?.[0], content: request.match(/"(.*)"/)?.[1] };
  if (name === "get_weather") return { city: CITIES.find((city) => request.includes(city)) };
  if (name === "add_numbers") return { a: numbers[0], b: numbers[1] };
  if (name === "close_ticket") return { id: numbers[0] };
  return {};
}
