import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { blobFiles } from "../../src/files/blob.ts";
import type { Files } from "../../src/files/files.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import { bytesOf, describeFiles, pieces } from "../contracts/files.ts";
import { type Azurite, startAzurite } from "../fakes/azurite.ts";
import { type FaultyFront, type FrontFault, startFaultyFront } from "../fakes/faulty-front.ts";

// A process has to start, and every small file is an HTTP request here.
jest.setTimeout(60_000);

const settingsOf = (
  { connectionString }: Pick<Azurite, "connectionString">,
  filesContainer = "datasets",
  filesTimeoutSeconds = 60,
) => ({
  filesUri: undefined,
  filesConnectionString: connectionString,
  filesContainer,
  filesTimeoutSeconds,
});

describeFiles("Blob Storage (Azurite)", async () => {
  const azurite = await startAzurite();
  return { files: blobFiles(settingsOf(azurite)), close: async () => azurite.close() };
});

const megabytes = (count: number, letter: string) =>
  Array.from({ length: count }, () => Buffer.alloc(1024 * 1024, letter));

/** Megabytes whose end comes only when it is let. */
function held(letter: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* content() {
    yield* megabytes(9, letter);
    await promise;
  }
  return { content: content(), release: resolve };
}

describe("dataset files in Blob Storage", () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.close());
  test("finds nothing in a container that is not there yet, and makes it with the first file", async () => {
    const files = blobFiles(settingsOf(azurite, "not-yet"));
    expect(await files.list("dataset-1/")).toEqual([]);
    expect(await files.stat("dataset-1/a")).toBeUndefined();
    await expect(bytesOf(files.read("dataset-1/a"))).rejects.toMatchObject({ code: "file_missing" });
    await files.write("dataset-1/a", pieces("x"));
    expect(await files.list("dataset-1/")).toEqual(["dataset-1/a"]);
  });

  test("holds a file of many blocks whole, whatever the pieces it came in", async () => {
    const files = blobFiles(settingsOf(azurite));
    const parts = [...megabytes(5, "a"), Buffer.from("odd"), ...megabytes(4, "b"), Buffer.alloc(0)];
    const whole = Buffer.concat(parts);
    const stored = await files.write("dataset-2/large", pieces(...parts));
    expect(stored).toEqual({ key: "dataset-2/large", bytes: whole.length, sha256: sha256(whole) });
    expect((await bytesOf(files.read("dataset-2/large"))).equals(whole)).toBe(true);
  });

  test("leaves a whole version when two write many blocks under one key, and tells the one that lost", async () => {
    const files = blobFiles(settingsOf(azurite));
    const key = "dataset-3/contended";
    const slow = held("s");
    const losing = files.write(key, slow.content);
    await files.write(key, pieces(...megabytes(9, "q")));
    slow.release();
    await expect(losing).rejects.toMatchObject({ kind: "unavailable", code: "file_contended" });
    expect(sha256(await bytesOf(files.read(key)))).toBe(sha256(Buffer.concat(megabytes(9, "q"))));
  });

  test("takes the same content by another writer for its own", async () => {
    const files = blobFiles(settingsOf(azurite));
    const key = "dataset-4/twice";
    const slow = held("x");
    const second = files.write(key, slow.content);
    const first = await files.write(key, pieces(...megabytes(9, "x")));
    slow.release();
    expect(await second).toEqual(first);
  });

  test("makes no link with a signature, and says where a file is without a key", async () => {
    const files = blobFiles({ ...settingsOf(azurite), filesUri: `${azurite.endpoint}/` });
    expect(files.locate("dataset-1/train.jsonl")).toBe(`${azurite.endpoint}/datasets/dataset-1/train.jsonl`);
    expect(blobFiles(settingsOf(azurite)).locate("a/b")).not.toMatch(/Key|sig=/);
  });

  test("tells a refused identity with the role it needs", async () => {
    const connectionString = azurite.connectionString.replace("Eby8", "AAAA");
    const files = blobFiles(settingsOf({ connectionString }));
    await expect(files.stat("dataset-1/a")).rejects.toMatchObject({
      kind: "fatal",
      code: "files_forbidden",
      remedy: expect.stringContaining("Storage Blob Data Contributor"),
    });
  });

  test("gives what another client wrote", async () => {
    const files = blobFiles(settingsOf(azurite, "shared"));
    const client = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(
      "shared",
    );
    await client.create();
    await client.getBlockBlobClient("dataset-1/theirs").upload("theirs", 6);
    expect((await bytesOf(files.read("dataset-1/theirs"))).toString()).toBe("theirs");
    expect(await files.stat("dataset-1/theirs")).toMatchObject({ bytes: 6 });
  });
});

