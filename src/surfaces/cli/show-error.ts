import { isLightningError } from "../../kernel/errors.ts";
import { toLightningError } from "../wire-errors.ts";
import type { CliIo } from "./io.ts";
import { facts, plain } from "./layout.ts";
import type { Flag } from "./options.ts";

/** The command that failed: its words and options, so that an error speaks of these and not of JSON fields. */
export interface Named {
  readonly command: string;
  readonly flags: readonly Flag[];
}

/** Code, reason, option and remedy; under `--json` the error body as REST answers it. */
export function showError(io: CliIo, json: boolean, thrown: unknown, named?: Named): void {
  const error = isLightningError(thrown) ? thrown : toLightningError(thrown, "cli");
  if (json) {
    io.out(`${JSON.stringify(error.toBody(), undefined, 2)}\n`);
    return;
  }
  const cause = isLightningError(thrown) ? [] : facts([["Cause", (thrown as Error | undefined)?.message]]);
  const option = optionOf(error.field, named);
  const lines = [
    `❌ ${plain(inOptions(error.message, error.field, named))}`,
    ...facts([
      ["Code", error.code],
      option === undefined ? ["Field", error.field] : ["Option", option],
      ["Remedy", error.remedy === undefined ? undefined : inOptions(error.remedy, error.field, named)],
    ]),
    ...cause,
  ];
  io.err(`\n${lines.map((line) => io.paint(line, "err")).join("\n")}\n`);
}

/** The option for a field or a place inside it: `--epochs` for `n_epochs`, `--tags` for `tags.0`. */
function optionOf(field: string | undefined, named: Named | undefined): string | undefined {
  const flag = named?.flags.find(({ path, hidden }) => {
    const whole = path.join(".");
    return !hidden && (field === whole || field?.startsWith(`${whole}.`) === true);
  });
  return flag && `--${flag.name}`;
}

const SEE_THE_API = /See the input of \w+ in the API description \(GET [^)]*\)\./;

/** A sentence about fields as one about options. */
function inOptions(text: string, field: string | undefined, named: Named | undefined): string {
  if (named === undefined) return text;
  const option = optionOf(field, named);
  const told =
    field !== undefined && option !== undefined && text.startsWith(`${field}:`)
      ? option + text.slice(field.length)
      : text;
  return told
    .replace(SEE_THE_API, `See \`lightning ${named.command} --help\`.`)
    .replaceAll(
      /(["`]?)\b([a-z]+(?:_[a-z]+)+)\b\1/g,
      (word, _quote, name: string) => optionOf(name, named) ?? word,
    );
}
