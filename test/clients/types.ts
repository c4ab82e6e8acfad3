/** What only the compiler checks: a wrapped client has the type that its own package gives it. */
import OpenAI4, { AzureOpenAI as Azure4 } from "openai4";
import OpenAI5, { AzureOpenAI as Azure5 } from "openai5";
import OpenAI6, { AzureOpenAI as Azure6 } from "openai6";
import OpenAI7, { AzureOpenAI as Azure7 } from "openai7";
import type { CaptureHook } from "../../src/capture/capture.ts";
import { wrapOpenAI } from "../../src/capture/wrap-openai.ts";

export const wrapped = (hook: CaptureHook) => ({
  v4: [wrapOpenAI(hook, new OpenAI4()), wrapOpenAI(hook, new Azure4())] satisfies [OpenAI4, Azure4],
  v5: [wrapOpenAI(hook, new OpenAI5()), wrapOpenAI(hook, new Azure5())] satisfies [OpenAI5, Azure5],
  v6: [wrapOpenAI(hook, new OpenAI6()), wrapOpenAI(hook, new Azure6())] satisfies [OpenAI6, Azure6],
  v7: [wrapOpenAI(hook, new OpenAI7()), wrapOpenAI(hook, new Azure7())] satisfies [OpenAI7, Azure7],
});
