import { fatal } from "./errors.ts";

/** A file is not what its record says. @param bytes as found @param expected as recorded */
export const fileDamaged = (bytes: number, expected: number) =>
  fatal("file_damaged", "The file is not what its record says: it was changed or cut off.", {
    remedy: "Ask again; if it stays so, restore the file or build the dataset again.",
    details: { bytes, expected_bytes: expected },
  });
