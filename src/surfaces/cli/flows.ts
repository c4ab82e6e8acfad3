import { randomUUID } from "node:crypto";
import { OPEN_EVALUATION_STATUSES } from "../../evaluation/status.ts";
import { invalid, LightningError } from "../../kernel/errors.ts";
import type { OperationName, ReplyOf } from "../../operations.ts";
import { ENDED_PIPELINE_STATUSES, RECORD_OF_STAGE } from "../../pipelines/status.ts";
import { sendGolden } from "../../sdk/pages.ts";
import { ENDED_RUN_STATUSES } from "../../training/status.ts";
import type { Flow } from "./command.ts";
import { estimateText } from "./commands/estimate.ts";
import { powerText, statusSign } from "./commands/shared.ts";
import { EXIT, exitOfEvaluation, exitOfPipeline } from "./exit-codes.ts";
import { print, printMore } from "./io.ts";
import { type Body, facts, list, member, plain } from "./layout.ts";
import { follow, type Session, show } from "./session.ts";

/** Whether a record's status is one of these. */
const isOne = (statuses: readonly string[], record: Body) => statuses.includes(plain(record.status));

/** The table of operations and the table of commands have the same names. */
const nameOf = ({ operation }: Session) => operation.name as OperationName;

/** One request, one answer. */
export const plainFlow: Flow = async (session) => {
  const { body } = await session.call(nameOf(session), session.input);
  show(session, body);
  return 0;
};

/** A record is shown, and the exit code is what it says. */
const shownRecord =
  (exitOf: (record: Body) => number): Flow =>
  async (session) => {
    const { body } = await session.call(nameOf(session), session.input);
    show(session, body);
    return exitOf(body);
  };
export const shownEvaluation = shownRecord(exitOfEvaluation);
export const shownPipeline = shownRecord(exitOfPipeline);

interface Followed {
  readonly read: "getDataset" | "getEvaluation";
  readonly idField: string;
  readonly unfinished: readonly string[];
  /** Told once it is started and goes on, before it is waited for. */
  readonly news?: (body: Body) => string[];
  readonly exitOf: (body: Body) => number;
  /** What it is, and the command that ends it, if there is one. */
  readonly what: string;
  readonly cancel?: string;
}

/** After Ctrl+C: the app goes on without the command. */
function goesOn(
  session: Session,
  body: Body,
  { what, look, cancel }: { what: string; look: string; cancel: string | undefined },
): string[] {
  const forAgent = agentWords(session, body);
  return [
    session.connection.kind === "embedded"
      ? `⏳ ${what} is not cancelled: it goes on whenever a host runs (npm start, or the next lightning command).`
      : `⏳ ${what} goes on.`,
    `   To look: lightning ${look}${forAgent}`,
    cancel === undefined
      ? `   ${what} cannot be cancelled by a command.`
      : `   To cancel: lightning ${cancel}${forAgent}`,
  ];
}

/** ` --agent-id support`, where the agent is known. */
function agentWords(session: Session, body: Body): string {
  const agent = plain(body.agent_id ?? session.input.agent_id ?? "");
  return agent === "" || agent === "-" ? "" : ` --agent-id ${agent}`;
}

const LOOKED_AT_WITH = { getDataset: "show-dataset", getEvaluation: "evaluation" } as const;

/** Builds and evaluations: started once, then their record is looked at until it ends. */
const followed =
  ({ read, idField, unfinished, news, exitOf, what, cancel }: Followed): Flow =>
  async (session) => {
    const name = nameOf(session);
    const started = await session.call(name, session.input, {
      wait: session.wait && news === undefined ? 10 : 0,
    });
    let body: Body = started.body;
    if (session.wait && isOne(unfinished, body)) {
      const told = session.json ? [] : (news?.(body) ?? []);
      if (told.length > 0) printMore(session.io, told);
      const id = body[idField] ?? body.id;
      const reference = { ...agentOf(session, body), [idField]: id };
      const idWords = `--${idField.replaceAll("_", "-")} ${plain(id)}`;
      body =
        (await follow<Body>(session, {
          look: () => session.call(read, reference),
          done: (one) => !isOne(unfinished, one),
          left: () =>
            goesOn(session, reference, {
              what,
              look: `${LOOKED_AT_WITH[read]} ${idWords}`,
              cancel: cancel === undefined ? undefined : `${cancel} ${idWords}`,
            }),
        })) ?? body;
    }
    show(session, body);
    return isOne(unfinished, body) && !session.wait ? EXIT.done : exitOf(body);
  };

