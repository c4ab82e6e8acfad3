import { describe, expect, it } from "@jest/globals";
import { plainFault } from "../../src/doors/engine-words.ts";

const EXITED = "node exited with code 137 (0x89)";
const CHANGED =
  "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled an activity task with " +
  "sequence ID 0 and name 'claimRun' (version ''), but the current replay execution hasn't (yet?) scheduled this task. " +
  "Was a change made to the orchestrator code after this instance had already started running?";

describe("what a record says of an end that the engine gave", () => {
  it.each([
    [
      `Activity function 'readTrainingFile' failed: ${EXITED}`,
      `the worker process ended while readTrainingFile ran (${EXITED})`,
    ],
    [
      `Activity function 'work' failed:  ${EXITED} \n {"$type":"System.Exception"}`,
      `the worker process ended while work ran (${EXITED})`,
    ],
    [
      `Orchestrator function 'trainModel' failed: One or more errors occurred. (${EXITED})`,
      `the worker process ended while trainModel ran (${EXITED})`,
    ],
    [EXITED, `the worker process ended while the orchestration ran (${EXITED})`],
    [
      "node exited with code -1073741819",
      "the worker process ended while the orchestration ran (node exited with code -1073741819)",
    ],
    [
      CHANGED,
      "the worker process ended while the orchestration ran (which the engine takes for changed code)",
    ],
    [
      `${CHANGED} \n ${CHANGED}`,
      "the worker process ended while the orchestration ran (which the engine takes for changed code)",
    ],
  ])("names the worker's death: %s", (text, plain) => {
    expect(plainFault(text)).toBe(plain);
  });

  it.each([
    ["Activity function 'work' failed:  boom\nat work", "boom"],
    ["Activity function 'work' failed: boom \n {}", "boom "],
    ["Orchestrator function 'trainModel' failed: boom", "Orchestrator function 'trainModel' failed: boom"],
    ["op", "op"],
    ["", "unknown fault"],
    // The code did change: it schedules something else.
    [
      CHANGED.replace(/hasn't.*task\./, "instead scheduled activity 'x' with this sequence ID."),
      CHANGED.replace(/hasn't.*task\./, "instead scheduled activity 'x' with this sequence ID."),
    ],
  ])("leaves any other reason as it is: %s", (text, plain) => {
    expect(plainFault(text)).toBe(plain);
  });
});
