import type { Settings } from "../config/settings.ts";
import type { Survey } from "../doors/survey.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { isLightningError, messageOf, unavailable } from "../kernel/errors.ts";
import { CONTAINER_KEYS, containerNames } from "../ledger/containers.ts";
import type { FeedProgress } from "../ledger/feed-progress.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import type { Check, Feeds, Health } from "./contract.ts";
import { readFeeds } from "./feeds.ts";

/** A check that takes longer has failed: whoever asks for health wants an answer. */
const PATIENCE_MS = 5_000;
/** Feeds further behind than this mean that scores and aggregates are old. */
const FEED_LAG_SECONDS = 300;

interface HealthDeps {
  readonly ledger: Ledger;
  readonly provider: Pick<Provider, "kind" | "ping" | "local">;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly progress?: FeedProgress | undefined;
  /** Finds out whether the ledger can be written to. */
  readonly probe: () => Promise<void>;
  /** What became of the orchestrations behind what is under way. */
  readonly survey: () => Promise<Survey>;
}

/** Unhealthy: the ledger does not answer or takes no write. Degraded: it does, but something else is wrong. */
export async function checkHealth(deps: HealthDeps, counts: boolean): Promise<Health> {
  const { ledger, provider, settings, clock } = deps;
  const [ledgerCheck, providerCheck] = await Promise.all([
    check(deps, settings.cosmosAccountUri === undefined ? "embedded" : "cosmos", async () => {
      await ledger.ping();
      await deps.probe();
    }),
    check(deps, provider.kind, () => provider.ping()),
  ]);
  const address = provider.local?.()?.url;
  const checks: Record<string, Check> = {
    ledger: ledgerCheck,
    provider: { ...providerCheck, ...(address === undefined ? {} : { address }) },
  };
  let feeds: Feeds | undefined;
  let records: Survey | undefined;
  let containers: Record<string, number> | undefined;
  if (ledgerCheck.ok) {
    const feedCheck = await check(deps, undefined, async () => {
      feeds = await readFeeds(ledger, clock, deps.progress);
      const late = Object.entries(feeds).find(([, { lag_seconds }]) => lag_seconds > FEED_LAG_SECONDS);
      if (late !== undefined)
        throw unavailable("feed_behind", `The ${late[0]} feed is ${late[1].lag_seconds} s behind.`);
    });
    checks.feeds = feedCheck;
    checks.orchestrations = await check(deps, undefined, async () => {
      records = await deps.survey();
      const lost = Object.values(records.lost).reduce((sum, some) => sum + some, 0);
      if (lost === 0) return;
      const ends = Object.entries(records.lost).map(([end, some]) => `${some} ${end}`);
      throw unavailable(
        "orchestrations_lost",
        `${lost} ${lost === 1 ? "record has" : "records have"} lost the orchestration that worked on them ` +
          `(${ends.join(", ")}); the hourly sweep takes them up, or \`lightning take-up\` does it now.`,
      );
    });
    if (counts)
      checks.containers = await check(deps, undefined, async () => {
        const names = containerNames(settings);
        containers = Object.fromEntries(
          await Promise.all(
            CONTAINER_KEYS.map(async (key) => [names[key], await ledger.count(key, {})] as const),
          ),
        );
      });
  }
  const allOk = Object.values(checks).every(({ ok }) => ok);
  return {
    status: !ledgerCheck.ok ? "unhealthy" : allOk ? "healthy" : "degraded",
    checks,
    ...(feeds === undefined ? {} : { feeds }),
    ...(records === undefined ? {} : { records }),
    ...(containers === undefined ? {} : { containers }),
    checked_at: toIso(clock.now()),
  };
}

async function check(
  { clock }: HealthDeps,
  kind: string | undefined,
  work: () => Promise<unknown>,
): Promise<Check> {
  const began = clock.now();
  const named = kind === undefined ? {} : { kind };
  let cancel: (() => void) | undefined;
  try {
    await Promise.race([
      work(),
      new Promise((_resolve, reject) => {
        cancel = clock.after(PATIENCE_MS, () =>
          reject(unavailable("too_slow", `No answer within ${PATIENCE_MS / 1000} s.`)),
        );
      }),
    ]);
    return { ok: true, ...named, milliseconds: clock.now() - began };
  } catch (thrown) {
    return {
      ok: false,
      ...named,
      code: isLightningError(thrown) ? thrown.code : "failed",
      message: messageOf(thrown).slice(0, 300),
    };
  } finally {
    cancel?.();
  }
}