export const followedDataset = followed({
  read: "getDataset",
  idField: "dataset_id",
  unfinished: ["pending", "building"],
  what: "The build",
  cancel: "cancel-dataset",
  exitOf: ({ status }) => (status === "failed" ? EXIT.failed : EXIT.done),
});
export const followedEvaluation = followed({
  read: "getEvaluation",
  idField: "evaluation_id",
  unfinished: OPEN_EVALUATION_STATUSES,
  what: "The evaluation",
  news: (body) => facts([["Can show", powerText((body as ReplyOf<"getEvaluation">).power)]]),
  exitOf: exitOfEvaluation,
});

/** A file that one request cannot take is sent page by page, and then named by its parts. */
export const buildGolden: Flow = async (session) => {
  const { pages } = session;
  const { content, ...rest } = session.input;
  const second = await pages?.next();
  if (pages === undefined || second === undefined || second.done === true)
    return await followedDataset(session);
  async function* all() {
    yield String(content);
    yield second?.value as string;
    for (let next = await pages?.next(); next?.done === false; next = await pages?.next()) yield next.value;
  }
  const { agent_id, name, format } = rest;
  const parts = await sendGolden(
    all(),
    async (part, first_line) =>
      (await session.call("addGoldenPart", { agent_id, name, format, content: part, first_line })).body,
  );
  return await followedDataset({ ...session, input: { ...rest, parts } });
};

export const promote: Flow = async (session) => {
  // The same key makes every further request ask about this very promotion.
  const key = { idempotencyKey: randomUUID() };
  const first = await session.call("promote", session.input, { ...key, wait: session.wait ? 10 : 0 });
  let body = first.body;
  if (session.wait && first.status === 202) {
    const served = await follow(session, {
      look: () => session.call("promote", session.input, { ...key, wait: 10 }),
      done: (one) => one.is_active,
      left: () =>
        goesOn(session, first.body, { what: "The promotion", look: "list-deployments", cancel: undefined }),
    });
    body = served ?? body;
  }
  show(session, body);
  return body.is_active || !session.wait ? EXIT.done : EXIT.open;
};

