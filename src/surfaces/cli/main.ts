import { readSettings, SETTINGS } from "../../config/settings.ts";
import { databaseTools } from "../../ledger/database-tools.ts";
import { findRunningHost } from "../../local-host/home.ts";
import { connect } from "../../sdk/connect.ts";
import { addProvision, checkContainers, type Database } from "./database-commands.ts";
import { addHostCommands } from "./host-commands.ts";
import { terminal } from "./io.ts";
import { runCli, showError } from "./program.ts";

/** The CLI of this process: reads the settings, makes the commands, runs one. */
async function main(): Promise<number> {
  const settings = readSettings();
  const { operationRows } = await import("../../compose/operations.ts");
  const database: Database = {
    isCosmos: settings.cosmosAccountUri !== undefined,
    provision: (asked) => databaseTools.provision(settings, asked),
    verify: () => databaseTools.verify(settings),
  };
  const reach = () =>
    connect({
      settings,
      findHost: findRunningHost,
      startEmbedded: async () => (await import("../../start.ts")).startLocal({ port: 0, quiet: true }),
    });
  return runCli(process.argv.slice(2), {
    operations: operationRows(settings),
    io: terminal,
    connect: reach,
    // When nobody set it here, the function app's own LIGHTNING_AGENT_ID counts.
    agentId: settings.agentId === SETTINGS.agentId.default ? undefined : settings.agentId,
    longestWaitMs: settings.maxWaitMinutes * 60_000,
    longestPauseMs: Math.min(settings.pollIntervalSeconds * 1000, 5000),
    instead: { getHealth: (values) => checkContainers(values, terminal, database) },
    addCommands(program, finish) {
      addHostCommands(program, finish, { io: terminal, connect: reach });
      addProvision(program, finish, terminal, database);
    },
  });
}

let code = 1;
try {
  code = await main();
} catch (thrown) {
  showError(terminal, process.argv.includes("--json"), thrown);
}
// An embedded host is stopped by now, but what it loaded may still hold sockets and timers open.
process.stdout.write("", () => process.exit(code));
