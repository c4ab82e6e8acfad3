import { InvalidArgumentError, Option } from "commander";
import { AGENT_SETTINGS } from "../../config/agent-settings.ts";

/** `--endpoint`: the function app of this one command. */
export const endpointOption = (): Option =>
  new Option("--endpoint <url>", "the function app to ask, in the place of LIGHTNING_ENDPOINT").argParser(
    (text: string) => {
      try {
        return AGENT_SETTINGS.endpoint.parse(text);
      } catch (thrown) {
        throw new InvalidArgumentError((thrown as Error).message);
      }
    },
  );

/** What `--endpoint` said. */
export const endpointIn = (values: Readonly<Record<string, unknown>>): string | undefined =>
  typeof values.endpoint === "string" ? values.endpoint : undefined;
