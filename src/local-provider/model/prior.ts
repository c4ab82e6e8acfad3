import { sentences, words } from "./text.ts";
import { textOf, type WireMessage, type WireTool } from "./wire.ts";

/**
 * The untrained model: how well each offered tool's own words match the request (BM25's term weight over name,
 * description and parameter names). It knows nothing of any tool but what the request carries.
 */
export interface Toolset {
  readonly tools: readonly WireTool[];
  readonly names: readonly string[];
  /** Per tool: stem → weight, already saturated and set against the tool's length. */
  readonly weights: readonly ReadonlyMap<string, number>[];
  /** Stem → how telling it is among these tools. */
  readonly idf: ReadonlyMap<string, number>;
}

const NAME_WEIGHT = 2;
const DESCRIPTION_WEIGHT = 1;
const PARAMETER_WEIGHT = 0.5;
/** BM25's usual constants (Robertson and Zaragoza 2009). */
const K1 = 1.2;
const B = 0.75;

/**
 * What free text scores beside the tools: as much as a word that half of them have (its idf is ln 2). A more telling
 * word in common beats it, words that most tools have do not.
 */
export const TEXT_PRIOR = Math.LN2;
/** After a tool's result the untrained model answers with it. */
export const TEXT_AFTER_RESULT = 8;

export function readToolset(tools: readonly WireTool[]): Toolset {
  const counts = tools.map((tool) => {
    const count = new Map<string, number>();
    const add = (text: string, weight: number) => {
      for (const word of words(text)) count.set(word, (count.get(word) ?? 0) + weight);
    };
    add(tool.function.name, NAME_WEIGHT);
    add(tool.function.description ?? "", DESCRIPTION_WEIGHT);
    for (const [name, schema] of Object.entries(tool.function.parameters?.properties ?? {})) {
      add(name, PARAMETER_WEIGHT);
      add(schema.description ?? "", PARAMETER_WEIGHT);
    }
    return count;
  });
  const lengths = counts.map((count) => [...count.values()].reduce((sum, n) => sum + n, 0));
  const mean = lengths.reduce((sum, n) => sum + n, 0) / Math.max(1, lengths.length) || 1;
  const found = new Map<string, number>();
  for (const count of counts) for (const word of count.keys()) found.set(word, (found.get(word) ?? 0) + 1);
  const idf = new Map(
    [...found].map(([word, n]) => [word, Math.log(1 + (tools.length - n + 0.5) / (n + 0.5))]),
  );
  const weights = counts.map((count, i) => {
    const damp = K1 * (1 - B + (B * (lengths[i] ?? 0)) / mean);
    return new Map([...count].map(([word, n]) => [word, (n * (K1 + 1)) / (n + damp)]));
  });
  return { tools, names: tools.map((tool) => tool.function.name), weights, idf };
}

/** A score for every tool of the set; 0 where nothing matches. */
export function scoreTools(toolset: Toolset, request: string): number[] {
  const asked = new Set(words(request));
  return toolset.weights.map((weights) => {
    let score = 0;
    for (const word of asked) score += (weights.get(word) ?? 0) * (toolset.idf.get(word) ?? 0);
    return score;
  });
}

/** The sentences of a text that share most words with the request, in their own order, up to `most` characters. */
function bestSentences(text: string, request: string, most: number): string {
  const asked = new Set(words(request));
  const ranked = sentences(text)
    .map((sentence, order) => {
      const own = new Set(words(sentence));
      let shared = 0;
      for (const word of own) if (asked.has(word)) shared++;
      return { sentence, order, score: shared / Math.sqrt(Math.max(1, own.size)) };
    })
    .toSorted((a, b) => b.score - a.score || a.order - b.order);
  const chosen: typeof ranked = [];
  let size = 0;
  for (const entry of ranked) {
    if (chosen.length > 0 && (entry.score === 0 || size + entry.sentence.length > most)) break;
    chosen.push(entry);
    size += entry.sentence.length + 1;
  }
  return chosen
    .toSorted((a, b) => a.order - b.order)
    .map((entry) => entry.sentence)
    .join(" ")
    .slice(0, most);
}

/** Instructions are no answer, whatever words they share with the request. */
const SAID_TO_THE_MODEL = /\byou(r|rself)?\b/i;

const KNOWS_NOTHING =
  "I am a small local model that knows its training examples and this conversation alone, and neither answers that.";

const isInstruction = (role: string): boolean => role === "system" || role === "developer";

function sharesWord(sentence: string, request: string): boolean {
  const asked = new Set(words(request));
  return words(sentence).some((word) => asked.has(word));
}

/** Words for a person when no tool is called: from the newest tool result, else from the texts of the conversation. */
export function answerInText(messages: readonly WireMessage[], request: string): string {
  const last = messages.at(-1);
  if (last?.role === "tool") {
    const result = textOf(last).trim();
    if (result === "") return "The tool answered with nothing.";
    // JSON cut into sentences would no longer be JSON: it is shown from its start instead.
    return /^[[{]/.test(result) ? result.slice(0, 600) : bestSentences(result, request, 600);
  }
  const context = messages
    .filter((message) => message.role !== "tool" && textOf(message) !== request)
    .flatMap((message) =>
      sentences(textOf(message)).filter(
        (one) => !isInstruction(message.role) || !SAID_TO_THE_MODEL.test(one),
      ),
    )
    .filter((sentence) => sharesWord(sentence, request))
    .join("\n");
  return context === "" ? KNOWS_NOTHING : bestSentences(context, request, 300);
}
