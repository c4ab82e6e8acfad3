import { type Command, Option } from "commander";
import type { Operation } from "../../doors/operation.ts";
import { type Field, inputFields, valueOfTexts } from "../fields.ts";

/** One option of a command and the place of its value in the operation's input. */
export interface Flag {
  readonly field: Field;
  readonly path: readonly string[];
  /** Without dashes: `min-reward`. */
  readonly name: string;
  readonly hidden: boolean;
}

/** Fields whose option the design names otherwise. */
const SHORT_NAMES: Readonly<Record<string, string>> = { n_epochs: "epochs" };

const kebab = (name: string) => name.replaceAll("_", "-");

/** Every option of an operation; objects with named fields become one option a field: `--approval-required`. */
export function flagsOf(operation: Operation, without: ReadonlySet<string> = new Set()): Flag[] {
  const flags: Flag[] = [];
  const visit = (fields: readonly Field[], path: readonly string[]) => {
    for (const field of fields) {
      if (path.length === 0 && without.has(field.name)) continue;
      const here = [...path, field.name];
      if (field.fields !== undefined && field.fields.length > 0) visit(field.fields, here);
      else {
        const name = path.length === 0 ? (SHORT_NAMES[field.name] ?? field.name) : here.join("_");
        flags.push({ field, path: here, name: kebab(name), hidden: false });
        if (name !== field.name && path.length === 0)
          flags.push({ field, path: here, name: kebab(field.name), hidden: true });
      }
    }
  };
  visit(inputFields(operation), []);
  for (const [alias, target] of Object.entries(operation.aliases ?? {})) {
    const flag = flags.find(({ path }) => path.length === 1 && path[0] === target);
    const taken = flags.some(({ name }) => name === kebab(alias));
    if (flag !== undefined && !taken)
      flags.push({ ...flag, path: [alias], name: kebab(alias), hidden: true });
  }
  return flags;
}

/** Adds the options of an operation to its command. */
export function addOptions(command: Command, flags: readonly Flag[]): void {
  for (const { field, name, hidden } of flags) {
    const text = helpOf(field);
    if (field.kinds.has("boolean") && !field.kinds.has("string")) {
      command.addOption(new Option(`--${name}`, text).hideHelp(hidden || field.default === true));
      command.addOption(
        new Option(`--no-${name}`, `not: ${text}`).hideHelp(hidden || field.default !== true),
      );
      continue;
    }
    const option = new Option(`--${name} <${placeholder(field)}>`, text).hideHelp(hidden);
    // Every text is kept: one field may be given several times, and the schema judges what may not.
    option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
    command.addOption(option);
  }
}

/** The operation's input as the options say it, in wire form; fields nobody named are absent. */
export function inputOf(
  flags: readonly Flag[],
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const { field, path, name } of flags) {
    const given = values[camel(name)];
    if (given === undefined) continue;
    const value = Array.isArray(given) ? valueOfTexts(field, given as string[]) : given;
    let place = input;
    for (const step of path.slice(0, -1)) {
      place[step] ??= {};
      place = place[step] as Record<string, unknown>;
    }
    place[path.at(-1) ?? field.name] = value;
  }
  return input;
}

/** Required fields that were not given, as their options are written. */
export function missingOptions(
  operation: Operation,
  flags: readonly Flag[],
  input: Readonly<Record<string, unknown>>,
): string[] {
  const named = new Set(Object.keys(input).map((name) => operation.aliases?.[name] ?? name));
  return flags
    .filter(
      ({ field, path, hidden }) => path.length === 1 && field.required && !hidden && !named.has(field.name),
    )
    .map(({ field, name }) => `--${name} <${placeholder(field)}>`);
}

/** An example input as a command line. */
export function exampleLine(operation: Operation, extra: readonly string[] = []): string {
  const flags = flagsOf(operation).filter(({ hidden }) => !hidden);
  const words = flags.flatMap(({ path, name }) => {
    let value: unknown = operation.example;
    for (const step of path) value = (value as Record<string, unknown> | undefined)?.[step];
    if (value === undefined) return [];
    if (typeof value === "boolean") return [value ? `--${name}` : `--no-${name}`];
    const text =
      Array.isArray(value) && value.every((one) => typeof one !== "object")
        ? value.join(",")
        : typeof value === "string"
          ? value
          : JSON.stringify(value);
    return [`--${name}`, shellWord(text)];
  });
  return ["lightning", operation.cli ?? operation.name, ...words, ...extra].join(" ");
}

const shellWord = (text: string) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** The key commander stores an option under. */
const camel = (name: string) => name.replaceAll(/-(.)/g, (_dash, letter: string) => letter.toUpperCase());

function placeholder(field: Field): string {
  if (field.items !== undefined) return "list";
  if (field.kinds.has("number") || field.kinds.has("integer")) return "number";
  if (field.kinds.has("object")) return "json";
  if (field.name === "id" || field.name.endsWith("_id")) return "id";
  if (field.name.endsWith("_date") || field.name.endsWith("_at")) return "time";
  return "text";
}

function helpOf(field: Field): string {
  const choices = field.choices ?? field.items?.choices;
  const standard =
    field.name === "agent_id"
      ? "LIGHTNING_AGENT_ID"
      : field.default === undefined || typeof field.default === "object" || field.default === ""
        ? undefined
        : JSON.stringify(field.default);
  return [
    field.description?.replace(/\.$/, "") ?? field.name.replaceAll("_", " "),
    ...(choices === undefined ? [] : [`one of ${choices.join(", ")}`]),
    ...(field.items === undefined ? [] : ["several: repeat it or use commas"]),
    ...(field.required ? ["required"] : []),
    ...(standard === undefined || field.name === "agent_id" ? [] : [`default ${standard}`]),
  ].join("; ");
}
