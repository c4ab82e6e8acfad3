import { writeFileSync } from "node:fs";
import path from "node:path";
import { type DemoRequest, readCorpus, toolNames } from "./corpus.ts";
import { agentDoor, type Rest, restDoor } from "./doors.ts";
import { chooseCorrected, fromJsonl, goldenLine, readFrame, shuffleAnswers, toJsonl } from "./golden.ts";
import { openHome, saveState } from "./home.ts";
import { startApp } from "./host.ts";
import { postRewards } from "./labels.ts";
import { otherMethods } from "./methods.ts";
import type { DemoOptions } from "./options.ts";
import { type DatasetFacts, followPipeline } from "./pipeline.ts";
import type { Progress } from "./progress.ts";
import type { DemoResult } from "./report.ts";
import { createSandbox } from "./sandbox.ts";
import { mcpServers } from "./servers.ts";
import { countGroups, setAside } from "./set-aside.ts";
import { type Outcome, sendRequests } from "./traffic.ts";

/** The design's default agent, so that every command of the README shows what the demo left. */
const AGENT = "mcp-agents";
const CONTROL = "demo-control";
/** Where the base model meets the set-aside requests: an agent that nobody trains. */
const JUDGED = "demo-set-aside";
/** Requests under way at a time. */
const LANES = 6;
const MIN_REWARD = 0.5;
/** As many golden datasets as one build includes. */
const MOST_GOLDEN = 20;

