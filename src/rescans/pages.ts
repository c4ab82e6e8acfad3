import { setImmediate as letOthersRun } from "node:timers/promises";
import { DATASETS } from "../datasets/contract.ts";
import type { CaptureSettings } from "../episodes/clean.ts";
import type { Episode } from "../episodes/contract.ts";
import type { Files } from "../files/files.ts";
import { isKind, messageOf } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import type { ContainerKey } from "../ledger/containers.ts";
import type { Condition, Ledger, LedgerDocument, Stored } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import type { RedactionPolicy } from "../redaction/policy.ts";
import { redact } from "../redaction/redact.ts";
import type { Reward } from "../rewards/contract.ts";
import type { WaitingReward } from "../rewards/waiting-contract.ts";
import { rescanAnswer } from "./answers.ts";
import { applied, type Counts } from "./apply.ts";
import type { Rescanned } from "./contract.ts";
import { unresolvedLines } from "./datasets.ts";
import { countParts, pageOfParts, rescanPart } from "./parts.ts";
import { changeOfEpisode, changeOfReward, changeOfWaiting } from "./texts.ts";

/** What one page came to. */
export interface PageOutcome {
  read: number;
  changed: number;
  failed: number;
  readonly counts: Record<string, number>;
  readonly failures: string[];
  readonly stale: string[];
  readonly after: string | undefined;
}

interface PageDeps {
  readonly ledger: Ledger;
  readonly files: Files;
  readonly settings: CaptureSettings;
}
interface Place {
  readonly agentId: string;
  readonly rescan: string;
  readonly after: string | undefined;
  readonly policy: RedactionPolicy;
}

/** What lies in the ledger; parts are files. */
type InLedger = Exclude<Rescanned, "parts">;
interface Source {
  readonly container: ContainerKey;
  /** Documents of a page; episodes may be of two megabytes. */
  readonly limit: number;
  readonly where?: readonly Condition[];
}
const SOURCES: Readonly<Record<InLedger, Source>> = {
  episodes: { container: "episodes", limit: 20 },
  rewards: { container: "rewards", limit: 100 },
  waiting_rewards: {
    container: "waitingRewards",
    limit: 50,
    where: [{ field: "state", op: "eq", value: "waiting" }],
  },
  answers: {
    container: "requests",
    limit: 20,
    where: [{ field: "type", op: "in", value: ["request", "request_part"] }],
  },
  datasets: { container: "datasets", limit: 1, where: [{ field: "type", op: "eq", value: "dataset" }] },
};

export const countOf = (
  { ledger, files }: Pick<PageDeps, "ledger" | "files">,
  agentId: string,
  what: Rescanned,
): Promise<number> =>
  what === "parts"
    ? countParts(files, agentId)
    : ledger.count(SOURCES[what].container, { pk: [agentId], where: SOURCES[what].where });

/** One thing of a page. */
interface Item {
  readonly id: string;
  /** Has it hold nothing that is found today; answers what was found, undefined when nothing was. */
  rescan(): Promise<Counts | undefined>;
}

async function itemsOf(
  deps: PageDeps,
  what: Rescanned,
  place: Place,
): Promise<{ readonly items: readonly Item[]; readonly after: string | undefined }> {
  if (what === "parts") {
    const { parts, after } = await pageOfParts(deps.files, place.agentId, place.after);
    return { items: parts.map((id) => ({ id, rescan: () => rescanPart(deps, id, place) })), after };
  }
  const { container, limit, where } = SOURCES[what];
  const page = await deps.ledger.query<LedgerDocument>(container, {
    pk: [place.agentId],
    where,
    orderBy: { field: "created_at", direction: "asc" },
    limit,
    after: place.after,
  });
  const items = page.items.map((one) => ({
    id: one.id,
    rescan: () => HANDLERS[what](deps, one, place),
  }));
  return { items, after: page.continuation };
}

/** Looks through one page and changes what has to be changed, each document under if-match. */
export async function rescanPage(deps: PageDeps, what: Rescanned, place: Place): Promise<PageOutcome> {
  const { items, after } = await itemsOf(deps, what, place);
  const outcome: PageOutcome = {
    read: 0,
    changed: 0,
    failed: 0,
    counts: {},
    failures: [],
    stale: [],
    after,
  };
  for (const item of items) {
    await letOthersRun();
    outcome.read++;
    try {
      const found = await item.rescan();
      if (found === undefined) continue;
      outcome.changed++;
      // A dataset says itself what its lines hold.
      if (what === "datasets") outcome.stale.push(item.id);
      else
        for (const [kind, count] of Object.entries(found))
          outcome.counts[kind] = (outcome.counts[kind] ?? 0) + count;
    } catch (thrown) {
      // The ledger's own trouble: the step is tried again as a whole.
      if (isKind(thrown, "unavailable")) throw thrown;
      outcome.failed++;
      outcome.failures.push(`${what} ${item.id}: ${messageOf(thrown)}`.slice(0, 300));
    }
  }
  return outcome;
}

type Handler = (
  deps: PageDeps,
  document: Stored<LedgerDocument>,
  place: Place,
) => Promise<Counts | undefined>;

const HANDLERS: Readonly<Record<InLedger, Handler>> = {
  episodes: async ({ ledger, settings }, document, { agentId, policy, rescan }) => {
    const episode = document as Stored<Episode>;
    // An earlier try of this page did it, and died before it could say so.
    if (episode.redaction.rescan === rescan && episode.redaction.version === policy.version) return {};
    return applied<Episode>(ledger, "episodes", [agentId, episode.id], episode, (one) =>
      changeOfEpisode(one, policy, settings, rescan),
    );
  },
  rewards: async ({ ledger }, document, { policy, rescan }) => {
    const reward = document as Stored<Reward>;
    const change = await applied<Reward>(
      ledger,
      "rewards",
      [reward.agent_id, reward.episode_id],
      reward,
      (one) => changeOfReward(one, policy, rescan),
    );
    return change ?? (reward.rescan === rescan ? {} : undefined);
  },
  waiting_rewards: ({ ledger }, document, { agentId, policy }) =>
    applied<WaitingReward>(ledger, "waitingRewards", [agentId], document as Stored<WaitingReward>, (one) =>
      changeOfWaiting(one, policy),
    ),
  answers: ({ ledger }, document, { agentId, policy }) => rescanAnswer(ledger, document, agentId, policy),
  datasets: async ({ ledger, files }, document, { agentId, policy, rescan }) => {
    const datasets = recordsOf(ledger, DATASETS);
    const dataset = await datasets.read(agentId, document.id);
    if (dataset === undefined) return undefined;
    const described = dataset.description === undefined ? undefined : redact(dataset.description, policy);
    const found = dataset.status === "ready" ? await unresolvedLines(files, dataset, policy) : undefined;
    const isStale = found !== undefined && found.lines > 0;
    await datasets.change(agentId, document.id, (one) => {
      const { unresolved: _before, ...rest } = one;
      const next = {
        ...rest,
        ...(described === undefined ? {} : { description: described.value }),
        ...(isStale
          ? { unresolved: { redaction_version: policy.version, ...found, rescan_id: rescan } }
          : {}),
      };
      return canonicalJson(next) === canonicalJson(one) ? undefined : next;
    });
    return isStale ? found.counts : undefined;
  },
};
