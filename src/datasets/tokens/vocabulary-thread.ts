import { parentPort, workerData } from "node:worker_threads";
import { CL100K_TOKEN_SPLIT_REGEX, O200K_TOKEN_SPLIT_REGEX } from "gpt-tokenizer/encodingParams/constants";
import { type Encoding, flatten } from "./vocabulary.ts";

/** Reads the library's vocabulary, hands it over in shared memory, and is gone with all the strings it made. */
const encoding = workerData as Encoding;
const [pieces, { default: ranks }] =
  encoding === "cl100k_base"
    ? [CL100K_TOKEN_SPLIT_REGEX, await import("gpt-tokenizer/bpeRanks/cl100k_base")]
    : [O200K_TOKEN_SPLIT_REGEX, await import("gpt-tokenizer/bpeRanks/o200k_base")];
// oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(flatten(encoding, pieces.source, ranks));
