import { type Command, InvalidArgumentError } from "commander";
import { invalid } from "../../kernel/errors.ts";
import type { CliIo } from "./io.ts";
import { showError } from "./show-error.ts";

/** A container beside what the code expects; the ledger's own words for it. */
interface Checked {
  readonly name: string;
  readonly faults: readonly string[];
  readonly notes?: readonly string[];
}

/** A copy of the embedded ledger, and where what is not in it lies. */
interface Backup {
  readonly file: string;
  readonly bytes: number;
  readonly home: string;
  /** The folder of the datasets' files; absent where they are in a blob container. */
  readonly dataset_files?: string | undefined;
}

/** What these commands do to the account or the ledger's file, directly and not through a function app. */
export interface Database {
  readonly isCosmos: boolean;
  provision(asked: {
    readonly maxThroughput?: number | undefined;
    readonly update?: boolean;
  }): Promise<readonly (Checked & { readonly state: string })[]>;
  verify(): Promise<readonly Checked[]>;
  backup(file: string): Promise<Backup>;
}

const EMBEDDED = "COSMOS_ACCOUNT_URI is not set: the embedded ledger makes its containers itself.";

const linesOf = ({ name, faults, notes = [] }: Checked, state: string) => [
  `${faults.length === 0 ? "✅" : "❌"} ${name}: ${state}`,
  ...faults.map((fault) => `   ${fault}`),
  ...notes.map((note) => `   note: ${note}`),
];

function print(io: CliIo, json: boolean, body: object, lines: readonly string[]): void {
  io.out(
    json
      ? `${JSON.stringify(body, undefined, 2)}\n`
      : `\n${lines.map((line) => io.paint(line, "out")).join("\n")}\n`,
  );
}

/** `lightning health --containers`. Answers undefined without that option. */
export async function checkContainers(
  values: Readonly<Record<string, unknown>>,
  io: CliIo,
  database: Database,
): Promise<number | undefined> {
  if (values.containers !== true) return undefined;
  const json = values.json === true;
  if (!database.isCosmos) {
    print(io, json, { healthy: true, containers: [], message: EMBEDDED }, [EMBEDDED]);
    return 0;
  }
  const containers = await database.verify();
  const healthy = containers.every(({ faults }) => faults.length === 0);
  const lines = containers.flatMap((one) =>
    linesOf(one, one.faults.length === 0 ? "as expected" : "not as expected"),
  );
  print(io, json, { healthy, containers }, lines);
  return healthy ? 0 : 1;
}

/** `lightning provision`. */
export function addProvision(
  program: Command,
  finish: (code: number) => void,
  io: CliIo,
  database: Database,
): void {
  program
    .command("provision")
    .description(
      "Creates the database and its containers in Cosmos DB where they are missing; needs the account's key.",
    )
    .option("--update", "give existing containers the expiry and indexes they lack")
    .option(
      "--max-throughput <ru>",
      "autoscale maximum that the containers share, in RU/s (1000 at least); serverless accounts take none",
      (text) => {
        const units = Number(text);
        if (!Number.isInteger(units) || units < 1000 || units % 1000 !== 0)
          throw new InvalidArgumentError("It is a multiple of 1000.");
        return units;
      },
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  $ COSMOS_AUTH_MODE=key lightning provision --max-throughput 1000")
    .action(
      async ({
        update = false,
        maxThroughput,
        json = false,
      }: {
        update?: boolean;
        maxThroughput?: number;
        json?: boolean;
      }) => {
        try {
          if (!database.isCosmos) {
            print(io, json, { success: true, containers: [], message: EMBEDDED }, [EMBEDDED]);
            return;
          }
          const containers = await database.provision({ update, maxThroughput });
          const success = containers.every(({ faults }) => faults.length === 0);
          print(
            io,
            json,
            { success, containers },
            containers.flatMap((one) => linesOf(one, one.state)),
          );
          finish(success ? 0 : 1);
        } catch (thrown) {
          showError(io, json, thrown);
          finish(1);
        }
      },
    );
}

const ON_COSMOS = () =>
  invalid("backup_not_embedded", "The ledger is in Cosmos DB, which makes its own backups.", {
    remedy: "See the account's backup policy; unset COSMOS_ACCOUNT_URI to back up the embedded ledger.",
  });

/** `lightning backup`. */
export function addBackup(
  program: Command,
  finish: (code: number) => void,
  io: CliIo,
  database: Pick<Database, "isCosmos" | "backup">,
): void {
  program
    .command("backup")
    .description("Writes a whole copy of the embedded ledger to a new file, also while the host is running.")
    .argument("<file>", "the new file")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  $ lightning backup ledger-monday.sqlite")
    .action(async (file: string, { json = false }: { json?: boolean }) => {
      try {
        if (database.isCosmos) throw ON_COSMOS();
        const made = await database.backup(file);
        print(io, json, { success: true, ...made }, [
          `✅ ${made.file}: the whole ledger, ${made.bytes} bytes`,
          ...(made.dataset_files === undefined
            ? []
            : [`   not in it: the datasets' files; copy ${made.dataset_files} now`]),
        ]);
      } catch (thrown) {
        showError(io, json, thrown);
        finish(1);
      }
    });
}
