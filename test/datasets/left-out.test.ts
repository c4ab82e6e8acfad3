import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { datasetReply } from "../../src/datasets/replies.ts";
import { validateOperation } from "../../src/datasets/validate/operation.ts";
import { DATA_COMMANDS } from "../../src/surfaces/cli/commands/data.ts";
import { chat, episode, makeWorld, must, rewarded, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

const reply = async (building: ReturnType<World["golden"]>) => datasetReply(await building);
const text = (body: Awaited<ReturnType<typeof reply>>) =>
  DATA_COMMANDS.buildGoldenDataset.text(body).join("\n");
const lines = (count: number) =>
  Array.from({ length: count }, (_, n) => chat(`Question ${n}`, `Answer ${n}`));

describe("what a dataset kept of what was given", () => {
  test("is said when nothing is missing", async () => {
    const body = await reply(world.golden(lines(4).join("\n")));
    expect(body).toMatchObject({ kept: 4, given: 4 });
    expect(body.notices).toBeUndefined();
    expect(text(body)).toContain("Kept: 4 of 4");
  });

  test("is said with the reasons, and first when more than a fifth went", async () => {
    const few = await reply(world.golden([...lines(9), lines(1)[0]].join("\n")));
    expect(few).toMatchObject({ kept: 9, given: 10 });
    expect(few.notices?.[0]).toBe("1 of 10 examples (10 %) were left out: duplicate 1.");
    const twice = [...lines(4), ...lines(4)].join("\n");
    const many = await reply(world.golden(twice));
    expect(many).toMatchObject({ kept: 4, given: 8 });
    expect(must(many.notices)[0]).toBe(
      "More than a fifth is missing: 4 of 8 examples (50 %) were left out: duplicate 4.",
    );
    expect(text(many)).toContain("⚠️  More than a fifth is missing: 4 of 8 examples");
    expect(text(many)).toContain("Kept: 4 of 8");
  });

  test("names the lines that a warning is about, in a file of parts, too", async () => {
    const content = `${lines(2).join("\n")}\n\n{"question":"Who?","answer":"Ann, I think.","id":"q1"}`;
    const body = await reply(world.golden(content));
    expect(body.warning_lines).toEqual({
      blank_line: [3],
      "imported:question_answer": [4],
      "left_out_key:id": [4],
    });
    expect(body.notices).toEqual([
      "Empty lines were passed over. (1) Line 3.",
      "1 row was read as question answer. Line 4.",
      "The key `id` of 1 row was dropped: it holds nothing to learn from. Line 4.",
    ]);
  });

  test("says which calls teach a placeholder, and which definitions of tools are no longer the model's", async () => {
    const mail = "ann.smith@contoso-mail.com";
    const line = (n: number) =>
      JSON.stringify({
        messages: [
          { role: "user", content: `Question ${n}` },
          {
            role: "assistant",
            tool_calls: [1, 2].map((nth) => ({
              id: `c${nth}`,
              type: "function",
              function: { name: "find", arguments: JSON.stringify({ mail, nth }) },
            })),
          },
        ],
        tools: [
          { type: "function", function: { name: "find", description: `Finds by mail, like ${mail}.` } },
        ],
      });
    const body = await reply(world.golden([lines(1)[0], line(1), line(2)].join("\n")));
    expect(body.warnings).toMatchObject({ "redacted_calls:email": 4, "redacted_tools:email": 2 });
    expect(
      body.notices
        ?.slice(0, 2)
        .map((one) => one.slice(0, 60))
        .toSorted(),
    ).toEqual([
      "4 calls teach a placeholder in the place of a value (email):",
      "In 2 lines redaction changed the definitions of tools (email",
    ]);
    expect(body.notices?.[0]).toMatch(/Lines 2, 3/);
    expect(text(body)).toContain("teach a placeholder");
  });
});

test("format chat warns of turns that chat templates of open models object to", async () => {
  const said = (n: number, ...roles: string[]) =>
    episode(n, {
      ...rewarded(1),
      messages: roles.map((role, at) => ({ role: role as "user", content: `${role} ${n} ${at}` })),
      assistant_output: "",
    });
  await world.store(
    said(1, "system", "user", "assistant"),
    said(2, "assistant", "user", "assistant"),
    said(3, "user", "assistant", "assistant"),
    said(4, "user", "system", "assistant"),
  );
  const dataset = await world.build({ format: "chat", train_split: 1 });
  expect(dataset.warnings).toEqual({
    "template:assistant_first": 1,
    "template:two_assistants": 1,
    "template:late_system": 1,
  });
  for (const notice of must(datasetReply(dataset).notices)) expect(notice).toMatch(/template/);
  expect((await world.build({ format: "sft", train_split: 1 })).warnings).toEqual({});
});

test("arguments stand in a file of format chat with every digit", async () => {
  const call = (n: string) => ({
    id: "c1",
    type: "function" as const,
    function: { name: "find", arguments: `{"id":${n}}` },
  });
  const numbers = ["12345678901234567890", "12345678901234567891"];
  await world.store(
    ...numbers.map((number, n) =>
      episode(n, {
        ...rewarded(1),
        user_input: "Find it",
        assistant_output: "",
        messages: [
          { role: "user", content: "Find it" },
          { role: "assistant", tool_calls: [call(number)] },
        ],
      }),
    ),
  );
  const dataset = await world.build({ format: "chat", train_split: 1, near_duplicates: 1 });
  const found = (await world.linesOf(dataset, "train")).map((line) => /"id":(\d+)/.exec(line)?.[1]);
  // Calls that differ in their last digit are two examples.
  expect(new Set(found)).toEqual(new Set(numbers));
});

describe("validate", () => {
  const row = validateOperation();
  const validate = async (input: Record<string, unknown>) => {
    const { body } = await row.run(row.input.parse(input), {} as never);
    return row.output.parse(body);
  };
  const said = (body: Awaited<ReturnType<typeof validate>>) =>
    DATA_COMMANDS.validateFile.text(body).join("\n");

  test.each([
    ["question answer", { question: "Hi", answer: "Hello." }],
    [
      "sharegpt",
      {
        conversations: [
          { from: "human", value: "Hi" },
          { from: "gpt", value: "Hello." },
        ],
      },
    ],
    [
      "wrapped",
      {
        item: {
          messages: [
            { role: "user", content: "Hi" },
            { role: "assistant", content: "Hello." },
          ],
        },
      },
    ],
  ])("says once that an import reads a file of %s rows", async (shape, one) => {
    const body = await validate({
      content: Array.from({ length: 500 }, () => JSON.stringify(one)).join("\n"),
    });
    expect(body.faults.filter(({ rule }) => rule === "other_shape")).toMatchObject([
      { line: 1, message: `500 lines are ${shape} rows, not chat lines.` },
    ]);
    expect(body.faults).toHaveLength(2);
    expect(said(body)).toContain("lightning import");
  });

  test("says how many faults there are beyond those that --json shows", async () => {
    const file = async (faults: number) => said(await validate({ content: "[]\n".repeat(faults - 1) }));
    // One more: the file has too few examples.
    expect(await file(20)).not.toContain("more");
    expect(await file(60)).toContain("… and 40 more; --json shows them");
    expect(await file(6151)).toContain(
      "… and 6131 more; --json shows 80 of them, the others are counted alone",
    );
  });
});
