#!/usr/bin/env node
import type { Command } from "commander";
import { operationRows } from "../../compose/operations.ts";
import { LightningError } from "../../kernel/errors.ts";
import { addMcp } from "./host-commands.ts";
import { terminal } from "./io.ts";
import { run } from "./run.ts";
import { showError } from "./show-error.ts";

/**
 * The command line as a package of its own, for whoever has an address and no checkout: a client of the REST routes.
 * The rows of the table are bundled as they describe the operations; the app behind them is left out.
 */
await run((settings) => ({
  operations: operationRows(settings),
  instead: {
    getHealth: async (values) =>
      values.containers === true ? refuse("health --containers", values.json === true) : undefined,
  },
  addCommands(program, finish, connect) {
    addMcp(program, finish, { io: terminal, connect, toolSets: settings.mcpTools });
    addRefused(program, finish, "dev", "Runs the function app on this machine");
    addRefused(program, finish, "provision", "Creates the database and its containers in Cosmos DB");
    addRefused(program, finish, "backup", "Writes a whole copy of the embedded ledger to a new file");
  },
}));

function addRefused(
  program: Command,
  finish: (code: number) => void,
  name: string,
  description: string,
): void {
  program
    .command(name)
    .description(`${description}; works in the repository of Agent Lightning.`)
    .argument("[options...]")
    .allowUnknownOption()
    .action((_options: string[]) => finish(refuse(name, process.argv.includes("--json"))));
}

function refuse(command: string, json: boolean): number {
  const message = `\`lightning ${command}\` works on the function app itself, which is not part of this package.`;
  const remedy = `Run \`npx lightning ${command}\` in the repository of Agent Lightning, after \`npm ci\`.`;
  showError(terminal, json, new LightningError("fatal", "needs_repository", message, { remedy }));
  return 1;
}
