// The least that a function can do with an episode: read it as JSON and answer. What it takes is the library's and the host's.
import { app } from "@azure/functions";

app.http("captureEpisode", {
  methods: ["POST"],
  authLevel: "anonymous",
  route: "lightning/episodes",
  handler: async (request) => {
    const { id } = await request.json();
    return { status: 201, jsonBody: { id, status: "recorded" } };
  },
});
