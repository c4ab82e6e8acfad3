import { familyOf } from "./capabilities.ts";

/**
 * How a family of models counts the tokens of a picture. `tiles`: a base, and so many for each square of 512 pixels after
 * the picture was scaled down; `low` detail is the base alone. `patches`: squares of 32 pixels, 1,536 at most, times a
 * factor, whatever the detail.
 */
export type PictureRule = { readonly source: string; readonly as_of: string } & (
  | { readonly kind: "tiles"; readonly base: number; readonly tile: number }
  | { readonly kind: "patches"; readonly factor: number }
);

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Between these a picture's tokens lie; equal where they are known. */
export interface TokenRange {
  readonly least: number;
  readonly most: number;
}

const AZURE = {
  source: "learn.microsoft.com: Azure OpenAI in Foundry Models, image input tokens",
  as_of: "2026-10-06",
} as const;
const OPENAI = {
  source: "platform.openai.com: images and vision, calculating costs",
  as_of: "2026-10-06",
} as const;

/** Dated rows by family. The service trains on pictures with gpt-4o and gpt-4.1 alone (capabilities.ts). */
const RULES: ReadonlyMap<string, PictureRule> = new Map(
  Object.entries<PictureRule>({
    "gpt-4o": { kind: "tiles", base: 85, tile: 170, ...AZURE },
    "gpt-4.1": { kind: "tiles", base: 85, tile: 170, ...OPENAI },
    "gpt-4o-mini": { kind: "tiles", base: 2833, tile: 5667, ...AZURE },
    "gpt-4.1-mini": { kind: "patches", factor: 1.62, ...OPENAI },
    "gpt-4.1-nano": { kind: "patches", factor: 2.46, ...OPENAI },
    "o4-mini": { kind: "patches", factor: 1.72, ...OPENAI },
  }),
);

/** Undefined: no dated source says how the model counts pictures. */
export const pictureRuleOf = (model: string): PictureRule | undefined => RULES.get(familyOf(model));

const SQUARE = 2048;
const SHORT_SIDE = 768;
const TILE = 512;
const PATCH = 32;
const MOST_PATCHES = 1536;
/** A side of 2,048 by one of 768 pixels. */
const MOST_TILES = (SQUARE / TILE) * Math.ceil(SHORT_SIDE / TILE);

/** Squares of 512 pixels that cover a picture once it is scaled down into 2,048 by 2,048, then to a short side of 768. */
function tilesOf({ width, height }: Size): number {
  const fit = Math.min(1, SQUARE / Math.max(width, height));
  const short = Math.min(1, SHORT_SIDE / (Math.min(width, height) * fit));
  const across = (side: number) => Math.max(1, Math.ceil(Math.round(side * fit * short) / TILE));
  return across(width) * across(height);
}

/**
 * @param size in pixels; undefined: nobody has measured the picture, and the documented most holds
 * @param detail `auto`, or none, lets the service choose between `low` and `high`
 */
export function pictureTokens(rule: PictureRule, size: Size | undefined, detail: unknown): TokenRange {
  if (rule.kind === "patches") {
    const patches = size && Math.ceil(size.width / PATCH) * Math.ceil(size.height / PATCH);
    const most = Math.ceil(Math.min(patches ?? MOST_PATCHES, MOST_PATCHES) * rule.factor);
    // A larger one is scaled down to something below the most.
    const isExact = patches !== undefined && patches <= MOST_PATCHES;
    return { least: isExact ? most : Math.ceil(rule.factor), most };
  }
  const { base, tile } = rule;
  if (detail === "low") return { least: base, most: base };
  const most = base + tile * (size === undefined ? MOST_TILES : tilesOf(size));
  if (detail !== "high") return { least: base, most };
  return { least: size === undefined ? base + tile : most, most };
}
