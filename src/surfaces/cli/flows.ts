import { randomUUID } from "node:crypto";
import { OPEN_EVALUATION_STATUSES } from "../../evaluation/status.ts";
import { LightningError } from "../../kernel/errors.ts";
import type { ReplyOf } from "../../operations.ts";
import { OPEN_RESCAN_STATUSES } from "../../rescans/status.ts";
import { sendGolden } from "../../sdk/pages.ts";
import type { Flow } from "./command.ts";
import { powerText } from "./commands/shared.ts";
import { EXIT, exitOfEvaluation, exitOfPipeline } from "./exit-codes.ts";
import { agentOf, goesOn, isOne, nameOf } from "./flow-parts.ts";
import { printMore } from "./io.ts";
import { type Body, facts, list, plain } from "./layout.ts";
import { follow, show } from "./session.ts";

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
  readonly read: "getDataset" | "getEvaluation" | "getRescan";
  readonly idField: string;
  readonly unfinished: readonly string[];
  /** Told once it is started and goes on, before it is waited for. */
  readonly news?: (body: Body) => string[];
  /** How far it is, in one line; said each time that it is another one. */
  readonly progress?: (body: Body) => string | undefined;
  readonly exitOf: (body: Body) => number;
  /** What it is, and the command that ends it, if there is one. */
  readonly what: string;
  readonly cancel?: string;
}

const LOOKED_AT_WITH = {
  getDataset: "show-dataset",
  getEvaluation: "evaluation",
  getRescan: "redaction rescan-status",
} as const;

/** Builds and evaluations: started once, then their record is looked at until it ends. */
const followed =
  ({ read, idField, unfinished, news, progress, exitOf, what, cancel }: Followed): Flow =>
  async (session) => {
    const name = nameOf(session);
    // Not waited for here: Ctrl+C is heard where the record is looked at.
    const started = await session.call(name, session.input, { wait: 0 });
    let body: Body = started.body;
    if (session.wait && isOne(unfinished, body)) {
      const told = session.json ? [] : (news?.(body) ?? []);
      if (told.length > 0) printMore(session.io, told);
      const id = body[idField] ?? body.id;
      const reference = { ...agentOf(session, body), [idField]: id };
      const idWords = `--${idField.replaceAll("_", "-")} ${plain(id)}`;
      let said: string | undefined;
      const seen = (one: Body) => {
        const line = session.json || !isOne(unfinished, one) ? undefined : progress?.(one);
        if (line === undefined || line === said) return;
        said = line;
        printMore(session.io, [`   ⏳ ${line}`]);
      };
      body =
        (await follow<Body>(session, {
          look: () => session.call(read, reference),
          done: (one) => !isOne(unfinished, one),
          seen,
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
/** What could not be looked through is a failure for the script that wants to be sure of it. */
const exitOfRescan = (body: Body): number => {
  const { status, tallies } = body as Partial<ReplyOf<"getRescan">>;
  if (isOne(OPEN_RESCAN_STATUSES, body)) return EXIT.open;
  const isWhole = Object.values(tallies ?? {}).every(({ failed }) => failed === 0);
  return status === "finished" && isWhole ? EXIT.done : EXIT.failed;
};
export const shownRescan = shownRecord(exitOfRescan);
export const followedRescan = followed({
  read: "getRescan",
  idField: "rescan_id",
  unfinished: OPEN_RESCAN_STATUSES,
  what: "The re-scan",
  cancel: "redaction cancel-rescan",
  progress: (body) => {
    const { scanning, tallies } = body as ReplyOf<"getRescan">;
    const tally = tallies[scanning];
    return tally === undefined
      ? undefined
      : `${scanning.replaceAll("_", " ")}: ${plain(tally.read)} of ${plain(tally.of)} looked at`;
  },
  exitOf: exitOfRescan,
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
  const { agent_id, name, format, include_endings } = rest;
  const common = { agent_id, name, format, include_endings };
  const parts = await sendGolden(
    all(),
    async (part, first_line) =>
      (await session.call("addGoldenPart", { ...common, content: part, first_line })).body,
  );
  return await followedDataset({ ...session, input: { ...rest, parts } });
};

export const promote: Flow = async (session) => {
  // The same key makes every further request ask about this very promotion.
  const key = { idempotencyKey: randomUUID() };
  const first = await session.call("promote", session.input, { ...key, wait: 0 });
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

/** A file that cannot be trained on is an answer, and a failure for the script that asked. */
export const validate: Flow = async (session) => {
  const { body } = await session.call("validateFile", session.input);
  show(session, body);
  return body.valid ? 0 : 1;
};

/** Something was found: an answer, and a failure for the script that asked whether a text is clean. */
export const testRedaction: Flow = async (session) => {
  const { body } = await session.call("testRedaction", session.input);
  show(session, body);
  return body.found === 0 ? EXIT.done : EXIT.failed;
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
  const { idempotency_key: named, ...input } = session.input;
  // Each part is a request of its own, under a key that the whole file's key tells.
  const key = named === undefined ? randomUUID() : plain(named);
  const results: Body[] = [];
  for (let from = 0; from < many.length; from += BATCH) {
    const part = many.slice(from, from + BATCH);
    const keyOfPart = `${key}.${from}`;
    const { body } = await session
      .call("recordEpisodes", { ...input, idempotency_key: keyOfPart, [field]: part })
      .catch((thrown: unknown) => {
        throw underKey(thrown, keyOfPart, key);
      });
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

/** A fault of a part, whose remedy names the key of the whole file. */
function underKey(thrown: unknown, ofPart: string, key: string): unknown {
  if (!(thrown instanceof LightningError) || thrown.remedy === undefined) return thrown;
  const { kind, code, message, remedy, ambiguous, field, details, retryAfterMs } = thrown;
  const rest = { ambiguous, field, details, retryAfterMs, cause: thrown };
  return new LightningError(kind, code, message, { ...rest, remedy: remedy.replaceAll(ofPart, key) });
}

const resultsIn = (body: Body) => list(body.results);
const refusedIn = (body: Body) => resultsIn(body).some((one) => one.status === "error");
