import { invalid } from "../../kernel/errors.ts";
import type { ReplyOf } from "../../operations.ts";
import { ENDED_RUN_STATUSES } from "../../training/status.ts";
import type { Flow } from "./command.ts";
import { estimateText } from "./commands/estimate.ts";
import { statusSign } from "./commands/shared.ts";
import { EXIT } from "./exit-codes.ts";
import { agentOf, agentWords, goesOn, isOne } from "./flow-parts.ts";
import { print, printMore } from "./io.ts";
import { type Body, facts, member, plain } from "./layout.ts";
import { follow, type Session, show } from "./session.ts";

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
  const most = estimate.cost_usd?.high;
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
