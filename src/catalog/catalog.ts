import type { Hosting } from "../hosting/hosting.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { canonicalModel, canonicalTier } from "./spelling.ts";
import { type PriceRow, type RetirementRow, TABLES } from "./tables.ts";

/** What no dated source says. Never zero, never a guess. */
export const UNKNOWN = "unknown";
export type Unknown = typeof UNKNOWN;
/** A text, or the word `unknown`. */
export type Told = string;

/** All that is known of one base model. */
export interface ModelFacts {
  readonly model: string;
  readonly format: Told;
  readonly methods: readonly string[] | Unknown;
  readonly training_types: readonly string[] | Unknown;
  readonly deployment_skus: readonly string[] | Unknown;
  readonly lifecycle: Told;
  /** Dates: from that day on the base no longer answers, is no longer trained, its tuned models no longer answer. */
  readonly base_retires: Told;
  readonly training_retires: Told;
  readonly deployment_retires: Told;
  readonly sources: readonly { readonly source: string; readonly as_of: string }[];
}

interface OfferedRow extends Omit<RetirementRow, "deployment_retires"> {
  readonly format: string;
}
/** The list read from Azure, kept beside the other small state of the loop. */
interface OfferedDocument {
  readonly id: "offered-models";
  readonly agent_id: "catalog";
  readonly created_at: string;
  readonly rows: readonly OfferedRow[];
}
const OWNER = "catalog";
const DOCUMENT = "offered-models";
const REMEMBERED_MS = 3_600_000;

export type Catalog = ReturnType<typeof createCatalog>;

/** `gpt-4.1-mini-2025-04-14.ft-<32 hex>-suffix` → the model it was made from (docs/facts.md#tuned-model-names). */
export function baseOf(model: string): string {
  return /^(?<base>.+?)\.(?:local-)?ft-[0-9a-f]{32}/.exec(model)?.groups?.base ?? model;
}

/** Azure's list says `Deprecating` and `Deprecated` where its pages say deprecated and retired (docs/facts.md#lifecycle-words). */
function lifecycleOf(told: string | undefined): Told {
  if (told === undefined) return UNKNOWN;
  const words: Readonly<Record<string, string>> = {
    GenerallyAvailable: "generally available",
    Preview: "preview",
    Deprecating: "deprecated",
    Deprecated: "retired",
  };
  return words[told] ?? told;
}

