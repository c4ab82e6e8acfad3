import { shapeOf } from "../exports/import.ts";
import type { Format } from "../recipe-contract.ts";

/** Rows of other tools' exports in a file that is checked: each shape is one fault that says what to do, not one a key. */
export class OtherShapes {
  readonly #shapes = new Map<string, { first: number; lines: number }>();

  /** Whether a refused line is a row that an import reads. */
  meets(text: string, format: Format, line: number): boolean {
    let shape: string | undefined;
    try {
      shape = shapeOf(JSON.parse(text), format);
    } catch {
      return false;
    }
    if (shape === undefined || shape === "chat") return false;
    const known = this.#shapes.get(shape);
    if (known === undefined) this.#shapes.set(shape, { first: line, lines: 1 });
    else known.lines++;
    return true;
  }

  told(): { readonly message: string; readonly line: number }[] {
    return [...this.#shapes].map(([shape, { first, lines }]) => ({
      line: first,
      message: `${lines === 1 ? "One line is" : `${lines} lines are`} ${shape.replaceAll("_", " ")} rows, not chat lines.`,
    }));
  }
}
