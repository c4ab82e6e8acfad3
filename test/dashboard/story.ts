/**
 * Three weeks of a web shop's support desk, told through the doors: the base model picks wrong tools, people and checks
 * judge it, a model is trained, proves better and serves; a second one waits for a person's word.
 */

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: replies of every shape
  readonly body: any;
}

/** As much of a world as the story needs. */
export interface Stage {
  call(
    method: "GET" | "POST",
    address: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply>;
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
  settle(): Promise<void>;
  readonly clock: { now(): number; advance(ms: number): void };
}

export const AGENT = "support-desk";
export const STORY_SETTINGS = {
  LIGHTNING_AGENT_ID: AGENT,
  USE_TUNED_MODEL: "true",
  LIGHTNING_POLL_INTERVAL: "1",
} as const;
const BASE = "gpt-4o-mini-2024-07-18";

const KINDS = [
  {
    tool: "track_parcel",
    about: "Where a shipped parcel is",
    questions: [
      "My {thing} should have been here days ago. Any idea where it got stuck?",
      "The courier never showed up with the {thing}. What now?",
      "Has the {thing} left your warehouse yet?",
      "When can I expect the {thing} at my door?",
    ],
    result: { carrier: "NorthPost", status: "in transit", last_scan: "Hub Hanover", expected: "Thursday" },
    answer: "It was scanned in Hanover this morning and should reach you on Thursday.",
  },
  {
    tool: "refund_order",
    about: "Gives the money for an order back",
    questions: [
      "The {thing} broke after two days. I want my money back.",
      "You charged me twice for the {thing}!",
      "The {thing} is not what the picture showed, please reimburse me.",
      "I returned the {thing} last week and still see no credit on my card.",
    ],
    result: { refund: "approved", amount: 49.9, currency: "EUR", days: 3 },
    answer: "I have refunded 49.90 EUR; it takes up to three days to show on your card.",
  },
  {
    tool: "change_address",
    about: "Sends an order somewhere else",
    questions: [
      "We are moving on Friday, could the {thing} go to the new flat?",
      "I typed the wrong street for the {thing}.",
      "Please deliver the {thing} to my office instead.",
      "The {thing} is a present, can it go straight to my sister?",
    ],
    result: { changed: true, note: "before dispatch" },
    answer: "Done: it goes to the new place, nothing had been dispatched yet.",
  },
] as const;

const THINGS = [
  "lamp",
  "kettle",
  "bookshelf",
  "rain jacket",
  "desk chair",
  "tea set",
  "bike light",
  "mirror",
  "blanket",
  "speaker",
  "wall clock",
  "pan",
] as const;

const TOOLS = KINDS.map(({ tool, about }) => ({
  type: "function",
  function: {
    name: tool,
    description: about,
    parameters: { type: "object", properties: { order: { type: "integer" } }, required: ["order"] },
  },
}));

const kindOf = (n: number) => KINDS[n % KINDS.length] ?? KINDS[0];
const orderOf = (n: number) => 48_000 + ((n * 7919) % 1999);

function question(n: number): string {
  const { questions } = kindOf(n);
  const text = questions[Math.floor(n / KINDS.length) % questions.length] ?? questions[0];
  return `${text.replace("{thing}", THINGS[(n * 5) % THINGS.length] ?? "lamp")} Order ${orderOf(n)}.`;
}

function conversation(n: number, right = true) {
  const kind = right ? kindOf(n) : kindOf(n + 1);
  const id = `call_${n}`;
  const args = JSON.stringify({ order: orderOf(n) });
  return {
    kind,
    messages: [
      { role: "system", content: "You help customers of a web shop. Use a tool before you answer." },
      { role: "user", content: question(n) },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id, type: "function", function: { name: kind.tool, arguments: args } }],
      },
      { role: "tool", tool_call_id: id, content: JSON.stringify(kind.result) },
      { role: "assistant", content: kind.answer },
    ],
  };
}

export function episode(n: number, model: string, right: boolean, at: number) {
  const { kind, messages } = conversation(n, right);
  return {
    id: `ep-${String(n).padStart(5, "0")}`,
    agent_id: AGENT,
    session_id: `chat-${n}`,
    user_input: question(n),
    assistant_output: kind.answer,
    messages,
    tools: TOOLS,
    tool_calls: [
      {
        id: `call_${n}`,
        tool_name: kind.tool,
        arguments: { order: orderOf(n) },
        result: kind.result,
        duration_ms: 80 + ((n * 37) % 400),
      },
    ],
    model_deployment: model,
    request_latency_ms: 700 + ((n * 331) % 1900),
    token_usage: { prompt_tokens: 310, completion_tokens: 60, total_tokens: 370 },
    created_at: new Date(at).toISOString(),
  };
}

export const golden = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({ messages: conversation(from + i).messages, tools: TOOLS }),
  ).join("\n");

/** Texts that try to break the page, or to look like something else. */
export const HOSTILE = {
  script: `<script>window.__broken = 1</script><img src=x onerror="window.__broken = 2"><svg onload="window.__broken=3">`,
  link: `<a href="javascript:window.__broken=4">click</a> {{constructor.constructor('window.__broken=5')()}}`,
  direction: "Pay \u202e001 EUR\u202c to\u200b me \u2066now\u2069 \u0007",
  long: `${"A".repeat(60_000)} end`,
  lines: Array.from({ length: 4000 }, (_, n) => `line ${n}`).join("\n"),
};