/** The dated tables, with Azure's own list over them where it has been read. */
export function createCatalog(deps: {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hosting?: Hosting | undefined;
}) {
  const { ledger, clock, logger, hosting } = deps;
  let remembered: { rows: readonly OfferedRow[]; until: number } | undefined;

  async function offered(): Promise<readonly OfferedRow[]> {
    if (hosting === undefined) return [];
    if (remembered !== undefined && clock.now() < remembered.until) return remembered.rows;
    let rows: readonly OfferedRow[] = remembered?.rows ?? [];
    try {
      rows = (await ledger.read<OfferedDocument>("leases", [OWNER], DOCUMENT))?.rows ?? [];
    } catch (error) {
      // The tables alone still answer.
      logger.warn("the list of offered models could not be read", { error: messageOf(error) });
    }
    remembered = { rows, until: clock.now() + REMEMBERED_MS };
    return rows;
  }

  async function facts(name: string): Promise<ModelFacts> {
    const model = canonicalModel(baseOf(name));
    const can = TABLES.models.find((row) => row.model === model);
    const written = TABLES.retirements.find((row) => row.model === model);
    const told = (await offered()).find((row) => row.model === model);
    return {
      model,
      format: can?.format ?? (told?.format || UNKNOWN),
      methods: can?.methods ?? UNKNOWN,
      training_types: can?.training_types ?? UNKNOWN,
      deployment_skus: can?.deployment_skus ?? UNKNOWN,
      lifecycle: told?.lifecycle ?? written?.lifecycle ?? UNKNOWN,
      base_retires: told?.base_retires ?? written?.base_retires ?? UNKNOWN,
      training_retires:
        told?.training_retires ??
        written?.training_retires ??
        told?.base_retires ??
        written?.base_retires ??
        UNKNOWN,
      deployment_retires: written?.deployment_retires ?? UNKNOWN,
      sources: [can, written, told]
        .filter((row) => row !== undefined)
        .map(({ source, as_of }) => ({ source, as_of })),
    };
  }

  const price = (fits: (row: PriceRow) => boolean): number | Unknown =>
    TABLES.prices.find(fits)?.usd ?? UNKNOWN;

  return {
    facts,

    /** Days until a date begins; negative when it is past. */
    daysUntil: (date: string): number => Math.floor((Date.parse(date) - clock.now()) / 86_400_000),

    /** Models that can be trained by the method and are not past their date; those with the most time left first. */
    async alternatives(model: string, method = "supervised"): Promise<ModelFacts[]> {
      const rows = TABLES.models.filter(
        (row) =>
          row.model !== model && row.deployment_skus.length > 0 && row.methods.some((one) => one === method),
      );
      const all = await Promise.all(rows.map((row) => facts(row.model)));
      const open = all.filter(
        ({ training_retires }) => training_retires === UNKNOWN || Date.parse(training_retires) > clock.now(),
      );
      // A date that is known comes before one that is not: nothing can be planned on the unknown.
      const rank = (one: ModelFacts) => (one.training_retires === UNKNOWN ? "0" : one.training_retires);
      return open.toSorted((a, b) => (rank(a) < rank(b) ? 1 : rank(a) > rank(b) ? -1 : 0));
    },

    /** Dollars for a million training tokens, each epoch. */
    trainingPrice: (model: string, trainingType: string): number | Unknown =>
      price(
        (row) =>
          row.what === "training" &&
          row.model === canonicalModel(baseOf(model)) &&
          row.training_type === canonicalTier(trainingType),
      ),
    /** Dollars for an hour of a deployment that may be idle. */
    hostingPrice: (sku: string): number | Unknown =>
      price((row) => row.what === "hosting" && row.sku === sku),
    quota: (name: string): number | Unknown =>
      TABLES.quotas.find((row) => row.name === name)?.limit ?? UNKNOWN,

    /** Reads Azure's own list where the settings and the identity's rights allow it. */
    async refresh(): Promise<{ refreshed: boolean; models: number; reason?: string }> {
      if (hosting === undefined) return { refreshed: false, models: 0, reason: "no account is set" };
      const known = new Set(TABLES.models.map((row) => row.model));
      const now = toIso(clock.now());
      const rows = new Map<string, OfferedRow>();
      try {
        for await (const one of hosting.offered()) {
          const model = /^\d{4}-\d\d-\d\d$/.test(one.version) ? `${one.name}-${one.version}` : one.name;
          if (!known.has(model) && !one.tunable) continue;
          rows.set(model, {
            model,
            format: one.format,
            lifecycle: lifecycleOf(one.lifecycle),
            ...(one.inferenceRetires === undefined
              ? {}
              : { base_retires: one.inferenceRetires.slice(0, 10) }),
            ...(one.trainingRetires === undefined
              ? {}
              : { training_retires: one.trainingRetires.slice(0, 10) }),
            source: "Azure Resource Manager, models of the account's region",
            as_of: now.slice(0, 10),
          });
        }
      } catch (error) {
        logger.warn("Azure's list of models could not be read", { error: messageOf(error) });
        return { refreshed: false, models: 0, reason: messageOf(error) };
      }
      const document: OfferedDocument = {
        id: DOCUMENT,
        agent_id: OWNER,
        created_at: now,
        rows: [...rows.values()],
      };
      await ledger.upsert("leases", document);
      remembered = undefined;
      return { refreshed: true, models: rows.size };
    },
  };
}
