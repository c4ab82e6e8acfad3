import path from "node:path";
import { run } from "../durable-extension/processes.ts";
import { generate } from "./kiota.ts";
import { HERE } from "./tools.ts";

const has = (program: string) =>
  run(program, ["--version"]).then(
    () => true,
    () => false,
  );

/** Kiota's Python, compiled to bytecode by the interpreter that is here; its library is not needed for that. */
export async function python(document: string, scratch: string): Promise<string> {
  const folder = path.join(scratch, "python");
  await generate("Python", document, folder, "lightning");
  if (!(await has("python3"))) return "generated; not compiled: there is no python3 here";
  await run("python3", ["-m", "compileall", "-q", folder]);
  return "generated, compiled to bytecode";
}

/** Kiota's Java, parsed by the compiler that is here; types would need Kiota's library from Maven. */
export async function java(document: string, scratch: string): Promise<string> {
  const folder = path.join(scratch, "java");
  await generate("Java", document, folder, "lightning");
  if (!(await has("javac"))) return "generated; not parsed: there is no javac here";
  await run("java", [path.join(HERE, "java/Parse.java"), folder]);
  return "generated, parsed; not compiled, for which it would need Kiota's library from Maven";
}
