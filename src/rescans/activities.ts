import type { Settings } from "../config/settings.ts";
import { missing, type RecordRef } from "../doors/claim.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import type { Episode } from "../episodes/contract.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { FeedProgress } from "../ledger/feed-progress.ts";
import { readWatermark } from "../ledger/feed-watermarks.ts";
import type { Ledger, Stored } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import type { PolicyOf } from "../redaction/policy.ts";
import { RESCANNED, RESCANS, type Rescan, type RescanActivities, type RescanProgress } from "./contract.ts";
import { type PageOutcome, rescanPage } from "./pages.ts";
import { isEndedRescan } from "./status.ts";

export interface RescanActivityDeps {
  readonly ledger: Ledger;
  readonly files: Files;
  readonly settings: Pick<Settings, "redactSecrets" | "maxOutputLength" | "pseudonyms" | "pseudonymKey">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly policyOf: PolicyOf;
  /** Likewise, past all that a process remembers; without it that is believed. */
  readonly policyNow?: PolicyOf | undefined;
  /** Where the feeds' consumers are; without it their watermarks are believed. */
  readonly progress?: FeedProgress | undefined;
  /** How long a process may go by older rules than those that stand. */
  readonly rulesKnownMs: number;
}

/** What one durable step looks through at most. */
const PAGES_A_STEP = 25;
const MOST_FAILURES = 20;
const MOST_STALE = 100;

/** The durable steps of `rescanEpisodes`. */
export function createRescanActivities(deps: RescanActivityDeps): RescanActivities {
  const { ledger, clock, logger, policyOf, progress } = deps;
  const records = recordsOf(ledger, RESCANS);

  async function read({ agent_id, id }: RecordRef): Promise<Stored<Rescan>> {
    const rescan = await records.read(agent_id, id);
    if (rescan === undefined) throw noSuchRecord("rescan", agent_id, id);
    return rescan;
  }

  /** Whether the feed has scored all that was recorded while some process may still have gone by the rules before. */
  async function isScored(ref: RecordRef, place: string): Promise<boolean> {
    const passed = (await progress?.hasPassed("episodes", place)) ?? "unknown";
    if (passed !== "unknown") return passed;
    const { items } = await ledger.query<Episode>("episodes", {
      pk: [ref.agent_id],
      orderBy: { field: "recorded_at", direction: "desc" },
      limit: 1,
      select: ["recorded_at"],
    });
    return (await readWatermark(ledger, "episodes")) >= (items[0]?.recorded_at ?? "");
  }

  /** One page; undefined when another try of the step was faster, which then has counted it. */
  async function onePage(ref: RecordRef): Promise<Rescan | undefined> {
    const seen = await read(ref);
    if (isDone(seen)) return seen;
    if (waits(seen)) return seen;
    const policy = await policyOf(ref.agent_id);
    if (policy.version !== seen.redaction_version)
      return written(seen, begunAgain(seen, policy.version, toIso(clock.now())));
    const outcome = await rescanPage(deps, seen.scanning, {
      agentId: ref.agent_id,
      rescan: ref.id,
      after: seen.after,
      policy,
    });
    return written(seen, advanced(seen, outcome));
  }

  const written = (seen: Stored<Rescan>, next: Rescan): Promise<Rescan | undefined> =>
    records.change(seen.agent_id, seen.id, (now) => {
      const isOurs =
        now.scanning === seen.scanning &&
        now.after === seen.after &&
        now.redaction_version === seen.redaction_version;
      if (!isOurs || isEndedRescan(now)) return undefined;
      const { _etag, _ts, ...bareNext } = next as Stored<Rescan>;
      return { ...bareNext, ...(now.cancel_requested === true ? { cancel_requested: true } : {}) };
    });

  /** Whether every process goes by the rules of the re-scan, and what was recorded before they did is scored. */
  async function isReady(rescan: Rescan): Promise<boolean> {
    if (isEndedRescan(rescan) || rescan.cancel_requested === true) return true;
    const ref = { agent_id: rescan.agent_id, id: rescan.id };
    if (rescan.awaited_place !== undefined) return isScored(ref, rescan.awaited_place);
    const since = Date.parse(rescan.begun_again_at ?? rescan.created_at);
    if (clock.now() < since + deps.rulesKnownMs) return false;
    const awaited_place = await ledger.feedEnd("episodes");
    await records.change(ref.agent_id, ref.id, (one) =>
      one.awaited_place === undefined && one.begun_again_at === rescan.begun_again_at
        ? { ...one, awaited_place }
        : undefined,
    );
    return isScored(ref, awaited_place);
  }

  return {
    async claimRescan(input) {
      const { kind } = await records.claim(input, isEndedRescan, (rescan) => ({
        ...rescan,
        status: "running",
        claimed_by: input.instance_id,
      }));
      return kind === "missing" ? missing("rescan", input) : { kind };
    },

    async readRescanStatus(input) {
      const { status, error } = await read(input);
      return error === undefined ? { status } : { status, error };
    },

    isRescanReady: async (input) => ({ ready: await isReady(await read(input)) }),

    async rescanPages(input) {
      let rescan: Rescan | undefined;
      for (let pages = 0; pages < PAGES_A_STEP; pages++) {
        rescan = await onePage(input);
        if (rescan === undefined || isDone(rescan) || waits(rescan)) break;
      }
      return progressOf(rescan ?? (await read(input)));
    },

    async finishRescan(input) {
      const { version } = await (deps.policyNow ?? policyOf)(input.agent_id);
      const rescan = await records.change(input.agent_id, input.id, (one) => {
        if (isEndedRescan(one)) return undefined;
        const isCancelled = one.cancel_requested === true;
        if (!isCancelled && one.redaction_version !== version)
          return begunAgain(one, version, toIso(clock.now()));
        const { after: _after, ...rest } = one;
        return {
          ...rest,
          status: isCancelled ? "cancelled" : "finished",
          completed_at: toIso(clock.now()),
        };
      });
      const { status } = rescan ?? (await read(input));
      logger.info("stored episodes re-scanned", { rescan_id: input.id, status });
      return { status };
    },

    async failRescan({ agent_id, id, code, message }) {
      await records.change(agent_id, id, (one) =>
        isEndedRescan(one)
          ? undefined
          : { ...one, status: "failed", error: message, error_code: code, completed_at: toIso(clock.now()) },
      );
      logger.warn("a re-scan failed", { rescan_id: id, code });
      return null;
    },
  };
}

