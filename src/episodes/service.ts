import { setImmediate as nextTurn } from "node:timers/promises";
import type { Settings } from "../config/settings.ts";
import { nullsAsAbsent } from "../doors/absent.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";

import { refusedInput, refuseProto } from "../doors/refuse-input.ts";
import { refuseShape } from "../doors/refuse-shape.ts";
import { seeInputOf } from "../doors/see-input.ts";
import type { Clock } from "../kernel/clock.ts";
import { toIso } from "../kernel/clock.ts";
import {
  conflict,
  fatal,
  invalid,
  isKind,
  isLightningError,
  LightningError,
  messageOf,
} from "../kernel/errors.ts";
import { parseExact } from "../kernel/exact-json.ts";
import { timeOrderedId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare, type Ledger, type Page } from "../ledger/ledger.ts";
import type { PartService, SeenParts } from "../parts/service.ts";
import { isFreeOfSecrets } from "../redaction/kept-text.ts";
import type { PolicyOf, RedactionPolicy } from "../redaction/policy.ts";
import { type CheckedEpisodeInput, type Episode, episodeInputSchema } from "./contract.ts";
import { putRight } from "./odd/episode.ts";
import { sameContent, toEpisode } from "./rules.ts";
import { createEpisodeStore, type EpisodeFilter } from "./store.ts";

export interface EpisodeServiceDeps {
  readonly ledger: Ledger;
  readonly settings: Pick<Settings, "agentId" | "redactSecrets" | "maxOutputLength">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: episodes with parts in files are refused. */
  readonly parts?: Pick<PartService, "demand"> | undefined;
  /** The redaction that holds for an agent; absent: the standard rules. */
  readonly policyOf?: PolicyOf | undefined;
}

/** What became of one item of a `record` call, at the item's place. */
export type RecordResult =
  | { readonly status: "recorded" | "duplicate"; readonly id: string; readonly episode: Episode }
  | { readonly status: "error"; readonly id?: string | undefined; readonly error: LightningError };

export type EpisodeService = ReturnType<typeof createEpisodeService>;

/** @throws invalid `invalid_input` that names the field; `too_deep`; `too_many_values` */
function check(raw: unknown, agentId: string): CheckedEpisodeInput {
  refuseShape(raw);
  refuseInexact(raw);
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    throw invalid("invalid_input", "An episode must be a JSON object.");
  const item = { ...(raw as Record<string, unknown>) };
  item.agent_id ??= agentId;
  let parsed = episodeInputSchema.safeParse(nullsAsAbsent(episodeInputSchema, item));
  if (!parsed.success) parsed = episodeInputSchema.safeParse(putRight(item));
  const remedy = seeInputOf("recordEpisodes");
  if (!parsed.success) throw refusedInput(parsed.error, { whole: "The episode", remedy });
  refuseProto(item, remedy);
  return parsed.data;
}

/** A line that a door handed over as text because of a number in it. @throws invalid `number_not_exact` */
function refuseInexact(raw: unknown): void {
  if (typeof raw !== "string") return;
  try {
    parseExact(raw);
  } catch (thrown) {
    if (isLightningError(thrown)) throw thrown;
  }
}

/** Other requests wait so long at most, in ms, while the episodes of a large one are read, unless one of them takes longer. */
const LONGEST_STRETCH_MS = 20;

/** What the door's schema, being that of one episode or of many, does not demand. */
const DEMANDED = ["agent_id", "user_input", "assistant_output", "tool_calls", "metadata"] as const;
const isWhole = (raw: unknown): raw is CheckedEpisodeInput =>
  DEMANDED.every((field) => (raw as Partial<CheckedEpisodeInput>)[field] !== undefined);

