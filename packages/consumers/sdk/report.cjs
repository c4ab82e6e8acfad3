// What an agent does with the package, against the function app at LIGHTNING_ENDPOINT; prints what came of it as JSON.
exports.report = async (kind, lightning) => {
  const { callOperation, closeLightning, getEpisodeCaptureHook, getModelDeployment, getRewardWriter } =
    lightning;
  const model = await getModelDeployment();
  const hook = getEpisodeCaptureHook();
  const tool = lightning.wrapToolHandler(hook, "count_stock", ({ item }) => ({ item, stock: 14 }));
  const answer = await tool({ item: "lamp" });
  await callsByFrameworks(kind, hook, lightning);
  await hook.flush();
  const { episodes } = await callOperation("listEpisodes", { limit: 100 });
  const reward = await getRewardWriter().recordTestResult({
    episodeId: episodes[0].id,
    passed: true,
    testName: `consumer-${kind}`,
  });
  await closeLightning();
  const said = episodes.map(({ assistant_output }) => assistant_output).sort();
  const told = lightning.episodeIdOf({ id: `answer-${kind}` }) !== undefined;
  console.log(JSON.stringify({ model, answer, episodes: episodes.length, reward: reward.value, said, told }));
};

/** What each framework calls of its adapter in one call of a model; the frameworks themselves are in `test/clients`. */
async function callsByFrameworks(kind, hook, { lightningHandler, lightningMiddleware, lightningProcessor }) {
  await lightningMiddleware(hook).wrapGenerate({
    doGenerate: async () => ({
      content: [{ type: "text", text: "by ai-sdk" }],
      finishReason: { unified: "stop" },
      response: { id: `answer-${kind}` },
    }),
    params: { prompt: [{ role: "user", content: [{ type: "text", text: "hi" }] }] },
    model: { provider: "openai.chat", modelId: "m" },
  });
  const handler = lightningHandler(hook);
  handler.handleChatModelStart({}, [[{ role: "user", content: "hi" }]], "run-1");
  handler.handleLLMEnd({ generations: [[{ message: { content: "by langchain" } }]] }, "run-1");
  const processor = lightningProcessor(hook);
  const _response = {
    status: "completed",
    output: [{ type: "message", content: [{ text: "by openai-agents" }] }],
  };
  const spanData = { type: "response", _input: "hi", _response };
  const span = { traceId: "trace_1", spanId: "span_1", error: null, spanData };
  await processor.onSpanStart(span);
  await processor.onSpanEnd(span);
}
