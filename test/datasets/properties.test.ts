import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { capabilityOf } from "../../src/catalog/capabilities.ts";
import { encode } from "../../src/datasets/line/encode.ts";
import { toExample } from "../../src/datasets/line/example.ts";
import { SPECIAL_TOKEN } from "../../src/datasets/tokens/tokens.ts";
import { checkFile } from "../../src/datasets/validate/file.ts";
import { checkExample, checkFormatLine } from "../../src/datasets/validate/line.ts";
import type { Episode, Message } from "../../src/episodes/contract.ts";
import { episode, makeWorld, memoryFiles, rewarded, type World } from "./world.ts";

const checkLine = (text: string) => checkFormatLine(text, "sft");

const TOOLS = ["now", "constructor", "look_up"].map((name) => ({
  type: "function" as const,
  function: { name, parameters: { type: "object", properties: {} } },
}));
/** What people and models write: any whole character, special tokens, marks that turn the text around. */
const said = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  fc.constantFrom(
    "<|endoftext|>",
    "\u202Eright to left",
    "👨‍👩‍👧 and e\u0301",
    '{"a":"b"}',
    "\\n and \n",
    "=1+1",
  ),
);
const text = said.filter((one) => one.trim() !== "" && one.isWellFormed() && !one.includes("\0"));

/** An exchange: the user, perhaps some calls with their results, and an answer. */
const exchange = (id: number): fc.Arbitrary<Message[]> =>
  fc
    .record({
      asked: text,
      answer: text,
      calls: fc.array(
        fc.record({
          tool: fc.constantFrom(...TOOLS),
          given: fc.dictionary(text, text, { maxKeys: 2 }),
          result: said,
        }),
        {
          maxLength: 2,
        },
      ),
    })
    .map(({ asked, answer, calls }) => [
      { role: "user", content: asked },
      ...(calls.length === 0
        ? []
        : [
            {
              role: "assistant" as const,
              tool_calls: calls.map(({ tool, given }, n) => ({
                id: `call_${id}_${n}`,
                type: "function" as const,
                function: { name: tool.function.name, arguments: JSON.stringify(given) },
              })),
            },
            ...calls.map(({ result }, n) => ({
              role: "tool" as const,
              tool_call_id: `call_${id}_${n}`,
              content: result.replaceAll("\0", "").toWellFormed(),
            })),
          ]),
      { role: "assistant", content: answer },
    ]);
const conversation = fc
  .record({ system: fc.option(text), one: exchange(1), two: fc.option(exchange(2)) })
  .map(({ system, one, two }): Message[] => [
    ...(system === null ? [] : [{ role: "system" as const, content: system }]),
    ...one,
    ...(two ?? []),
  ]);

const recorded = (messages: readonly Message[], n = 1, over: Partial<Episode> = {}): Episode =>
  episode(n, {
    user_input: String(messages.find((turn) => turn.role === "user")?.content),
    assistant_output: String(messages.at(-1)?.content),
    messages: [...messages],
    tools: TOOLS,
    ...over,
  });

test("any valid episode comes out of its line as it was recorded", () => {
  fc.assert(
    fc.property(conversation, (messages) => {
      const one = recorded(messages);
      const { example } = toExample(one, { includeTools: true });
      const encoded = encode("sft", example, one);
      const line = typeof encoded === "string" ? encoded : encoded.text;
      expect(line).not.toContain("\n");
      expect(JSON.parse(line)).toMatchObject({ messages, tools: TOOLS });
      expect((JSON.parse(line) as { messages: unknown[] }).messages).toHaveLength(messages.length);
      // What is written is valid, and reading it changes nothing.
      expect(checkLine(line)).toEqual({ ok: true, line: JSON.parse(line) as unknown });
    }),
    { numRuns: 60 },
  );
});

