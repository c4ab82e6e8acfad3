import path from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { Loop, RETRAINED } from "./loop.ts";
import { ROOT, run } from "./processes.ts";
import { Product, type ProductOptions } from "./product.ts";
import { replayRecorded } from "./recorded.ts";
import { buildHost, whyNoSecondHost, whyNot } from "./rig.ts";
import { type Storm, storm } from "./storm.ts";

const HELP = `Usage: npm run parity -- [options]

Runs this project on Microsoft's own Durable extension, with Azurite, on this machine (see test/durable-extension/README.md):

  recorded  the recorded cases and calls of test/parity, on the engine that they were recorded from
  loop      the product's loop through its doors, on that engine and on the local host: each step must end alike
  workers   pipelines under way while their worker gets SIGKILL
  hosts     the same with workers, hosts and whole machines of two hosts on one task hub

  --only PARTS  some of these, with commas
  --quick       what fits into five minutes: recorded, some of the loop, one pipeline whose worker dies once
  --kills N     how often something is killed in each storm (12)
  --seed N      decides whom and when; without it, the time does
  --json        one JSON object on standard output, progress on standard error
  --help

Exit status: 0 all was as it should be, or there is no .NET SDK here, which is said; 1 something was not.
`;
const PARTS = ["recorded", "loop", "workers", "hosts"] as const;
type Part = (typeof PARTS)[number];

/** What a gate can wait for: an ordinary end, a person's word, a cancellation. */
const QUICK_STEPS = ["approved", "wait for their turn", "cancelled while it runs", "terminated in training"];
const LOOP: ProductOptions = {
  pace: { fileMs: 1500, validatingMs: 1500, queuedMs: 1500, epochMs: 1500 },
  durable: { "storageProvider:maxQueuePollingInterval": "00:00:01" },
  env: {
    LIGHTNING_AGENT_ID: RETRAINED,
    LIGHTNING_RETRAIN_CRON: "0 0 3 * * *",
    LIGHTNING_RETRAIN_MIN_EPISODES: "30",
  },
};

interface Options {
  readonly isQuick: boolean;
  readonly kills: number;
  readonly seed: number;
  readonly tell: (line: string) => void;
}
/** What was seen, for --json; `wrong` is empty where all was as it should be. */
interface Result {
  readonly wrong: readonly string[];
  readonly [figure: string]: unknown;
}

async function recorded({ tell }: Options): Promise<Result> {
  const { compared, sentAgain, differences } = await replayRecorded();
  const wrong = Object.entries(differences).map(([name, at]) => `${name}: ${at}`);
  tell(
    `recorded: ${compared - wrong.length} of ${compared} cases and calls equal, ${sentAgain.length} of them when sent again`,
  );
  return { compared, sentAgain, wrong };
}

/** The steps side by side; a step that breaks ends with its fault's words. */
async function loopOn(options: ProductOptions, isQuick: boolean): Promise<Record<string, unknown>> {
  const product = await Product.open(options);
  try {
    const { steps } = new Loop(product);
    const asked = Object.entries(steps).filter(
      ([name]) => !isQuick || QUICK_STEPS.some((one) => name.includes(one)),
    );
    const ends = asked.map(async ([name, step], n) => {
      const end = await step(`desk-${n}`).catch((thrown: unknown) => ({ fault: String(thrown) }));
      return [name, end] as const;
    });
    return Object.fromEntries(await Promise.all(ends));
  } finally {
    await product.close();
  }
}

async function loop({ isQuick, tell }: Options): Promise<Result> {
  const here = await loopOn({ ...LOOP, hosts: 0 }, isQuick);
  const there = await loopOn({ ...LOOP, hosts: 1 }, isQuick);
  const wrong = Object.keys(here).flatMap((name) => {
    const [a, b] = [here[name], there[name]];
    const isFault = typeof a === "object" && a !== null && "fault" in a;
    if (!isFault && isDeepStrictEqual(a, b)) return [];
    return [`${name}: on the local host ${JSON.stringify(a)}, on Microsoft's engine ${JSON.stringify(b)}`];
  });
  tell(`loop: ${Object.keys(here).length - wrong.length} of ${Object.keys(here).length} steps end alike`);
  return { steps: there, wrong };
}

