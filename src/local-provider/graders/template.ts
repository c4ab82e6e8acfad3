/** A template reads something that is not there, or a formula does. The answer gets no mark for it. */
export class GraderFault extends Error {}

/** What templates may read: the line of the file, and the answer that is marked. */
export interface Graded {
  readonly item: Readonly<Record<string, unknown>>;
  readonly sample: {
    readonly output_text: string;
    /** Undefined where the text is no JSON. */
    readonly output_json: unknown;
    readonly output_tools: readonly unknown[];
  };
}

/** `{{item.answer}}`, `{{ sample.output_tools[0].function.name }}` */
const PLACE = /\{\{\s*((?:item|sample)(?:\.\w+|\[\d+\])+)\s*\}\}/g;

/** The text of a template; what is no text stands as JSON. @throws GraderFault */
export function fill(template: string, graded: Graded): string {
  return template.replace(PLACE, (_whole, path: string) => {
    let at: unknown = graded;
    for (const key of path.match(/\w+/g) ?? [])
      at = typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
    if (at === undefined || at === null) throw new GraderFault(`There is no ${path}.`);
    return typeof at === "string" ? at : JSON.stringify(at);
  });
}

/** Fields of a line that a grader's templates read, by their first name. */
export function fieldsRead(grader: unknown): string[] {
  const found = new Set<string>();
  for (const [, path = ""] of JSON.stringify(grader).matchAll(PLACE)) {
    const [root, field] = path.match(/\w+/g) ?? [];
    if (root === "item" && field !== undefined) found.add(field);
  }
  return [...found];
}

/** Whether every `{{…}}` of a template is one that can be read. */
export const isReadable = (template: string): boolean => !template.replace(PLACE, "").includes("{{");
