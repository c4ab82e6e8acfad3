// What an agent does with the package, against the function app at LIGHTNING_ENDPOINT; prints what came of it as JSON.
exports.report = async (kind, lightning) => {
  const { callOperation, closeLightning, getEpisodeCaptureHook, getModelDeployment, getRewardWriter } =
    lightning;
  const model = await getModelDeployment();
  const hook = getEpisodeCaptureHook();
  const tool = lightning.wrapToolHandler(hook, "count_stock", ({ item }) => ({ item, stock: 14 }));
  const answer = await tool({ item: "lamp" });
  await hook.flush();
  const { episodes } = await callOperation("listEpisodes", { limit: 100 });
  const reward = await getRewardWriter().recordTestResult({
    episodeId: episodes[0].id,
    passed: true,
    testName: `consumer-${kind}`,
  });
  await closeLightning();
  console.log(JSON.stringify({ model, answer, episodes: episodes.length, reward: reward.value }));
};