describe("a store that fails", () => {
  let azurite: Azurite;
  let front: FaultyFront;
  let files: Files;
  /** Gives up a request that hangs after a moment. */
  let hasty: Files;
  beforeAll(async () => {
    azurite = await startAzurite();
    front = await startFaultyFront(azurite.endpoint);
    const behind = azurite.connectionString.replace(new URL(azurite.endpoint).origin, front.origin);
    files = blobFiles(settingsOf({ connectionString: behind }));
    hasty = blobFiles(settingsOf({ connectionString: behind }, "datasets", 1.5));
    await files.write("dataset-0/first", pieces("the container is made"));
  });
  afterEach(() => {
    const left = front.faults.left();
    front.faults.clear();
    if (left > 0) throw new Error(`${left} faults of the test were never met`);
  });
  afterAll(async () => {
    await front.close();
    azurite.close();
  });

  const FAULTS: Record<string, Omit<FrontFault, "on">> = {
    "is answered 503": { with: 503 },
    "is answered 500": { with: 500 },
    "loses its connection": { with: "drop" },
    "is carried out and answered 503": { with: 503, applied: true },
    "is carried out and loses its connection": { with: "drop", applied: true },
  };
  const REQUESTS = {
    "a file in one request": { on: /^PUT (?!.*comp=)/, size: 1 },
    "a block of a large file": { on: /^PUT .*comp=block&/, size: 9 },
    "the list of a large file's blocks": { on: /^PUT .*comp=blocklist/, size: 9 },
  };

  test.each(
    Object.keys(REQUESTS).flatMap((what) => Object.keys(FAULTS).map((fault) => [what, fault] as const)),
  )("%s that %s is written once and whole", async (what, fault) => {
    const { on, size } = REQUESTS[what as keyof typeof REQUESTS];
    const key = `dataset-1/${sha256(what + fault).slice(0, 8)}`;
    const content = Buffer.concat(megabytes(size, "x"));
    front.faults.add({ ...(FAULTS[fault] as Omit<FrontFault, "on">), on });
    expect(await files.write(key, pieces(...megabytes(size, "x")))).toEqual({
      key,
      bytes: content.byteLength,
      sha256: sha256(content),
    });
    expect(sha256(await bytesOf(files.read(key)))).toBe(sha256(content));
  });

  test("is read on from the byte at which the connection broke", async () => {
    const content = Buffer.concat(megabytes(3, "y"));
    await files.write("dataset-2/large", pieces(content));
    front.faults.add({ on: /^GET/, with: 500, cutAfter: 1_500_000 });
    const before = front.requests.length;
    expect(sha256(await bytesOf(files.read("dataset-2/large")))).toBe(sha256(content));
    expect(front.requests.slice(before).filter((line) => line.startsWith("GET"))).toHaveLength(2);
  });

  test("is read on however often it breaks, as long as bytes come, and given up when none do", async () => {
    const content = Buffer.concat(megabytes(3, "z"));
    await files.write("dataset-2/often", pieces(content));
    front.faults.add({ on: /^GET/, with: 500, cutAfter: 300_000, times: 8 });
    expect(sha256(await bytesOf(files.read("dataset-2/often")))).toBe(sha256(content));
    front.faults.add({ on: /^GET/, with: 500, cutAfter: 0, times: 6 });
    await expect(bytesOf(files.read("dataset-2/often"))).rejects.toMatchObject({ code: "files_unavailable" });
  });

  test("gives no mixture of two versions when the file is replaced while a connection breaks", async () => {
    await files.write("dataset-2/replaced", pieces(...megabytes(3, "1")));
    front.faults.add({ on: /^GET/, with: 500, cutAfter: 1_000_000 });
    const reading = (async () => {
      let isFirst = true;
      for await (const piece of files.read("dataset-2/replaced")) {
        expect(new Set(piece)).toEqual(new Set(Buffer.from("1")));
        if (isFirst) await files.write("dataset-2/replaced", pieces(...megabytes(3, "2")));
        isFirst = false;
      }
    })();
    await expect(reading).rejects.toMatchObject({ kind: "unavailable", code: "file_contended" });
  });

  test("is asked again for sizes, lists and deletions", async () => {
    await files.write("dataset-3/a", pieces("abc"));
    front.faults.add({ on: /^HEAD/, with: 503 });
    expect(await files.stat("dataset-3/a")).toMatchObject({ bytes: 3 });
    front.faults.add({ on: /^GET .*comp=list/, with: "drop" });
    expect(await files.list("dataset-3/")).toEqual(["dataset-3/a"]);
    front.faults.add({ on: /^DELETE/, with: "drop", applied: true });
    await files.delete("dataset-3/a");
    expect(await files.list("dataset-3/")).toEqual([]);
  });

  const HANGS: Record<string, { readonly on: RegExp; readonly gives: () => Promise<unknown> }> = {
    "a file in one request": { on: /^PUT (?!.*comp=)/, gives: () => hasty.write("h/a", pieces("abc")) },
    "a block of a large file": {
      on: /^PUT .*comp=block&/,
      gives: () => hasty.write("h/b", pieces(...megabytes(9, "h"))),
    },
    "the list of a large file's blocks": {
      on: /^PUT .*comp=blocklist/,
      gives: () => hasty.write("h/b", pieces(...megabytes(9, "h"))),
    },
    "a content": { on: /^GET/, gives: () => bytesOf(hasty.read("h/whole")) },
    "a part of a content": { on: /^GET/, gives: () => hasty.readRange("h/whole", 1, 3) },
    "a size": { on: /^HEAD/, gives: () => hasty.stat("h/whole") },
    "a list": { on: /^GET .*comp=list/, gives: () => hasty.list("h/") },
    "a removal": { on: /^DELETE/, gives: () => hasty.delete("h/gone") },
  };
  test.each(Object.keys(HANGS))("is asked again within the time when it never answers: %s", async (what) => {
    const { on, gives } = HANGS[what] ?? { on: /never/, gives: async () => {} };
    await files.write("h/whole", pieces("whole"));
    const calm = await gives();
    front.faults.add({ on, with: "never" });
    expect(await gives()).toEqual(calm);
    if (what.includes("large")) expect((await bytesOf(files.read("h/b"))).byteLength).toBe(9 * 1024 * 1024);
  });

  test("is told as unavailable, with a time to wait", async () => {
    front.faults.add({ on: /^PUT/, with: 503, times: 4 });
    await expect(files.write("a/b", pieces("x"))).rejects.toMatchObject({
      kind: "unavailable",
      code: "files_unavailable",
      retryAfterMs: expect.any(Number),
    });
    expect(await files.stat("a/b")).toBeUndefined();
  });
});
