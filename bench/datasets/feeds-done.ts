import { readSettings } from "../../src/config/settings.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { containerNames, LEASE_PREFIXES } from "../../src/ledger/containers.ts";
import { ledgerFromSettings } from "../../src/ledger/from-settings.ts";
import { homeFiles } from "../../src/local-host/home.ts";
import { openStateFile } from "../../src/local-host/state-file.ts";

const FUNCTIONS = { episodes: "scoreEpisodes", rewards: "aggregateRewards" } as const;

/**
 * Puts the consumers of the feeds behind what `fill.ts` has stored: its episodes carry their aggregates already. A
 * build waits for the feeds, and they would first hand every document to the app, which is another bench.
 */
export async function feedsDone(home: string): Promise<void> {
  const settings = readSettings({ LIGHTNING_HOME: home });
  const ledger = ledgerFromSettings(settings, systemClock, silentLogger);
  const state = openStateFile(homeFiles(home).state);
  for (const feed of ["episodes", "rewards"] as const) {
    let after: string | undefined;
    for (let isDrained = false; !isDrained; ) {
      const page = await ledger.changes(feed, { after, limit: 1000 });
      after = page.continuation;
      isDrained = page.drained;
    }
    state.set(`feed:${FUNCTIONS[feed]}:${LEASE_PREFIXES[feed]}:${containerNames(settings)[feed]}`, after);
  }
  await ledger.close();
}
