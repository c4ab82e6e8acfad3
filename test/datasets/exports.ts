/*
 * Rows as other tools export them, by own small samples: the shapes are facts, the words are ours. Each says what it
 * becomes, or by which rule and at which place it is refused.
 */
type Row = Record<string, unknown>;
export interface Export {
  readonly what: string;
  readonly shape: string;
  readonly row: Row;
  /** Keys that are dropped and told. */
  readonly drops?: readonly string[];
  readonly format?: "sft" | "dpo" | "rft";
}

export const tool = {
  type: "function",
  function: {
    name: "find_order",
    description: "Finds an order.",
    parameters: { type: "object", properties: { id: { type: "string" } } },
  },
};
const bare = tool.function;
const turns = [
  { role: "system", content: "You help with orders." },
  { role: "user", content: "Where is order 17?" },
];
const calling = {
  role: "assistant",
  content: null,
  tool_calls: [{ id: "c1", type: "function", function: { name: "find_order", arguments: '{"id":"17"}' } }],
};
const found = { role: "tool", tool_call_id: "c1", content: "on the van" };
const said = { role: "assistant", content: "It is on the van." };
const dumped = {
  ...said,
  refusal: null,
  audio: null,
  function_call: null,
  annotations: [],
  tool_calls: null,
};
const langchain = (name: string, kwargs: Row) => ({
  lc: 1,
  type: "constructor",
  id: ["langchain", "schema", "messages", name],
  kwargs,
});
const oi = (role: string, more: Row) => ({ "message.role": role, ...more });

