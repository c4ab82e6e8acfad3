import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { blobFiles } from "../../src/files/blob.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import { bytesOf, describeFiles, pieces } from "../contracts/files.ts";
import { type Azurite, startAzurite } from "../fakes/azurite.ts";

// A process has to start, and every small file is an HTTP request here.
jest.setTimeout(60_000);

const settingsOf = (
  { connectionString }: Pick<Azurite, "connectionString">,
  filesContainer = "datasets",
) => ({
  filesUri: undefined,
  filesConnectionString: connectionString,
  filesContainer,
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
    expect(await files.stat("dataset-1/theirs")).toEqual({ bytes: 6 });
  });
});

describe("a store that fails", () => {
  let server: Server;
  let statuses: number[] = [];
  beforeAll(async () => {
    server = createServer((req, res) => {
      req.resume().on("end", () => {
        const status = statuses.shift() ?? 201;
        res.writeHead(status, { "x-ms-error-code": "ServerBusy", "content-length": "0", etag: '"1"' }).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  const files = () => {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/account`;
    return blobFiles(
      settingsOf({
        connectionString: `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=aGVsbG8=;BlobEndpoint=${endpoint};`,
      }),
    );
  };

  test("is asked again", async () => {
    statuses = [503, 201, 503, 201];
    expect(await files().write("a/b", pieces("x"))).toMatchObject({ bytes: 1 });
    expect(statuses).toEqual([]);
  });

  test("is told as unavailable, with a time to wait", async () => {
    statuses = [201, 503, 503, 503, 503];
    await expect(files().write("a/b", pieces("x"))).rejects.toMatchObject({
      kind: "unavailable",
      code: "files_unavailable",
      retryAfterMs: expect.any(Number),
    });
  });
});