/** What the estimate is asked of a training that is wanted. */
function estimateOf({ input }: Session): Body {
  const { agent_id, dataset_id, base_model, n_epochs, training_type, hyperparameters } = input;
  const epochs = n_epochs ?? member(hyperparameters, "n_epochs");
  const asked = { agent_id, dataset_id, base_model, n_epochs: epochs, training_type };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

/**
 * Shows what training would cost and asks. Not asked is who said `--yes` or a budget, which the app itself holds to.
 * Where no terminal is there to answer, only what costs nothing is started.
 * @returns the base model as the estimate names it; undefined: it is not to be started
 * @throws invalid `not_confirmed`
 */
async function agreed(session: Session): Promise<{ readonly estimated?: string } | undefined> {
  const { io, json, input } = session;
  const isSettled = session.yes || input.budget_usd !== undefined;
  if (json && isSettled) return {};
  let estimate: ReplyOf<"estimateTraining">;
  try {
    estimate = (await session.call("estimateTraining", estimateOf(session))).body;
  } catch {
    // What is wrong with the request, the training says in its own words.
    return {};
  }
  if (!json) print(io, estimateText(estimate));
  const known = { estimated: estimate.base_model };
  if (isSettled) return known;
  if (!json && io.ask !== undefined) return (await io.ask("Start the training?")) ? known : undefined;
  const most = estimate.cost_usd === "unknown" ? undefined : estimate.cost_usd.high;
  if (most === 0) return known;
  throw invalid(
    "not_confirmed",
    `The training ${most !== undefined ? `may cost up to $${most.toFixed(2)}` : "costs nobody knows how much"}, and no terminal is there to ask.`,
    { remedy: "Say --yes, or --budget-usd with the most it may cost." },
  );
}

type Run = ReplyOf<"getTrainingRun">;

/** What there is to do about an equal run that was made before; nothing while it is under way. */
function wayOn(run: Body): string[] {
  if (run.status === "succeeded") return ["   To train anew all the same: --force-new"];
  return run.hint === undefined ? [] : [`   ${plain(run.hint)}`];
}

export const train: Flow = async (session) => {
  const { io, json, input } = session;
  if (session.dryRun) {
    const { body } = await session.call("estimateTraining", estimateOf(session));
    show({ ...session, text: () => estimateText(body) }, body);
    return 0;
  }
  const agreement = await agreed(session);
  if (agreement === undefined) {
    print(io, ["⛔ Nothing was started."]);
    return EXIT.failed;
  }
  const { estimated } = agreement;
  if (!json)
    print(io, [
      "🚀 Starting fine-tuning job...",
      ...facts([
        ["Dataset ID", input.dataset_id],
        ["Base model", input.base_model ?? estimated],
      ]),
    ]);
  let body = (await session.call("startTraining", input)).body;
  const runId = body.run_id;
  if (!json)
    printMore(io, [
      ...facts([
        ["Run ID", runId],
        ["Status", body.status],
      ]),
      ...(body.deduplicated === true
        ? [
            "   An equal request was made before: this is its run, nothing was started or paid for again.",
            ...wayOn(body),
          ]
        : []),
    ]);
  const reference = { ...agentOf(session, body), run_id: runId };
  if (session.wait && !ended(body)) {
    const said = new Set([stateOf(body)]);
    const tell = (one: Run) => {
      if (json || ended(one)) return;
      // What it waits for is a line of its own, once for each reason.
      const reason = one.waiting?.reason ?? one.look_failed?.message;
      const lines = [stateOf(one), ...(reason === undefined ? [] : [`waits: ${reason}`])];
      const news = lines.filter((line) => !said.has(line));
      for (const line of news) said.add(line);
      if (news.length > 0)
        printMore(
          io,
          news.map((line) => `   ${statusSign(one.status)} ${line}`),
        );
    };
    const idWords = `--run-id ${plain(runId)}`;
    const left = () =>
      goesOn(session, reference, {
        what: "The training",
        look: `status ${idWords}`,
        cancel: `cancel ${idWords}`,
      });
    const look = () => session.call("getTrainingRun", reference);
    body = (await follow<Run>(session, { look, done: ended, seen: tell, left })) ?? body;
  }
  if (json) io.out(`${JSON.stringify(body, undefined, 2)}\n`);
  else print(io, trainingEnd(session, body, runId));
  return body.status === "failed" || body.status === "cancelled" ? 1 : 0;
};

const ended = (one: Body) => isOne(ENDED_RUN_STATUSES, one);
const stateOf = (run: Run) => plain(run.state);

function trainingEnd(session: Session, run: Run, runId: string): string[] {
  const forAgent = agentWords(session, run);
  if (run.status === "succeeded")
    return [
      "✅ Training completed successfully!",
      ...facts([["Tuned model", run.tuned_model]]),
      `   To promote it: lightning promote --run-id ${plain(runId)}${forAgent}`,
    ];
  if (run.status === "failed")
    return [
      `❌ Training failed: ${plain(run.error_message ?? "no reason given")}`,
      ...facts([["Remedy", run.error?.remedy]]),
    ];
  if (run.status === "cancelled") return [`⛔ Training was cancelled (run ID: ${plain(runId)})`];
  return [
    `⏳ Training is in progress (run ID: ${plain(runId)})`,
    `   To look: lightning status --run-id ${plain(runId)}${forAgent}`,
    ...(session.connection.kind === "embedded"
      ? ["   It goes on whenever a host runs: npm start, or the next lightning command."]
      : []),
  ];
}

const settled = (one: Body) => isOne([...ENDED_PIPELINE_STATUSES, "waiting_for_approval"], one);

/** Stages in their order, and where their record's id stands on the pipeline. */
const STAGE_IDS = Object.entries(RECORD_OF_STAGE);

type Pipeline = ReplyOf<"getPipeline">;

export const runPipeline: Flow = async (session) => {
  const { io, json } = session;
  if (!json) print(io, ["🚀 Running the pipeline..."]);
  const started = await session.call("runPipeline", session.input, { wait: 0 });
  let body: Pipeline = started.body;
  const id = body.pipeline_id;
  if (!json) printMore(io, facts([["Pipeline ID", id]]));
  // Approval may take days: the command ends there and says how to decide.
  const said = new Set<string>();
  const tell = (one: Pipeline) => {
    if (json) return;
    for (const [stage, field] of STAGE_IDS) {
      if (one[field] === undefined || said.has(field)) continue;
      said.add(field);
      printMore(io, [`   🔄 ${stage}: ${plain(one[field])}`]);
    }
    // Known before the training is paid for.
    const power = powerText(one.power);
    if (power !== undefined && !said.has("power")) {
      said.add("power");
      printMore(io, [`   🔎 can show: ${power}`]);
    }
    if (one.verdict !== undefined && !said.has("verdict")) {
      said.add("verdict");
      printMore(io, [`   ⚖️  verdict: ${plain(one.verdict)}`]);
    }
  };
  tell(body);
  if (session.wait && !settled(body)) {
    const reference = { ...agentOf(session, body), pipeline_id: id };
    const look = () => session.call("getPipeline", reference);
    const left = (last: Pipeline | undefined) => pipelineLeft(session, last ?? body);
    body = (await follow<Pipeline>(session, { look, done: settled, seen: tell, left })) ?? body;
  }
  show(session, body);
  return body.outcome === undefined && !session.wait ? EXIT.done : exitOfPipeline(body);
};

/** A pipeline ends with its training: that is what can be cancelled of it. */
function pipelineLeft(session: Session, pipeline: Pipeline): string[] {
  const [on, look] = goesOn(session, pipeline, {
    what: "The pipeline",
    look: `pipeline --pipeline-id ${plain(pipeline.pipeline_id)}`,
    cancel: undefined,
  });
  const forAgent = agentWords(session, pipeline);
  const ways = [
    ["training", `cancel --run-id ${plain(pipeline.run_id)}`],
    ["dataset", `cancel-dataset --dataset-id ${plain(pipeline.dataset_id)}`],
  ] as const;
  const way = ways.find(([stage]) => stage === pipeline.stage)?.[1];
  return [
    on ?? "",
    look ?? "",
    way === undefined || way.endsWith(" -")
      ? "   At this stage it cannot be cancelled by a command."
      : `   To end it: lightning ${way}${forAgent}`,
  ];
}

/** A file that cannot be trained on is an answer, and a failure for the script that asked. */
export const validate: Flow = async (session) => {
  const { body } = await session.call("validateFile", session.input);
  show(session, body);
  return body.valid ? 0 : 1;
};

/** An unhealthy app answers 503 with its findings; they are what was asked for. */
export const health: Flow = async (session) => {
  let body: Body;
  try {
    // A person looks, not a probe: the counts are worth their price.
    ({ body } = await session.call("getHealth", { counts: true, ...session.input }));
  } catch (thrown) {
    if (!(thrown instanceof LightningError) || thrown.code !== "unhealthy") throw thrown;
    body = thrown.details as Body;
  }
  show(session, body);
  return body.status === "unhealthy" ? 1 : 0;
};

/** Episodes in one request: under the server's body limit also when they are long. */
const BATCH = 100;

export const record: Flow = async (session) => {
  const field = session.operation.rest.manyAs ?? "episodes";
  const many = session.input[field];
  if (!Array.isArray(many) || many.length <= BATCH) {
    const { body } = await session.call("recordEpisodes", session.input);
    show(session, body);
    return refusedIn(body) ? 1 : 0;
  }
  const { idempotency_key, ...input } = session.input;
  const results: Body[] = [];
  for (let from = 0; from < many.length; from += BATCH) {
    const part = many.slice(from, from + BATCH);
    // Each part is a request of its own.
    const key = idempotency_key === undefined ? {} : { idempotency_key: `${plain(idempotency_key)}.${from}` };
    const { body } = await session.call("recordEpisodes", { ...input, ...key, [field]: part });
    results.push(...resultsIn(body).map((one, index) => ({ ...one, index: from + index })));
  }
  const count = (status: string) => results.filter((one) => one.status === status).length;
  const body = {
    success: count("error") === 0,
    recorded: count("recorded"),
    duplicates: count("duplicate"),
    failed: count("error"),
    results,
  };
  show(session, body);
  return refusedIn(body) ? 1 : 0;
};

const resultsIn = (body: Body) => list(body.results);
const refusedIn = (body: Body) => resultsIn(body).some((one) => one.status === "error");

const agentOf = (session: Session, body: Body) => {
  const agent = body.agent_id ?? session.input.agent_id;
  return agent === undefined ? {} : { agent_id: agent };
};
