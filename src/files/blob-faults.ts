import {
  fatal,
  isLightningError,
  type LightningError,
  messageOf,
  notFound,
  unavailable,
} from "../kernel/errors.ts";

/** What of an error of the package is used. */
export interface Fault {
  readonly statusCode?: number;
  readonly code?: string;
  readonly name?: string;
}

/** Work on one file whose faults are the port's. */
export async function faults<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw toFilesError(thrown, key);
  }
}

/** Errors of the service in the port's terms; ours, and those of the source of a file, pass through. */
function toFilesError(thrown: unknown, key: string): LightningError | Error {
  if (isLightningError(thrown)) return thrown;
  const { statusCode, code, name } = (thrown ?? {}) as Fault;
  const facts = { cause: thrown };
  if (statusCode === 404)
    return notFound("file_missing", `There is no file "${key}".`, { ...facts, field: "key" });
  if (statusCode === 412)
    return unavailable("file_contended", `"${key}" was replaced while it was read.`, {
      ...facts,
      retryAfterMs: 1_000,
    });
  if (statusCode === 401 || statusCode === 403)
    return fatal("files_forbidden", `Blob Storage refuses this identity (${code ?? String(statusCode)}).`, {
      ...facts,
      remedy: "Give it the role Storage Blob Data Contributor on the account or the container.",
    });
  if (/Credential|Authentication/.test(name ?? ""))
    return unavailable(
      "files_credentials",
      `No Entra token for Blob Storage: ${messageOf(thrown).slice(0, 200)}`,
      {
        ...facts,
        retryAfterMs: 5_000,
        remedy: "Sign in with `az login`, or give the app a managed identity.",
      },
    );
  if (name !== "RestError") return thrown as Error;
  if (statusCode !== undefined && statusCode < 500 && statusCode !== 408 && statusCode !== 429)
    return fatal("files_fault", `Blob Storage refused "${key}": ${code ?? String(statusCode)}.`, facts);
  return unavailable("files_unavailable", `Blob Storage did not answer (${String(statusCode ?? code)}).`, {
    ...facts,
    retryAfterMs: 2_000,
  });
}