export const EXPORTS: readonly Export[] = [
  {
    what: "ShareGPT with a system prompt and tools",
    shape: "sharegpt",
    row: {
      id: "identity_0",
      system: "You help with orders.",
      tools: JSON.stringify([bare]),
      conversations: [
        { from: "human", value: "Where is order 17?" },
        { from: "function_call", value: '{"name": "find_order", "arguments": {"id": "17"}}' },
        { from: "observation", value: "on the van" },
        { from: "gpt", value: "It is on the van." },
      ],
    },
    drops: ["id"],
  },
  {
    what: "ShareGPT with two calls at once, answered in order",
    shape: "sharegpt",
    row: {
      tools: [bare],
      conversations: [
        { from: "human", value: "Where are 17 and 18?" },
        {
          from: "function_call",
          value:
            '[{"name":"find_order","arguments":{"id":"17"}},{"name":"find_order","arguments":"{\\"id\\":\\"18\\"}"}]',
        },
        { from: "tool", value: "on the van" },
        { from: "tool", value: "at the door" },
        { from: "gpt", value: "One on the van, one at the door." },
      ],
    },
  },
  {
    what: "ShareGPT by role and content, learnt in part",
    shape: "sharegpt",
    row: {
      conversations: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Hm.", weight: 0 },
        { role: "user", content: "Well?" },
        { role: "assistant", content: "Hello.", weight: 1 },
      ],
    },
  },
  {
    what: "Alpaca with input, system and history",
    shape: "alpaca",
    row: {
      instruction: "And in town 3?",
      input: "Answer with a word.",
      output: "Rain.",
      system: "You tell the weather.",
      history: [
        ["How is it in town 1?", "Sun."],
        ["And in town 2?", "Wind."],
      ],
    },
  },
  {
    what: "instructions with a context",
    shape: "alpaca",
    row: { instruction: "Who won?", context: "Ann beat Ben.", response: "Ann won.", category: "closed_qa" },
    drops: ["category"],
  },
  { what: "completions", shape: "prompt_completion", row: { prompt: "Say hi", completion: " Hi there." } },
  {
    what: "conversational prompt and completion, with tools",
    shape: "prompt_completion",
    row: { prompt: turns, completion: [calling], tools: [tool] },
  },
  {
    what: "question and answer",
    shape: "question_answer",
    row: { question: "Capital?", answer: "Oslo it is." },
  },
  {
    what: "question and ground truth of an evaluation set",
    shape: "question_answer",
    row: { query: "Capital?", ground_truth: "Oslo it is.", dataset_id: "d1" },
    drops: ["dataset_id"],
  },
  {
    what: "an answer that is JSON stays a text",
    shape: "question_answer",
    row: { question: "As JSON?", answer: '[{"role": "user", "content": "x"}]' },
  },
  {
    what: "Langfuse dataset item of texts",
    shape: "langfuse",
    row: {
      id: "i1",
      datasetId: "d1",
      input: { query: "Where is it?" },
      expectedOutput: "On the van.",
      sourceTraceId: "t1",
      status: "ACTIVE",
      metadata: { team: "orders" },
    },
    drops: ["id", "datasetId", "sourceTraceId", "status", "metadata"],
  },
  {
    what: "Langfuse generation of the OpenAI wrapper, with tools",
    shape: "langfuse",
    row: {
      id: "o1",
      traceId: "t1",
      type: "GENERATION",
      startTime: "2026-03-01T10:00:00Z",
      model: "gpt-4.1",
      modelParameters: { temperature: 0 },
      usageDetails: { input: 9 },
      input: { messages: [...turns, calling, found], tools: [tool] },
      output: dumped,
    },
    drops: ["id", "traceId", "type", "startTime", "model", "modelParameters", "usageDetails"],
  },
  {
    what: "Langfuse generation whose tools and calls stand beside input and output",
    shape: "langfuse",
    row: {
      input: turns.slice(0, 2),
      output: { role: "assistant", content: "Let me look." },
      tool_definitions: {
        find_order: JSON.stringify({ description: "Finds.", parameters: { type: "object" } }),
      },
      tool_calls: [
        JSON.stringify({ id: "c1", name: "find_order", arguments: '{"id":"17"}', type: "function" }),
      ],
      tool_call_names: ["find_order"],
    },
  },
  {
    what: "Langfuse generation in Blob Storage, JSON in texts",
    shape: "langfuse",
    row: {
      id: "o1",
      trace_id: "t1",
      input: JSON.stringify(turns),
      output: JSON.stringify(said),
      usage_details: { input: 9 },
    },
    drops: ["id", "trace_id", "usage_details"],
  },
  {
    what: "LangSmith example of messages",
    shape: "langsmith",
    row: {
      id: "e1",
      dataset_id: "d1",
      inputs: {
        messages: [{ type: "human", data: { content: "Hi", additional_kwargs: {}, example: false } }],
      },
      outputs: { message: { type: "ai", data: { content: "Hello." } } },
    },
    drops: ["id", "dataset_id", "example"],
  },
  {
    what: "LangSmith run of a LangChain model",
    shape: "langsmith",
    row: {
      id: "r1",
      run_type: "llm",
      inputs: {
        messages: [
          [
            langchain("SystemMessage", { content: "You help with orders.", type: "system" }),
            langchain("HumanMessage", { content: "Where is order 17?", type: "human" }),
            langchain("AIMessage", {
              content: "",
              type: "ai",
              tool_calls: [{ name: "find_order", args: { id: "17" }, id: "c1", type: "tool_call" }],
              invalid_tool_calls: [],
            }),
            langchain("ToolMessage", { content: "on the van", tool_call_id: "c1", type: "tool" }),
          ],
        ],
      },
      outputs: {
        generations: [
          [{ text: "It is on the van.", message: langchain("AIMessage", { content: "It is on the van." }) }],
        ],
        llm_output: { token_usage: { total_tokens: 9 } },
      },
      extra: { invocation_params: { tools: [tool] } },
      trace_id: "t1",
      dotted_order: "x",
    },
    drops: ["id", "run_type", "extra", "trace_id", "dotted_order", "llm_output"],
  },
  {
    what: "LangSmith run of the OpenAI wrapper",
    shape: "langsmith",
    row: {
      inputs: { messages: turns, model: "gpt-4.1", temperature: 0, tools: [tool] },
      outputs: {
        id: "x",
        object: "chat.completion",
        choices: [{ index: 0, finish_reason: "tool_calls", message: calling }],
      },
    },
    drops: ["model", "temperature", "id", "object", "index", "finish_reason"],
  },
  {
    what: "Phoenix span with dotted columns",
    shape: "phoenix",
    row: {
      name: "ChatCompletion",
      span_kind: "LLM",
      "context.span_id": "s1",
      "attributes.llm.model_name": "gpt-4.1",
      "attributes.llm.input_messages": [
        oi("system", { "message.content": "You help with orders." }),
        oi("user", { "message.content": "Where is order 17?" }),
      ],
      "attributes.llm.output_messages": [
        oi("assistant", {
          "message.tool_calls": [
            {
              "tool_call.id": "c1",
              "tool_call.function.name": "find_order",
              "tool_call.function.arguments": '{"id":"17"}',
            },
          ],
        }),
      ],
      "attributes.llm.tools": [{ "tool.json_schema": JSON.stringify(tool) }],
      "attributes.input.value": '{"messages":"…"}',
    },
    drops: ["name", "span_kind", "context", "input", "model_name"],
  },
  {
    what: "Phoenix span with nested attributes",
    shape: "phoenix",
    row: {
      attributes: {
        llm: {
          input_messages: [
            { message: { role: "user", contents: [{ message_content: { type: "text", text: "Hi" } }] } },
          ],
          output_messages: [{ message: { role: "assistant", content: "Hello." } }],
          token_count: { total: 3 },
        },
      },
    },
    drops: ["token_count"],
  },
  {
    what: "Phoenix span of texts",
    shape: "phoenix",
    row: {
      "attributes.input.value": "Where is it?",
      "attributes.output.value": "On the van.",
      "attributes.input.mime_type": "text/plain",
    },
    drops: ["mime_type"],
  },
  {
    what: "Phoenix dataset example",
    shape: "langfuse",
    row: {
      id: "e1",
      input: { question: "Where is it?" },
      output: { answer: "On the van." },
      updated_at: "2026-03-01",
    },
    drops: ["id", "updated_at"],
  },
  {
    what: "OpenAI evaluation with an ideal answer",
    shape: "chat",
    row: { messages: turns, ideal: "It is on the van." },
  },
  {
    what: "stored completion",
    shape: "stored_completion",
    row: {
      id: "chatcmpl-1",
      model: "gpt-4.1",
      request: { messages: [...turns, calling, found], tools: [tool], temperature: 0.2 },
      response: {
        choices: [{ index: 0, message: dumped, finish_reason: "stop", logprobs: null }],
        usage: { total_tokens: 9 },
      },
    },
    drops: ["id", "model", "temperature", "usage", "index", "finish_reason"],
  },
  {
    what: "chat lines of the older kind, with functions",
    shape: "chat",
    row: {
      messages: [
        ...turns,
        { role: "assistant", content: null, function_call: { name: "find_order", arguments: '{"id":"17"}' } },
        { role: "function", name: "find_order", content: "on the van" },
        said,
      ],
      functions: [bare],
    },
  },
  {
    what: "chat lines with an id and a source",
    shape: "chat",
    row: { id: 7, source: "desk", messages: [...turns, said] },
    drops: ["id", "source"],
  },
  {
    what: "an evaluation's item",
    shape: "wrapped",
    row: { item: { messages: [...turns, said] }, datasource_item_id: 3 },
    drops: ["datasource_item_id"],
  },
  {
    what: "a task of an evaluation, for reinforcement",
    shape: "wrapped",
    format: "rft",
    row: { item: { messages: turns, expected: "on the van" }, sample: { output_text: "lost" } },
    drops: ["sample"],
  },
  {
    what: "a pair of texts with a system prompt",
    shape: "chosen_rejected",
    format: "dpo",
    row: { system: "Be kind.", question: "Where is it?", chosen: "On the van.", rejected: "No idea." },
  },
  {
    what: "a pair whose sides repeat the prompt",
    shape: "chosen_rejected",
    format: "dpo",
    row: {
      prompt: "Where is it?",
      prompt_id: "p1",
      chosen: [{ role: "user", content: "Where is it?" }, said],
      rejected: [
        { role: "user", content: "Where is it?" },
        { role: "assistant", content: "No idea." },
      ],
      score_chosen: 8,
    },
    drops: ["prompt_id", "score_chosen"],
  },
  {
    what: "a pair that ShareGPT speakers tell",
    shape: "chosen_rejected",
    format: "dpo",
    row: {
      conversations: [{ from: "human", value: "Where is it?" }],
      chosen: { from: "gpt", value: "On the van." },
      rejected: { from: "gpt", value: "No idea." },
    },
  },
  {
    what: "a pair in OpenAI's form with nulls and an id",
    shape: "chat",
    format: "dpo",
    row: {
      id: 1,
      input: { messages: turns, tools: [] },
      preferred_output: [dumped],
      non_preferred_output: [{ role: "assistant", content: "No idea." }],
    },
    drops: ["id"],
  },
];

