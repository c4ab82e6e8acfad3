import { unsupported } from "./bad-request.ts";
import type { ProviderFiles } from "./files.ts";
import { page, type Route, WireError } from "./http.ts";
import type { FileRow, ProviderStore } from "./store.ts";

/** Endpoints of files: up, listed, read, removed. */
export function fileRoutes({
  store,
  files,
}: {
  readonly store: ProviderStore;
  readonly files: ProviderFiles;
}): Route[] {
  return [
    [
      "POST",
      "/files",
      async (request) => {
        const form = await request.form();
        const file = form.get("file");
        if (file === null || typeof file === "string")
          throw new WireError(400, "missing_file", "The form has no file.", { param: "file" });
        for (const name of form.keys())
          if (name.startsWith("expires_after")) throw unsupported("expires_after");
          else if (name !== "file" && name !== "purpose")
            throw new WireError(400, "unknown_parameter", `Unknown parameter: '${name}'.`, { param: name });
        if (form.get("purpose") !== "fine-tune")
          throw new WireError(400, "invalid_purpose", "The only purpose here is 'fine-tune'.", {
            param: "purpose",
          });
        if (file.size === 0) throw new WireError(400, "empty_file", "The file is empty.", { param: "file" });
        return { json: fileView(await files.upload(file.stream(), file.name)) };
      },
    ],
    [
      "GET",
      "/files",
      (request) => {
        const purpose = request.query.get("purpose");
        const all = store.listFiles().filter((row) => purpose === null || row.purpose === purpose);
        return {
          json: page(
            (request.query.get("order") === "asc" ? all.toReversed() : all).map(fileView),
            request.query,
            10_000,
          ),
        };
      },
    ],
    ["GET", "/files/*", (_request, id) => ({ json: fileView(files.read(id)) })],
    [
      "GET",
      "/files/*/content",
      (_request, id) => ({ bytes: files.content(id), contentType: "application/octet-stream" }),
    ],
    [
      "DELETE",
      "/files/*",
      async (_request, id) => {
        await files.delete(id);
        return { json: { id, object: "file", deleted: true } };
      },
    ],
  ];
}

const fileView = ({ status_details: details, ...row }: FileRow) => ({
  object: "file",
  ...row,
  ...(details === null ? {} : { status_details: details }),
});