/** Nothing is left: the last kind has no further page. */
const isDone = (rescan: Rescan): boolean =>
  isEndedRescan(rescan) || rescan.cancel_requested === true || rescan.after === DONE;
const DONE = "done";
/** It began again, and some process may still go by the rules before. */
const waits = (rescan: Rescan): boolean =>
  rescan.begun_again_at !== undefined && rescan.awaited_place === undefined;

function advanced(seen: Rescan, outcome: PageOutcome): Rescan {
  const tally = seen.tallies[seen.scanning];
  const next = RESCANNED[RESCANNED.indexOf(seen.scanning) + 1];
  const counts = { ...seen.counts };
  for (const [kind, count] of Object.entries(outcome.counts)) counts[kind] = (counts[kind] ?? 0) + count;
  const { after: _after, ...rest } = seen;
  const after = outcome.after ?? (next === undefined ? DONE : undefined);
  return {
    ...rest,
    scanning: outcome.after === undefined ? (next ?? seen.scanning) : seen.scanning,
    ...(after === undefined ? {} : { after }),
    tallies: {
      ...seen.tallies,
      [seen.scanning]: {
        of: Math.max(tally.of, tally.read + outcome.read),
        read: tally.read + outcome.read,
        changed: tally.changed + outcome.changed,
        failed: tally.failed + outcome.failed,
      },
    },
    counts,
    failures: [...seen.failures, ...outcome.failures].slice(0, MOST_FAILURES),
    stale_datasets: [...new Set([...seen.stale_datasets, ...outcome.stale])].slice(0, MOST_STALE),
  };
}

/** The rules were changed meanwhile: once all go by the newer ones, all is looked through again. What was changed stays counted. */
function begunAgain(seen: Rescan, redaction_version: string, begun_again_at: string): Rescan {
  const { after: _after, awaited_place: _place, ...rest } = seen;
  const tallies = Object.fromEntries(
    Object.entries(seen.tallies).map(([what, tally]) => [what, { ...tally, read: 0, failed: 0 }]),
  ) as Rescan["tallies"];
  return {
    ...rest,
    redaction_version,
    begun_again_at,
    scanning: RESCANNED[0],
    tallies,
    failures: [],
    stale_datasets: [],
  };
}

function progressOf(rescan: Rescan): RescanProgress {
  const tallies = Object.values(rescan.tallies);
  const sum = (of: "read" | "changed") => tallies.reduce((total, tally) => total + tally[of], 0);
  return {
    done: isDone(rescan),
    ...(waits(rescan) ? { waits: true } : {}),
    scanning: rescan.scanning,
    read: sum("read"),
    changed: sum("changed"),
  };
}
