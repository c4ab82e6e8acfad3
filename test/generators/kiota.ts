import { runTool } from "./tools.ts";

export type Language = "CSharp" | "TypeScript" | "Python" | "Java";

/** What Kiota says of everything that it was not made for, with the reason why it may. */
const EXPECTED: readonly RegExp[] = [
  // The text stays a text, which the caller encodes.
  /format base64 is not supported by Kiota/,
];

/**
 * Generates a client into the folder.
 * @throws Error when Kiota warns of the document
 */
export async function generate(
  language: Language,
  document: string,
  folder: string,
  namespace: string,
): Promise<void> {
  const what = ["-l", language, "-d", document, "-c", "LightningClient", "-n", namespace];
  const said = await runTool("kiota", [
    "generate",
    ...what,
    "-o",
    folder,
    "--clean-output",
    "--exclude-backward-compatible",
    "--log-level",
    "Warning",
  ]);
  const warnings = said
    .split("\n")
    .filter((line) => line.includes("OpenAPI warning") || line.includes("OpenAPI error"))
    .filter((line) => !EXPECTED.some((one) => one.test(line)));
  if (warnings.length > 0) throw new Error(`Kiota (${language}) warns:\n${warnings.join("\n")}`);
}
