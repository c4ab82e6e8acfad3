import type { ErrorObject, ValidateFunction } from "ajv";

interface Compiler {
  compile(schema: object): ValidateFunction;
  removeSchema(schema: object): unknown;
}

/** Schemas of tools say what they like beyond the standard, and formats nobody defined; neither refuses a call. */
const OPTIONS = {
  strict: false,
  validateFormats: false,
  validateSchema: false,
  addUsedSchema: false,
  logger: false,
  allErrors: true,
} as const;

/** Loaded at the first corrected call, and kept: most processes never see one. */
const compilers = new Map<"older" | "newer", Promise<Compiler>>();

function compilerFor({ $schema: dialect }: Readonly<Record<string, unknown>>): Promise<Compiler> {
  const kind = /draft-0[467]/.test(String(dialect)) ? "older" : "newer";
  const known = compilers.get(kind);
  if (known !== undefined) return known;
  const loaded: Promise<Compiler> =
    kind === "older"
      ? import("ajv").then(({ Ajv }) => new Ajv(OPTIONS))
      : import("ajv/dist/2020.js").then(({ Ajv2020 }) => new Ajv2020(OPTIONS));
  compilers.set(kind, loaded);
  return loaded;
}

export interface ArgumentFault {
  /** Below the arguments, by dots; empty: the arguments as a whole. */
  readonly path: string;
  readonly reason: string;
}

/** The first argument that a tool's JSON Schema refuses; undefined: it takes them, or cannot itself be read. */
export async function faultOfArguments(
  parameters: Readonly<Record<string, unknown>>,
  given: unknown,
): Promise<ArgumentFault | undefined> {
  const compiler = await compilerFor(parameters);
  // Its identity is its own: two episodes' tools may bear one id.
  const { $schema: _dialect, $id: _id, ...schema } = parameters;
  try {
    const accepts = compiler.compile(schema);
    return accepts(given) ? undefined : faultOf(accepts.errors?.[0]);
  } catch {
    return undefined;
  } finally {
    compiler.removeSchema(schema);
  }
}

function faultOf(error: ErrorObject | undefined): ArgumentFault {
  const params = (error?.params ?? {}) as Record<string, unknown>;
  const named = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty;
  const path = [
    ...(error?.instancePath ?? "").split("/").slice(1).map(unescaped),
    ...(typeof named === "string" ? [named] : []),
  ];
  const allowed = Array.isArray(params.allowedValues)
    ? `: ${params.allowedValues.map(String).join(", ")}`
    : "";
  return { path: path.join("."), reason: `${error?.message ?? "is not what the tool takes"}${allowed}` };
}

/** JSON Pointer writes `/` and `~` otherwise. */
const unescaped = (step: string): string => step.replaceAll("~1", "/").replaceAll("~0", "~");