describe("builds of any episodes", () => {
  const anyEpisodes = fc.array(
    fc.record({
      question: fc.nat(40),
      answer: fc.nat(3),
      session: fc.option(fc.nat(8)),
      value: fc.constantFrom(1, 0.5),
    }),
    { minLength: 12, maxLength: 40 },
  );
  const made = (given: { question: number; answer: number; session: number | null; value: number }[]) =>
    given.map(({ question, answer, session, value }, n) =>
      episode(n, {
        user_input: `Question ${question}`,
        assistant_output: `Answer ${answer}`,
        ...(session === null ? {} : { session_id: `s${session}` }),
        ...rewarded(value),
      }),
    );
  const sides = ["train", "validation", "test"] as const;
  const filesOf = async (world: World, dataset: Parameters<World["linesOf"]>[0]) =>
    await Promise.all(sides.map((side) => world.linesOf(dataset, side)));

  test("are the same whatever order they came in, leak nothing, and a second one is known as the first", async () => {
    await fc.assert(
      fc.asyncProperty(anyEpisodes, fc.constantFrom(0, 0.2), async (given, test_split) => {
        const episodes = made(given);
        const [one, other] = [await makeWorld({}, memoryFiles()), await makeWorld({}, memoryFiles())];
        try {
          await one.store(...episodes);
          await other.store(...episodes.toReversed());
          const first = await one.build({ test_split });
          const second = await other.build({ test_split });
          expect(second.content_hash).toBe(first.content_hash);
          const files = await filesOf(one, first);
          expect(await filesOf(other, second)).toEqual(files);
          one.clock.advance(1000);
          expect(await one.build({ test_split, name: "again" })).toMatchObject({ same_as: first.id });
          // By the files alone: no question on two sides, no session whose questions stand on two.
          const sideOf = new Map(
            files.flatMap((lines, side) =>
              lines.map((line) => [/Question \d+/.exec(line)?.[0], side] as const),
            ),
          );
          const questions = files.flatMap((lines) => lines.map((line) => /Question \d+/.exec(line)?.[0]));
          for (const [side, lines] of files.entries())
            for (const line of lines) expect(sideOf.get(/Question \d+/.exec(line)?.[0])).toBe(side);
          expect(questions.length).toBeGreaterThan(0);
          for (const session of new Set(given.map((row) => row.session)))
            if (session !== null) {
              const its = given
                .filter((row) => row.session === session)
                .map((row) => sideOf.get(`Question ${row.question}`))
                .filter((side) => side !== undefined);
              expect(new Set(its).size).toBeLessThanOrEqual(1);
            }
        } finally {
          await one.close();
          await other.close();
        }
      }),
      { numRuns: 6 },
    );
  });
});

type Fields = Record<string, unknown>;
/** Ways in which a line goes wrong, and ways in which it does not. */
const MUTATIONS: readonly ((line: { messages: Fields[] } & Fields, at: number) => void)[] = [
  () => {},
  (line, at) => void line.messages.splice(at % line.messages.length, 1),
  (line, at) => Object.assign(line, { messages: line.messages.toReversed().slice(at % 2) }),
  (line, at) => Object.assign(line.messages[at % line.messages.length] ?? {}, { role: "human" }),
  (line, at) => Object.assign(line.messages[at % line.messages.length] ?? {}, { content: at % 2 ? "" : 5 }),
  (line, at) => Object.assign(line.messages[at % line.messages.length] ?? {}, { weight: at % 3 }),
  (line, at) => Object.assign(line.messages[at % line.messages.length] ?? {}, { tool_call_id: "call_1_0" }),
  (line, at) => Object.assign(line.messages[at % line.messages.length] ?? {}, { tool_calls: [] }),
  (line) => void delete line.tools,
  (line) => Object.assign(line, { parallel_tool_calls: false }),
  (line) => Object.assign(line, { reference_answer: "x" }),
  (line, at) => Object.assign(line.messages[at % line.messages.length] ?? {}, { content: "\ud800" }),
];
const shuffled = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(shuffled)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .toReversed()
            .map(([key, member]) => [key, shuffled(member)]),
        )
      : value;
async function* bytes(whole: string) {
  yield Buffer.from(whole);
}

test("the validator agrees with itself on mutated lines: as text, as value, in a file, in another order of keys", async () => {
  const capability = { ...capabilityOf("openai", undefined), fewest_examples: 0 };
  let broken = 0;
  let sound = 0;
  await fc.assert(
    fc.asyncProperty(
      conversation,
      fc.array(fc.tuple(fc.constantFrom(...MUTATIONS), fc.nat(9)), { maxLength: 3 }),
      async (messages, mutations) => {
        const line = structuredClone({ messages, tools: TOOLS }) as unknown as {
          messages: Fields[];
        } & Fields;
        for (const [mutate, at] of mutations) if (line.messages.length > 0) mutate(line, at);
        const written = JSON.stringify(line);
        // A rule of the service's models, which a line alone does not know.
        fc.pre(!SPECIAL_TOKEN.test(written));
        const asText = checkLine(written);
        expect(checkExample(line)).toEqual(asText.ok ? { ok: true, example: asText.line } : asText);
        expect(checkFormatLine(written, "sft", capability)).toEqual(asText);
        const rules = asText.ok ? [] : asText.faults.map((fault) => fault.rule).toSorted();
        const turned = checkLine(JSON.stringify(shuffled(line)));
        expect(turned.ok ? [] : turned.faults.map((fault) => fault.rule).toSorted()).toEqual(rules);
        const { report } = await checkFile("a.jsonl", bytes(`${written}\n`), { format: "sft", capability });
        expect(report.faults.map((fault) => fault.rule).toSorted()).toEqual(rules);
        expect(report.examples).toBe(asText.ok ? 1 : 0);
        if (asText.ok) sound++;
        else broken++;
      },
    ),
    { numRuns: 60 },
  );
  // Both are reached, else this would say nothing.
  expect(Math.min(sound, broken)).toBeGreaterThan(3);
});