/** What cannot be read whole, with the place that is told. */
export const REFUSED: readonly { what: string; row: Row; fault: string; format?: Export["format"] }[] = [
  {
    what: "Langfuse calls that are not those of the output",
    row: {
      input: "Where?",
      output: { role: "assistant", tool_calls: [{ id: "c1", name: "find_order", args: {} }] },
      tool_calls: ['{"id":"c1","name":"cancel_order","arguments":"{}"}'],
    },
    fault: "shape_unreadable tool_calls",
  },
  {
    what: "the output of a batch at OpenAI, which has no question",
    row: { custom_id: "r1", response: { status_code: 200, body: { choices: [{ message: said }] } } },
    fault: "unknown_key custom_id",
  },
  {
    what: "Anthropic's tool use",
    row: {
      messages: [
        { role: "user", content: "Where?" },
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "t1", name: "find_order", input: { id: "17" } }],
        },
      ],
    },
    fault: "unknown_part messages.1.content.0.type",
  },
  {
    what: "Anthropic's system prompt beside the turns",
    row: { system: "Be brief.", messages: [{ role: "user", content: "Where?" }, said] },
    fault: "unknown_key system",
  },
  {
    what: "Gemini's contents",
    row: {
      contents: [
        { role: "user", parts: [{ text: "Where?" }] },
        { role: "model", parts: [{ text: "Here." }] },
      ],
    },
    fault: "unknown_key contents",
  },
  {
    what: "a turn of the role ipython",
    row: { messages: [{ role: "user", content: "Where?" }, { role: "ipython", content: "17" }, said] },
    fault: "unknown_role messages.1.role",
  },
  {
    what: "OpenPipe's rejected message",
    row: { messages: [{ role: "user", content: "Where?" }, said], split: "TRAIN", rejected_message: said },
    fault: "unknown_key rejected_message",
  },
  {
    what: "an Argilla record",
    row: { fields: { instruction: "Where?" }, responses: { corrected: [{ value: "Here." }] } },
    fault: "unknown_key fields",
  },
  {
    what: "a Label Studio task",
    row: { data: { text: "Where?" }, annotations: [{ result: [{ value: { text: ["Here."] } }] }] },
    fault: "unknown_key data",
  },
  {
    what: "a Promptfoo result",
    row: { vars: { question: "Where?" }, response: { output: "Here." }, prompt: { raw: "Where?" } },
    fault: "unknown_key vars",
  },
  {
    what: "a Weave call",
    row: {
      op_name: "chat",
      inputs: { messages: [{ role: "user", content: "Where?" }] },
      output: { choices: [] },
    },
    fault: "unknown_key op_name",
  },
  {
    what: "a Braintrust span with an expected answer beside the output",
    row: { input: "Where?", output: "Here.", expected: "There." },
    fault: "unread_key expected",
  },
  {
    what: "a Helicone request",
    row: { request_body: { messages: turns }, response_body: { choices: [{ message: said }] } },
    fault: "unknown_key request_body",
  },
  {
    what: "the judgement beside a KTO completion",
    row: { prompt: "Where?", completion: "Here.", label: false },
    fault: "unread_key label",
  },
  {
    what: "pictures beside a ShareGPT conversation",
    row: {
      conversations: [
        { from: "human", value: "Hi" },
        { from: "gpt", value: "Hello." },
      ],
      images: ["a.png"],
    },
    fault: "unread_key images",
  },
  {
    what: "a context beside a question",
    row: { question: "Who?", answer: "Ann.", context: "Ann won." },
    fault: "unread_key context",
  },
  {
    what: "two answers",
    row: { question: "Who?", answer: "Ann.", response: "Ben." },
    fault: "unread_key response",
  },
  {
    what: "two inputs of one item",
    row: { input: { query: "Who?", context: "Ann won." }, expectedOutput: "Ann." },
    fault: "unread_key input.context",
  },
  {
    what: "reasoning of a turn",
    row: { messages: [turns[1], { ...said, reasoning_content: "Well." }] },
    fault: "unknown_key messages.1.reasoning_content",
  },
  {
    what: "several choices",
    row: { messages: turns, choices: [{ message: said }, { message: said }] },
    fault: "shape_unreadable choices",
  },
  {
    what: "several generations",
    row: { inputs: { input: "Hi" }, outputs: { generations: [[{ text: "a" }, { text: "b" }]] } },
    fault: "shape_unreadable outputs.generations",
  },
  {
    what: "a history that is none",
    row: { instruction: "a", output: "b", history: [["only one"]] },
    fault: "shape_unreadable history.0",
  },
  {
    what: "a call that is told as prose",
    row: {
      conversations: [
        { from: "human", value: "Hi" },
        { from: "function_call", value: "find it" },
      ],
    },
    fault: "shape_unreadable conversations.1.value",
  },
  {
    what: "a speaker nobody knows",
    row: {
      conversations: [
        { from: "narrator", value: "Hi" },
        { from: "human", value: "x" },
        { from: "gpt", value: "y" },
      ],
    },
    fault: "unknown_role messages.0.role",
  },
  {
    what: "a span of a retriever",
    row: { "attributes.retrieval.documents": ["x"] },
    fault: "shape_unreadable attributes.input",
  },
  {
    what: "a comment beside a pair",
    format: "dpo",
    row: { prompt: "Who?", chosen: "Ann.", rejected: "Ben.", explanation: "Ann won." },
    fault: "unread_key explanation",
  },
];
