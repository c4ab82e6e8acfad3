import type { ReplyOf } from "../../operations.ts";
import { ENDED_PIPELINE_STATUSES, RECORD_OF_STAGE } from "../../pipelines/status.ts";
import type { Flow } from "./command.ts";
import { powerText } from "./commands/shared.ts";
import { EXIT, exitOfPipeline } from "./exit-codes.ts";
import { agentOf, agentWords, goesOn, isOne } from "./flow-parts.ts";
import { print, printMore } from "./io.ts";
import { type Body, facts, plain } from "./layout.ts";
import { follow, type Session, show } from "./session.ts";

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
