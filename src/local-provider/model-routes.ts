import type { Route } from "./http.ts";
import type { Models } from "./models.ts";

/** Endpoints of models: listed, read, removed. */
export function modelRoutes(models: Models): Route[] {
  return [
    ["GET", "/models", () => ({ json: { object: "list", data: models.list().map(modelView) } })],
    ["GET", "/models/*", (_request, id) => ({ json: modelView(models.read(id)) })],
    [
      "DELETE",
      "/models/*",
      (_request, id) => {
        models.delete(id);
        return { json: { id, object: "model", deleted: true } };
      },
    ],
  ];
}

const modelView = ({ name, created_at }: { name: string; created_at: number }) => ({
  id: name,
  object: "model",
  created: created_at,
  owned_by: "local",
});
