import { expect, test } from "@jest/globals";
import { EntityId, type OrchestrationContext, type Task } from "durable-functions";
import { testHost } from "./app.ts";

/** What an orchestrator does first. */
const WAYS = {
  activity: ({ df }: OrchestrationContext): Task => df.callActivity("echo", 1),
  "other activity": ({ df }: OrchestrationContext): Task => df.callActivity("boom", 1),
  timer: ({ df }: OrchestrationContext): Task =>
    df.createTimer(new Date(df.currentUtcDateTime.getTime() + 300)),
  child: ({ df }: OrchestrationContext): Task => df.callSubOrchestrator("quick", 1),
  "other child": ({ df }: OrchestrationContext): Task => df.callSubOrchestrator("patient", 1),
  signal: ({ df }: OrchestrationContext): Task => {
    df.signalEntity(new EntityId("ent", "k"), "op");
    return df.callActivity("echo", 1);
  },
  nothing: ({ df }: OrchestrationContext): Task => df.waitForExternalEvent("x"),
} as const;
type Way = keyof typeof WAYS;

const ACTIVITY = "an activity task with sequence number 0 named 'echo', but";
const TIMER = "a timer task with sequence number 0";
const CHILD =
  "a sub-orchestration task with sequence ID 0 and name 'quick' (version '', instance ID '{id}:0'), but";
const SIGNAL = "a send event task with sequence ID 0, type 'EventSent'";
const NOT_YET = "the current replay execution hasn't (yet?) scheduled this task.";
const INSTEAD = "the current orchestration replay instead";

/** As Microsoft's engine answered (extension 3.19.0, DurableTask.Core 3.11.2), its slips of the pen included. */
test.each<[Way, Way, string]>([
  [
    "activity",
    "timer",
    `${ACTIVITY} ${INSTEAD} produced a CreateTimerOrchestratorAction action with this sequence number.`,
  ],
  [
    "activity",
    "child",
    `${ACTIVITY} ${INSTEAD} produced a CreateSubOrchestrationAction action with this sequence number.`,
  ],
  [
    "activity",
    "signal",
    `${ACTIVITY} ${INSTEAD} produced a SendEventOrchestratorAction action with this sequence number.`,
  ],
  [
    "activity",
    "other activity",
    `${ACTIVITY} ${INSTEAD} scheduled an activity task named 'boom' with this sequence number. `,
  ],
  ["activity", "nothing", `an activity task with sequence ID 0 and name 'echo' (version ''), but ${NOT_YET}`],
  [
    "timer",
    "activity",
    `${TIMER} named but ${INSTEAD} produced a ScheduleTaskOrchestratorAction action with this sequence number.`,
  ],
  [
    "timer",
    "child",
    `${TIMER} named but ${INSTEAD} produced a CreateSubOrchestrationAction action with this sequence number.`,
  ],
  ["timer", "nothing", `${TIMER} but ${NOT_YET}`],
  [
    "child",
    "activity",
    `${CHILD} ${INSTEAD} produced a ScheduleTaskOrchestratorAction action at this sequence number.`,
  ],
  [
    "child",
    "other child",
    `${CHILD} ${INSTEAD} scheduled a sub-orchestration task with name patient at this sequence number.`,
  ],
  ["child", "nothing", `${CHILD} ${NOT_YET}`],
  [
    "signal",
    "activity",
    `${SIGNAL}, name 'op', instance ID '@ent@k', but ${INSTEAD} scheduled a ScheduleTaskOrchestratorAction task at this sequence number.`,
  ],
  ["signal", "nothing", `${SIGNAL} name 'op', instance ID '@ent@k', but ${NOT_YET}`],
])(
  "an orchestrator that did %s and now does %s fails with the framework's words",
  async (first, now, scheduled) => {
    let ran = 0;
    await using host = await testHost({
      orchestrators: {
        *shift(context) {
          yield WAYS[ran++ % 2 === 0 ? first : now](context);
          yield context.df.callActivity("echo", 2);
        },
        *quick({ df }) {
          return yield df.callActivity("echo", df.getInput());
        },
        *patient({ df }) {
          yield df.waitForExternalEvent("go");
        },
      },
      activities: {
        echo: (input) => input,
        boom: () => {
          throw new Error("boom");
        },
      },
      entities: { ent: ({ df }) => df.setState(1) },
    });
    const { runtimeStatus, output } = await host.run("shift");
    expect(runtimeStatus).toBe("Failed");
    expect((output as string).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, "{id}")).toBe(
      `Non-Deterministic workflow detected: A previous execution of this orchestration scheduled ${scheduled} Was a change ` +
        "made to the orchestrator code after this instance had already started running?",
    );
  },
);