function judged(what: string, seen: Storm, pipelines: number, tell: Options["tell"]): Result {
  const wrong = [...seen.faults];
  if (seen.outcomes.promoted !== pipelines)
    wrong.push(`the pipelines ended ${JSON.stringify(seen.outcomes)}`);
  if (seen.jobs !== pipelines) wrong.push(`${seen.jobs} jobs for ${pipelines} pipelines`);
  const kills = Object.entries(seen.killed).map(([name, count]) => `${count} × ${name}`);
  tell(
    `${what}: seed ${seen.seed}, SIGKILL ${kills.join(", ")}; ${seen.outcomes.promoted ?? 0} of ${pipelines} pipelines ` +
      `promoted, ${seen.jobs} jobs, ${Object.values(seen.takenUp).reduce((a, b) => a + b, 0)} records taken up again, ` +
      `${seen.faults.length} faults, ${seen.seconds} s`,
  );
  return { ...seen, wrong };
}

async function workers({ isQuick, kills, seed, tell }: Options): Promise<Result> {
  const pipelines = isQuick ? 1 : 6;
  const seen = await storm({
    seed,
    hosts: 1,
    pipelines,
    kills: isQuick ? 1 : kills,
    strikes: ["worker"],
    tell,
  });
  return judged("workers", seen, pipelines, tell);
}

async function hosts({ kills, seed, tell }: Options): Promise<Result> {
  const why = await whyNoSecondHost();
  if (why !== undefined) {
    tell(`hosts: skipped: a second host ${why}.`);
    return { skipped: why, wrong: [] };
  }
  const pipelines = 6;
  const seen = await storm({ seed, hosts: 2, pipelines, kills, strikes: ["worker", "host", "both"], tell });
  return judged("hosts", seen, pipelines, tell);
}

const RUN: Record<Part, (options: Options) => Promise<Result>> = { recorded, loop, workers, hosts };

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    kills: { type: "string", default: "12" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

async function main(): Promise<number> {
  const asked = values.only?.split(",") ?? PARTS.filter((part) => !values.quick || part !== "hosts");
  const unknown = asked.find((part) => !PARTS.some((one) => one === part));
  if (unknown !== undefined) throw new Error(`--only: ${unknown} is none of ${PARTS.join(", ")}`);
  const [kills, seed] = [Number(values.kills), Number(values.seed)];
  if (!Number.isInteger(kills) || kills < 1) throw new Error("--kills takes a whole number from 1");
  if (!Number.isInteger(seed)) throw new Error("--seed takes a whole number");
  const tell = values.json ? console.error : console.log;
  const why = (await whyNot()) ?? (await buildHost());
  if (why !== undefined) {
    tell(`Skipped: running on Microsoft's Durable extension ${why}.`);
    if (values.json) console.log(JSON.stringify({ skipped: why }));
    return 0;
  }
  await run(process.execPath, [
    path.join(ROOT, "node_modules/typescript/bin/tsc"),
    "-p",
    "tsconfig.build.json",
  ]);
  const options = { isQuick: values.quick, kills, seed, tell };
  const results: Partial<Record<Part, Result>> = {};
  for (const part of PARTS.filter((one) => asked.includes(one))) {
    results[part] = await RUN[part](options);
    for (const line of results[part].wrong) tell(`  ${line}`);
  }
  if (values.json) console.log(JSON.stringify(results));
  return Object.values(results).some(({ wrong }) => wrong.length > 0) ? 1 : 0;
}

if (values.help) process.stdout.write(HELP);
else
  process.exitCode = await main().catch((thrown: unknown) => {
    console.error((thrown as Error).message);
    return 1;
  });
