import type { CoreInvocationContext, ProgrammingModel, WireData } from "./types.ts";

type RequestClass = new (init: unknown) => unknown;
/** The library's `HttpRequest`, by its programming model. */
const classes = new WeakMap<ProgrammingModel, RequestClass>();

/**
 * The library's own `HttpRequest` of wire data, where the app streams. It makes one of the data of any trigger but an
 * HTTP trigger, which it waits for elsewhere; the first that it made tells the class.
 */
export async function wholeRequest(
  model: ProgrammingModel,
  context: CoreInvocationContext,
  data: WireData,
): Promise<unknown> {
  const known = classes.get(model);
  if (known !== undefined) return new known(data.http);
  const { inputs } = await model
    .getInvocationModel({
      ...context,
      metadata: {
        name: context.metadata.name,
        bindings: { request: { type: "wireTrigger", direction: "in" } },
      },
      request: { ...context.request, inputData: [{ name: "request", data }], triggerMetadata: {} },
    })
    .getArguments();
  const made = inputs[0] as { readonly constructor: RequestClass };
  classes.set(model, made.constructor);
  return made;
}
