import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from "@azure/functions";
import * as df from "durable-functions";

df.app.activity("greet", { handler: (name: string): string => `Hello ${name}` });

df.app.orchestration("welcome", function* (context): Generator<df.Task, string, string> {
  return yield context.df.callActivity("greet", context.df.getInput<string>());
});

app.http("placeOrder", {
  methods: ["POST"],
  route: "orders/{id}",
  extraInputs: [df.input.durableClient()],
  handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
    const client = df.getClient(context);
    const { id = "" } = request.params;
    await client.startNew("welcome", { instanceId: `order-${id}`, input: id });
    return client.createCheckStatusResponse(request, `order-${id}`);
  },
});