/** Stores and reads episodes. Everything stored went through redaction here, whoever sent it. */
export function createEpisodeService({
  ledger,
  settings,
  clock,
  logger,
  parts,
  policyOf,
}: EpisodeServiceDeps) {
  const store = createEpisodeStore(ledger);

  /** A create that met an existing id: the same episode again, or another one under its id. */
  async function meet(sent: Episode, createdAtGiven: boolean): Promise<RecordResult> {
    const stored = await store.find(sent.agent_id, sent.id);
    if (stored === undefined)
      return failed(
        fatal("episode_vanished", `Episode ${sent.id} was deleted while it was recorded.`),
        sent.id,
      );
    if (sameContent(stored, sent, createdAtGiven))
      return { status: "duplicate", id: sent.id, episode: bare(stored) };
    return failed(
      conflict("episode_conflict", `Episode ${sent.id} is already recorded with other content.`, {
        field: "id",
        remedy: "Send it under a new id; a recorded episode never changes.",
      }),
      sent.id,
    );
  }

  /** Parts are kept before the episode that points at them: what is recorded is whole. */
  async function faultOfParts({ agent_id, parts: named }: Episode, seen: SeenParts): Promise<unknown> {
    if (named === undefined) return undefined;
    try {
      if (parts === undefined) throw fatal("parts_not_kept", "This app keeps no parts of episodes in files.");
      return await parts.demand(agent_id, named, seen);
    } catch (thrown) {
      return thrown;
    }
  }

  /**
   * Records any number of episodes, each on its own: a faulty one does not sink the others. Sent again with the same
   * id, an episode is stored once.
   * @param options `checked`: the door has read every field by this very schema; what it lets out is looked at here
   */
  async function record(
    inputs: readonly unknown[],
    options: { agentId?: string | undefined; checked?: boolean } = {},
  ): Promise<RecordResult[]> {
    const results: RecordResult[] = Array.from({ length: inputs.length });
    const shaped: { index: number; episode: Episode; createdAtGiven: boolean }[] = [];
    const now = clock.now();
    /** One policy for all of an agent's episodes in a call. */
    const policies = new Map<string, RedactionPolicy | undefined>();
    let since = performance.now();
    for (const [index, raw] of inputs.entries()) {
      if (performance.now() - since > LONGEST_STRETCH_MS) {
        await nextTurn();
        since = performance.now();
      }
      try {
        const input =
          options.checked === true && isWhole(raw) ? raw : check(raw, options.agentId ?? settings.agentId);
        const id = input.id ?? timeOrderedId("ep", now);
        const { agent_id: agentId } = input;
        if (settings.redactSecrets && !policies.has(agentId))
          policies.set(agentId, await policyOf?.(agentId));
        const policy = policies.get(agentId);
        const episode = toEpisode(input, { id, now: toIso(now), settings, policy });
        shaped.push({ index, episode, createdAtGiven: input.created_at !== undefined });
      } catch (thrown) {
        results[index] = failed(thrown, idOf(raw, settings));
      }
    }
    // A conversation's episodes point at the same parts.
    const seen: SeenParts = new Map();
    for (const { index, episode } of shaped) {
      const thrown = await faultOfParts(episode, seen);
      if (thrown !== undefined) results[index] = failed(thrown, episode.id);
    }
    const ready = shaped.filter(({ index }) => results[index] === undefined);
    if (ready.length > 0) {
      const outcomes = await store.createAll(ready.map((item) => item.episode));
      await Promise.all(
        ready.map(async ({ index, episode, createdAtGiven }, i) => {
          const outcome = outcomes[i];
          if (outcome?.ok) results[index] = { status: "recorded", id: episode.id, episode };
          else if (isKind(outcome?.error, "conflict"))
            results[index] = await meet(episode, createdAtGiven).catch((thrown: unknown) =>
              failed(thrown, episode.id),
            );
          else results[index] = failed(outcome?.error, episode.id);
        }),
      );
    }
    const errors = results.flatMap((result) => (result.status === "error" ? [result.error] : []));
    const [first] = errors;
    if (first !== undefined)
      logger.warn("episodes refused", {
        refused: errors.length,
        sent: inputs.length,
        code: first.code,
        field: first.field,
      });
    return results;
  }

  return {
    record,

    /** One page, newest first. */
    async list(
      filter: Omit<EpisodeFilter, "agentId"> & { agentId?: string },
      limit: number,
      after?: string,
    ): Promise<Page<Episode>> {
      return store.page({ ...filter, agentId: filter.agentId ?? settings.agentId }, limit, after);
    },

    /** @throws not_found `episode_not_found` */
    async get(id: string, agentId: string = settings.agentId): Promise<Episode> {
      const stored = await store.find(agentId, id);
      if (stored === undefined) throw noSuchRecord("episode", agentId, id);
      return bare(stored);
    },
  };
}

function failed(thrown: unknown, id?: string): RecordResult {
  const error = isLightningError(thrown)
    ? thrown
    : new LightningError("fatal", "record_failed", messageOf(thrown), { cause: thrown });
  return { status: "error", id, error };
}

/** The id an unusable item came with, for the reply, which may be kept. */
function idOf(
  raw: unknown,
  { redactSecrets }: Pick<EpisodeServiceDeps["settings"], "redactSecrets">,
): string | undefined {
  const id = typeof raw === "object" && raw !== null ? (raw as { id?: unknown }).id : undefined;
  if (typeof id !== "string" || (redactSecrets && !isFreeOfSecrets(id))) return undefined;
  return id.slice(0, 100);
}
