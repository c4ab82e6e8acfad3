import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { pictureRuleOf, pictureTokens } from "../../src/catalog/picture-tokens.ts";
import { sizeOf } from "../../src/datasets/tokens/picture-size.ts";

const tiles = pictureRuleOf("gpt-4.1-2025-04-14") as NonNullable<ReturnType<typeof pictureRuleOf>>;
const patches = pictureRuleOf("gpt-4.1-mini") as NonNullable<ReturnType<typeof pictureRuleOf>>;

describe("tokens of a picture", () => {
  test.each([
    // The documents' own examples.
    [1024, 1024, "high", 765],
    [2048, 4096, "high", 1105],
    [4096, 8192, "low", 85],
    [4096, 8192, "high", 1105],
    [512, 512, "high", 255],
    [2048, 768, "high", 1445],
  ])("%i × %i in %s detail are %i by tiles", (width, height, detail, tokens) => {
    expect(pictureTokens(tiles, { width, height }, detail)).toEqual({ least: tokens, most: tokens });
  });

  test("are not told of a model that only bears the name of an object's member", () => {
    expect(pictureRuleOf("constructor")).toBeUndefined();
  });

  test("are squares of 32 pixels times a factor with the small models", () => {
    expect(pictureTokens(patches, { width: 1024, height: 1024 }, "high").most).toBe(1659);
    expect(pictureTokens(patches, { width: 1800, height: 2400 }, undefined).most).toBe(2489);
  });

  test("of unknown size or detail lie between bounds that hold for every size and detail", () => {
    const side = fc.integer({ min: 1, max: 20_000 });
    const detail = fc.constantFrom("low", "high", "auto", undefined, 7);
    fc.assert(
      fc.property(fc.constantFrom(tiles, patches), side, side, detail, (rule, width, height, wanted) => {
        const unknown = pictureTokens(rule, undefined, wanted);
        const known = pictureTokens(rule, { width, height }, wanted);
        expect(known.most).toBeLessThanOrEqual(unknown.most);
        expect(known.least).toBeGreaterThanOrEqual(unknown.least);
        expect(known.least).toBeLessThanOrEqual(known.most);
        // Upright or lying, and whatever the service chooses for `auto`.
        expect(pictureTokens(rule, { width: height, height: width }, wanted)).toEqual(known);
        expect(pictureTokens(rule, { width, height }, "auto").most).toBeGreaterThanOrEqual(known.most);
      }),
    );
  });

  test("have no number where no dated source gives a rule", () => {
    expect(pictureRuleOf("qwen3-32b")).toBeUndefined();
  });
});

describe("the size of a picture in a data URL", () => {
  const url = (kind: string, ...pieces: (string | number[])[]) =>
    `data:image/${kind};base64,${Buffer.concat(pieces.map((one) => (typeof one === "string" ? Buffer.from(one, "latin1") : Buffer.from(one)))).toString("base64")}`;
  const zeros = (count: number) => Array<number>(count).fill(0);
  const riff = ["RIFF", zeros(4), "WEBP"] as const;

  test.each([
    ["PNG", url("png", [0x89], "PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", [0, 0, 4, 0, 0, 0, 3, 0]), 1024, 768],
    [
      "JPEG behind its metadata",
      url("jpeg", [0xff, 0xd8, 0xff, 0xe1, 0, 6, 1, 2, 3, 4, 0xff, 0xff, 0xc2, 0, 17, 8, 3, 0, 4, 0, 3]),
      1024,
      768,
    ],
    [
      "lossy WEBP",
      url("webp", ...riff, "VP8 ", zeros(7), [0x9d, 1, 0x2a], [0, 4, 0, 3], zeros(8)),
      1024,
      768,
    ],
    [
      "lossless WEBP",
      url("webp", ...riff, "VP8L", zeros(4), [0x2f, 0xff, 0xc3, 0xbf, 0], zeros(8)),
      1024,
      768,
    ],
    ["extended WEBP", url("webp", ...riff, "VP8X", zeros(8), [0xff, 3, 0, 0xff, 2, 0], zeros(8)), 1024, 768],
  ])("is read from the header: %s", (_kind, picture, width, height) => {
    expect(sizeOf(picture)).toEqual({ width, height });
  });

  test("is unknown for an address, and for bytes that are no picture", () => {
    expect(sizeOf("https://example.com/a.png")).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const size = sizeOf(`data:image/jpeg;base64,${Buffer.from(bytes).toString("base64")}`);
        expect(size === undefined || (size.width > 0 && size.height > 0)).toBe(true);
      }),
    );
  });
});