/** The whole loop, from the outside: the app is only spoken to through its doors. */
export async function runLoop(options: DemoOptions, progress: Progress): Promise<DemoResult> {
  const began = performance.now();
  const { home } = options;
  const corpus = readCorpus();
  const { work, judges } = setAside(corpus);
  const state = await openHome(home, options.keep);
  const round = state.rounds + 1;

  progress.step("starting the function app and three MCP servers");
  const sandbox = createSandbox(path.join(home, "sandbox"), corpus);
  sandbox.reset();
  const serversFile = path.join(home, "mcp-servers.json");
  writeFileSync(serversFile, JSON.stringify(mcpServers(sandbox, toolNames(corpus)), undefined, 2));
  const settings = {
    LIGHTNING_AGENT_ID: AGENT,
    LIGHTNING_AGENT_MCP_SERVERS: serversFile,
    LIGHTNING_POLL_INTERVAL: "0.5",
  };
  // From the second round on the agent works on the model that the last one promoted.
  let app = await startApp(home, {
    ...settings,
    ENABLE_LIGHTNING_CAPTURE: "true",
    USE_TUNED_MODEL: String(round > 1),
  });
  try {
    const rest = restDoor(app.url);
    const agent = await agentDoor(app.url);
    progress.done("start", `listening on ${app.url}`);

    progress.step(`${judges.length} set-aside requests to the base model, for comparison`);
    const send = async (requests: readonly DemoRequest[], agentId: string, to = agent) =>
      sendRequests(requests, {
        agent: to,
        agentId,
        sandbox,
        lanes: LANES,
        onOutcome: (all) =>
          progress.now(`${all.length} of ${requests.length}, ${share(all)} with the result asked for`),
      });
    const before = await send(judges, JUDGED);
    progress.done("before", `${share(before)} with the result asked for`);

    progress.step(`${work.length} requests through the agent`);
    sandbox.reset();
    const outcomes = await send(work, AGENT);
    progress.done("traffic", `${share(outcomes)} with the result asked for`);

    progress.step("rewards from the checks of the real results");
    const rewards = await postRewards(rest, AGENT, outcomes, LANES);
    progress.done(
      "rewards",
      `${rewards.passed} passed, ${rewards.failed} failed, ${rewards.approved} approvals beside them`,
    );

    progress.step("corrections and the test set, as golden conversations");
    const frame = await readFrame(rest, AGENT, episodeOf(outcomes));
    const corrected = chooseCorrected(outcomes, round);
    const golden = (agentId: string, name: string, content: string, testSplit: number) =>
      rest.post<DatasetFacts>("/datasets/golden", {
        agent_id: agentId,
        name,
        content,
        test_split: testSplit,
      });
    if (corrected.length > 0) {
      const lines = corrected.map((request) => goldenLine(frame, request));
      state.golden.push((await golden(AGENT, `corrections-${round}`, toJsonl(lines), 0)).dataset_id);
    }
    const tests = toJsonl(judges.map((request) => goldenLine(frame, request)));
    const [testSet, controlTestSet] = await Promise.all([
      golden(AGENT, "set-aside", tests, 1),
      golden(CONTROL, "set-aside", tests, 1),
    ]);
    progress.done("golden", `${corrected.length} corrections, ${judges.length} set-aside requests`);

    progress.step("pipeline");
    const real = await followPipeline(
      rest,
      AGENT,
      {
        name: `demo-${round}`,
        dataset: { min_reward: MIN_REWARD, include_golden: state.golden.slice(-MOST_GOLDEN) },
        evaluation: { dataset_id: testSet.dataset_id, split: "test", baseline: "base" },
        promote: true,
        promoted_by: "demo",
      },
      progress.now,
    );
    progress.done("pipeline", `${real.verdict}, ${real.outcome}`);

    progress.step("control: the same examples with shuffled answers");
    const lines = await trainingLines(rest, real.dataset.dataset_id);
    const controlSet = await golden(CONTROL, `shuffled-${round}`, toJsonl(shuffleAnswers(lines)), 0);
    const control = await followPipeline(
      rest,
      CONTROL,
      {
        name: `demo-control-${round}`,
        dataset_id: controlSet.dataset_id,
        evaluation: { dataset_id: controlTestSet.dataset_id, split: "test", baseline: "base" },
        promote: true,
        promoted_by: "demo",
      },
      progress.now,
    );
    progress.done("control", `${control.verdict}, ${control.outcome}`);

    progress.step("the other two methods, on the corrections");
    const correctedIds = new Set(corrected.map(({ id }) => id));
    const methods = await otherMethods(
      rest,
      { agentId: AGENT, frame, judges: tests, round },
      outcomes.filter(({ request }) => correctedIds.has(request.id)),
      progress.now,
    );
    progress.done("methods", methods.map(({ method, verdict }) => `${method} ${verdict}`).join(", "));

    progress.step("the app again, with USE_TUNED_MODEL=true");
    const { statistics } = await rest.get<{ statistics: { total_episodes: number; total_rewards: number } }>(
      "/stats",
      { agent_id: AGENT },
    );
    await agent.close();
    await app.stop();
    // The set-aside requests must not become episodes of the agent: the next round would train on them.
    app = await startApp(home, { ...settings, ENABLE_LIGHTNING_CAPTURE: "false", USE_TUNED_MODEL: "true" });
    const tuned = restDoor(app.url);
    const selected = await tuned.get<{ model: string; source: string }>("/model", { agent_id: AGENT });
    const controlModel = await tuned.get<{ model: string; source: string }>("/model", { agent_id: CONTROL });
    progress.done("switch", `the agent is told to use ${selected.model} (${selected.source})`);

    progress.step(`${judges.length} fresh requests to ${selected.model}`);
    const tunedAgent = await agentDoor(app.url);
    sandbox.reset();
    const after = await send(judges, AGENT, tunedAgent);
    const strangers = after.filter(({ answer }) => answer.model !== selected.model).length;
    await tunedAgent.close();
    progress.done("after", `${share(after)} with the result asked for`);

    saveState(home, { ...state, rounds: round });
    const ownModel = selected.source === "registry" && selected.model === real.tunedModel;
    return {
      round,
      home,
      agent_id: AGENT,
      accuracy_before: real.evaluation.baseline_accuracy,
      accuracy_after: real.evaluation.candidate_accuracy,
      evaluation: real.evaluation,
      verdict: real.verdict,
      outcome: real.outcome,
      control: control.evaluation,
      control_verdict: control.verdict,
      control_outcome: control.outcome,
      control_promoted: controlModel.source === "registry",
      methods,
      active_model: selected.model,
      active_is_tuned: ownModel && strangers === 0,
      fulfilled_before: fulfilledShare(before),
      fulfilled_after: fulfilledShare(after),
      counts: {
        tools: toolNames(corpus).length,
        requests_sent: outcomes.length,
        set_aside_groups: countGroups(judges),
        set_aside_requests: judges.length,
        episodes: statistics.total_episodes,
        rewards: statistics.total_rewards,
        corrections: corrected.length,
        training_lines: real.dataset.training_count ?? 0,
        validation_lines: real.dataset.validation_count ?? 0,
        pairs: real.evaluation.pairs,
      },
      pipeline_id: real.pipelineId,
      stage_seconds: progress.seconds,
      pipeline_seconds: real.seconds,
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await app.stop();
  }
}

/** Both sides of a dataset, in the order of their files. */
async function trainingLines(rest: Rest, datasetId: string) {
  const dataset = await rest.get<DatasetFacts>(`/datasets/${datasetId}`, { agent_id: AGENT });
  const sides = (["train", "validation"] as const).filter(
    (side) => (dataset[side === "train" ? "training_count" : "validation_count"] ?? 0) > 0,
  );
  const texts = await Promise.all(
    sides.map((side) => rest.text(`/datasets/${datasetId}/files/${side}`, { agent_id: AGENT })),
  );
  return texts.flatMap(fromJsonl);
}

function episodeOf(outcomes: readonly Outcome[]): string {
  const id = outcomes.find(({ answer }) => answer.episode_id !== undefined)?.answer.episode_id;
  if (id === undefined) throw new Error("No request was captured as an episode.");
  return id;
}

function fulfilledShare(outcomes: readonly Outcome[]): number {
  return outcomes.length === 0 ? 0 : outcomes.filter((one) => one.fulfilled).length / outcomes.length;
}
function share(outcomes: readonly Outcome[]): string {
  return `${(100 * fulfilledShare(outcomes)).toFixed(0)} %`;
}
