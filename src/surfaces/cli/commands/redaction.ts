import { Option } from "commander";
import type { ReplyOf } from "../../../operations.ts";
import type { Commands, Extras } from "../command.ts";
import { readOr } from "../extras.ts";
import { followedRescan, shownRescan, testRedaction } from "../flows.ts";
import { facts, list, plain } from "../layout.ts";
import { agentOf, more, none, statusSign, underWay } from "./shared.ts";

const RULES_FILE = "a JSON file: the rules as a list, or {rules, pseudonyms}; - is standard input";

/** Rules, and what else stands beside them, out of a file. */
async function rulesOf(text: string, input: Record<string, unknown>, refuse: (message: string) => never) {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    refuse("the rules file is no JSON");
  }
  const { rules, pseudonyms } = (Array.isArray(parsed) ? { rules: parsed } : (parsed ?? {})) as {
    readonly rules?: unknown;
    readonly pseudonyms?: unknown;
  };
  if (rules === undefined && pseudonyms === undefined) refuse("the rules file holds no rules");
  if (rules !== undefined) input.rules = rules;
  if (pseudonyms !== undefined) input.pseudonyms ??= pseudonyms;
}

const setExtras = (): Extras => ({
  without: ["rules"],
  options: [new Option("--file <file>", RULES_FILE)],
  example: "lightning redaction set-rules --pseudonyms email --if-version 0",
  async complete(input, values, io, refuse) {
    if (typeof values.file === "string") await rulesOf(await readOr(io, values.file, refuse), input, refuse);
    return undefined;
  },
});

const testExtras = (): Extras => ({
  without: ["value", "rules"],
  options: [
    new Option("--file <file>", "a text file to be looked through; - is standard input").conflicts("text"),
    new Option("--json-value", "the file holds a JSON value"),
    new Option("--rules-file <file>", RULES_FILE),
  ],
  example: "lightning redaction test --text 'Write to jane.doe@example.org'",
  async complete(input, values, io, refuse) {
    if (typeof values.file === "string") {
      const text = await readOr(io, values.file, refuse);
      if (values.jsonValue === true) {
        try {
          input.value = JSON.parse(text) as unknown;
        } catch {
          refuse(`${values.file} is no JSON`);
        }
      } else input.text = text;
    }
    if (input.text === undefined && input.value === undefined)
      refuse("required option not given: --text <text> or --file <file>");
    if (typeof values.rulesFile === "string")
      await rulesOf(await readOr(io, values.rulesFile, refuse), input, refuse);
    return undefined;
  },
});

const rulesText = (body: ReplyOf<"getRedactionRules">): string[] => [
  ...facts([
    ["For", body.every_agent ? "every agent" : body.agent_id],
    ["Version", body.version],
    ["Redaction", body.redaction_version],
    ["Pseudonyms", body.pseudonyms.join(", ") || "none"],
    ["Changed", body.changed_at],
    ["By", body.changed_by],
  ]),
  ...list(body.rules).flatMap((rule) => [
    `   ${rule.enabled ? "•" : "⛔"} ${plain(rule.name)}: ${plain(rule.pattern)}${rule.pseudonym ? " (pseudonym)" : ""}`,
    ...(rule.note === undefined ? [] : [`     ${plain(rule.note)}`]),
  ]),
];

const SIGNS: Readonly<Record<string, string>> = { finished: "succeeded" };
const rescanText = (body: Omit<ReplyOf<"getRescan">, "urls">): string[] => [
  `${statusSign(SIGNS[body.status] ?? body.status)} ${plain(body.rescan_id)}: ${plain(body.status)}`,
  ...facts([
    ["Redaction", body.redaction_version],
    ["Error", body.error],
    ...Object.entries(body.tallies).map(
      ([what, { of, read, changed, failed }]) =>
        [
          what.replaceAll("_", " "),
          `${read} of ${of} looked at, ${changed} with findings${failed === 0 ? "" : `, ${failed} failed`}`,
        ] as const,
    ),
    [
      "Found",
      Object.entries(body.counts)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(", "),
    ],
    ["Datasets to build anew", body.stale_datasets.join(", ")],
  ]),
  ...list(body.failures).map((one) => `   ⚠️  ${plain(one)}`),
];

/** What redaction looks for, what it would find, and the re-scan of what is stored. */
export const REDACTION_COMMANDS = {
  getRedactionRules: { text: (body) => ["🛡️  Redaction rules:", ...rulesText(body)] },
  setRedactionRules: {
    extras: setExtras,
    text: (body) => [
      body.changed ? "✅ Rules set" : "✅ The same rules stood there already",
      ...rulesText(body),
      ...(body.rescan_id === undefined
        ? body.changed
          ? ["   What is stored already: lightning redaction rescan"]
          : []
        : underWay("The re-scan", body.rescan_id)),
    ],
  },
  testRedaction: {
    flow: testRedaction,
    extras: testExtras,
    text: (body) => [
      body.found === 0 ? "✅ Nothing found" : `🔎 ${plain(body.found)} found`,
      ...facts([["Redaction", body.redaction_version]]),
      ...(body.applied
        ? []
        : ["   ⚠️  LIGHTNING_REDACT_SECRETS is off: nothing is replaced in what comes in."]),
      ...list(body.findings).map(
        (one) =>
          `   ${plain(one.kind)}${one.rules === undefined ? "" : ` (${one.rules.map(plain).join(", ")})`}${one.path === "" ? "" : ` in ${plain(one.path)}`}${one.start === undefined ? "" : ` at ${plain(one.start)} to ${plain(one.end)}`}`,
      ),
      ...(body.more === 0 ? [] : [`   … and ${plain(body.more)} more`]),
      "   It would be stored as:",
      ...(typeof body.redacted === "string"
        ? body.redacted.split(/\r?\n/).map((line) => `   │ ${plain(line)}`)
        : [`   │ ${plain(JSON.stringify(body.redacted))}`]),
    ],
  },
  rescanEpisodes: {
    flow: followedRescan,
    waits: true,
    text: (body) =>
      body.status === "pending" || body.status === "running"
        ? [
            ...underWay("The re-scan", body.rescan_id),
            `   lightning redaction rescan-status --rescan-id ${plain(body.rescan_id)}`,
          ]
        : rescanText(body),
  },
  getRescan: { flow: shownRescan, text: rescanText },
  cancelRescan: { text: rescanText },
  listRescans: {
    text: (body, input) => {
      const heading = `🛡️  Re-scans of agent ${agentOf(body, input)}:`;
      return body.rescans.length === 0
        ? none(heading, "re-scans")
        : [heading, ...body.rescans.flatMap(rescanText), ...more(body)];
    },
  },
} satisfies Commands;
