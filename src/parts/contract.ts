import { z } from "zod";
import { keptExact } from "../doors/kept.ts";
import { MEDIA_TYPE, SHA256 } from "./pointer.ts";

export const sha256Schema = keptExact(
  "a part is found by it",
  z.string().regex(SHA256, "must be a SHA-256 in lower-case hex"),
);

/** What a caller sends to have a part kept. */
export const partInputShape = {
  text: z.string().min(1).optional().meta({ description: "A text; secrets in it are redacted first." }),
  data: z.base64().min(4).optional().meta({
    description:
      "Bytes in base64, in the place of `text`; where they are text in UTF-8, they are redacted as such.",
  }),
  media_type: z
    .string()
    .regex(MEDIA_TYPE, "must be a media type without parameters, such as image/png")
    .optional()
    .meta({ description: "What the bytes are, such as `image/png`; it stands in the pointer." }),
  sha256: sha256Schema
    .optional()
    .meta({ description: "Of the bytes or the UTF-8 text as they are sent; another one is refused." }),
} as const;

/** The answer: what to write into the episode. */
export const storedPartSchema = z.object({
  sha256: sha256Schema.meta({
    description:
      "The name that the part is kept under: of its bytes after redaction. It belongs in the episode's `parts`.",
  }),
  bytes: z.number().int(),
  pointer: z.string().meta({
    description:
      "What stands in the episode: in the place of the base64, or behind the beginning of the text.",
  }),
  redaction: z.record(z.string(), z.number().int()).meta({ description: "How often each rule hit." }),
});