export interface Told {
  readonly testSet: string;
  readonly run: string;
  readonly deployment: string;
  readonly waiting: string;
  readonly model: string;
}

const HOUR = 3_600_000;

/** Records and judges episodes `from` to `from + count`, one an hour; each right as often as `share` says. */
export async function work(stage: Stage, from: number, count: number, model: string, share: number) {
  const right = (n: number) => ((n * 2_654_435_761) % 1000) / 1000 < share;
  const began = stage.clock.now();
  const lines = Array.from({ length: count }, (_, i) =>
    JSON.stringify(episode(from + i, model, right(from + i), began + i * HOUR)),
  );
  stage.clock.advance(count * HOUR);
  await stage.call("POST", "/episodes", lines.join("\n"), { "content-type": "application/x-ndjson" });
  for (let n = from; n < from + count; n++)
    if (n % 10 !== 9)
      await stage.call("POST", "/rewards", {
        episode_id: `ep-${String(n).padStart(5, "0")}`,
        source: "test_result",
        value: right(n) ? 1 : -1,
        evaluator: "order-checks",
      });
  await stage.settle();
}

async function ended(stage: Stage, pipeline: string, ...statuses: string[]) {
  await stage.until(async () => {
    const { body } = await stage.call("GET", `/pipelines/${pipeline}`);
    return statuses.includes(body.status);
  });
  return (await stage.call("GET", `/pipelines/${pipeline}`)).body;
}

export async function tellStory(stage: Stage): Promise<Told> {
  await work(stage, 0, 260, BASE, 0.55);
  const set = await stage.call("POST", "/datasets/golden", {
    name: "held-out questions",
    content: golden(20_000, 120),
    test_split: 1,
  });
  const testSet: string = set.body.dataset_id;
  const pipeline = (name: string, approval: boolean, min_reward: number) =>
    stage.call("POST", "/pipelines", {
      name,
      dataset: { min_reward },
      evaluation: { dataset_id: testSet },
      approval: { required: approval },
      promoted_by: "release desk",
    });
  // From all that was done, also the wrong half: what is learnt later from the good alone is better still.
  const first = (await pipeline("week 2", false, -1)).body.pipeline_id as string;
  const done = await ended(stage, first, "finished", "failed");
  if (done.outcome !== "promoted") throw new Error(`The first pipeline ended ${JSON.stringify(done)}`);
  const { body: active } = await stage.call("GET", "/deployments/active");
  const model: string = active.tuned_model_name;

  await work(stage, 300, 140, model, 0.93);
  await people(stage, model);
  const second = (await pipeline("week 3", true, 0.5)).body.pipeline_id as string;
  await ended(stage, second, "waiting_for_approval", "finished", "failed");
  return { testSet, run: done.run_id, deployment: done.deployment_id, waiting: second, model };
}

/** What reviewers said, among it corrections and a disagreement; the rest waits. */
async function people(stage: Stage, model: string) {
  const label = (n: number, reviewer: string, value: number, more: object = {}) =>
    stage.call("POST", `/review/ep-${String(n).padStart(5, "0")}/label`, { reviewer, value, ...more });
  for (let n = 300; n < 330; n++) await label(n, n % 2 ? "mira" : "jon", 1);
  await label(2, "mira", -1, {
    tags: ["wrong tool"],
    correction: "I have changed the address; nothing had been dispatched yet.",
  });
  await label(5, "jon", -1, {
    tags: ["wrong tool", "made up"],
    comments: "Nobody asked for money.",
    correction: "It goes to your office instead; you will get a new delivery date by mail.",
  });
  // The one that the queue shows first: an address that was redacted, a long log, and a wrong tool.
  const at = stage.clock.now();
  const base = episode(900, model, false, at);
  await stage.call("POST", "/episodes", {
    ...base,
    id: "ep-00900",
    user_input:
      "I returned the desk chair last week and still see no credit on my card. Write to lena.brandt@example.com if you need the receipt.",
    assistant_output: "Your parcel was scanned in Hanover this morning and should reach you on Thursday.",
    messages: [
      { role: "system", content: "You help customers of a web shop. Use a tool before you answer." },
      {
        role: "user",
        content:
          "I returned the desk chair last week and still see no credit on my card. Write to lena.brandt@example.com if you need the receipt.",
      },
      {
        role: "assistant",
        content: "Let me look that up.",
        tool_calls: [
          {
            id: "call_900",
            type: "function",
            function: {
              name: "track_parcel",
              arguments: JSON.stringify({ order: 48_117, include_scans: true }),
            },
          },
        ],
      },
      {
        role: "tool",
        tool_call_id: "call_900",
        content: JSON.stringify({
          carrier: "NorthPost",
          status: "in transit",
          scans: [
            { place: "Hub Hanover", at: "2026-01-25T05:12:00Z" },
            { place: "Leipzig", at: "2026-01-24T22:40:00Z" },
          ],
        }),
      },
      {
        role: "assistant",
        content: "Your parcel was scanned in Hanover this morning and should reach you on Thursday.",
      },
    ],
    tool_calls: [
      {
        id: "call_900",
        tool_name: "track_parcel",
        arguments: { order: 48_117, include_scans: true },
        duration_ms: 212,
      },
    ],
  });
  await stage.call("POST", "/rewards", {
    episode_id: "ep-00900",
    source: "eval_score",
    raw_value: 0.2,
    evaluator: "answer-judge",
    comments: "The customer asked about a credit, the answer is about a delivery.",
  });
  await stage.settle();
}
