import { databaseTools } from "../../ledger/database-tools.ts";
import { addBackup, addProvision, checkContainers, type Database } from "./database-commands.ts";
import { addDev, addMcp } from "./host-commands.ts";
import { terminal } from "./io.ts";
import { run } from "./run.ts";

/** The command line in the repository: it starts the function app inside itself when none is in reach. */
await run(async (settings) => {
  const { operationRows } = await import("../../compose/operations.ts");
  const database: Database = {
    isCosmos: settings.cosmosAccountUri !== undefined,
    provision: (asked) => databaseTools.provision(settings, asked),
    verify: () => databaseTools.verify(settings),
    backup: (file) => databaseTools.backup(settings, file),
  };
  return {
    operations: operationRows(settings),
    startEmbedded: async () => (await import("../../start.ts")).startLocal({ port: 0, quiet: true }),
    instead: { getHealth: (values) => checkContainers(values, terminal, database) },
    addCommands(program, finish, connect) {
      addDev(program, finish);
      addMcp(program, finish, { io: terminal, connect, toolSets: settings.mcpTools });
      addProvision(program, finish, terminal, database);
      addBackup(program, finish, terminal, database);
    },
  };
});
