import type { LoadFnOutput, LoadHookContext } from "node:module";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Node 22 up to 22.22 loses its way when an ES module imports a CommonJS library while module hooks are installed: what
 * that library requires is "not in cache" (ERR_VM_MODULE_LINK_FAILURE). Node 24 does not.
 */
const NEEDED = Number(process.versions.node.split(".")[0]) < 24;

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
/** Names that are no variables; an export of such a name is reached through the default one. */
const RESERVED =
  /^(?:arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield)$/;

/** An ES module in the place of a CommonJS file that one imports; the file itself is loaded as `require` loads it. */
export function facadeOf(
  url: string,
  format: string | null | undefined,
  { conditions }: LoadHookContext,
): LoadFnOutput | undefined {
  if (!NEEDED || format !== "commonjs" || !url.startsWith("file:") || !conditions.includes("import"))
    return undefined;
  const file = fileURLToPath(url);
  const exported: unknown = createRequire(url)(file);
  const names =
    (typeof exported === "object" && exported !== null) || typeof exported === "function"
      ? Object.keys(exported).filter((name) => NAME.test(name) && !RESERVED.test(name))
      : [];
  const source = `import { createRequire } from "node:module";
const exported = createRequire(import.meta.url)(${JSON.stringify(file)});
export default exported;
${names.map((name, n) => `const e${n} = exported.${name}; export { e${n} as ${name} };`).join("\n")}
`;
  return { format: "module", source, shortCircuit: true };
}
