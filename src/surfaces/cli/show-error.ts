import { isLightningError } from "../../kernel/errors.ts";
import { type DoorWords, errorInDoorWords, inDoorWords, REST_WORDS } from "../door-words.ts";
import { toLightningError } from "../wire-errors.ts";
import type { CliIo } from "./io.ts";
import { facts, plain } from "./layout.ts";
import type { Flag } from "./options.ts";

/** The command that failed: its words and options, so that an error speaks of these and not of JSON fields. */
export interface Named {
  readonly command: string;
  readonly flags: readonly Flag[];
  /** The words after `lightning` of an operation; absent: it has no command. */
  readonly commandOf: (operation: string) => string | undefined;
}

/** Code, reason, option and remedy; under `--json` the error body as REST answers it. */
export function showError(io: CliIo, json: boolean, thrown: unknown, named?: Named): void {
  const error = isLightningError(thrown) ? thrown : toLightningError(thrown, "cli");
  if (json) {
    const body = { error: errorInDoorWords(error.toBody().error, REST_WORDS) };
    io.out(`${JSON.stringify(body, undefined, 2)}\n`);
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

/** As the app tells it over REST. */
const SEE_THE_API = /See the input of (\w+) in the API description \(GET [^)]*\)\./g;
const IN_REST_WORDS = /\b(\w+) \((?:GET|POST) \/api\/[^)]*\)/g;

const wordsOf = ({ command, commandOf }: Named): DoorWords => ({
  operation: (name) => {
    const words = commandOf(name);
    return words === undefined ? name : `\`lightning ${words}\``;
  },
  input: () => `See \`lightning ${command} --help\`.`,
});

/** A sentence about fields as one about options. */
function inOptions(text: string, field: string | undefined, named: Named | undefined): string {
  if (named === undefined) return text;
  const option = optionOf(field, named);
  const told =
    field !== undefined && option !== undefined && text.startsWith(`${field}:`)
      ? option + text.slice(field.length)
      : text;
  const words = wordsOf(named);
  return inDoorWords(told, words)
    .replaceAll(SEE_THE_API, (_whole, name: string) => words.input(name))
    .replaceAll(IN_REST_WORDS, (_whole, name: string) => words.operation(name))
    .replaceAll(
      /(["`]?)\b([a-z]+(?:_[a-z]+)+)\b\1/g,
      (word, _quote, name: string) => optionOf(name, named) ?? word,
    );
}
