const UNANSWERED =
  "The engine swallows a call of what does not exist: it schedules nothing, logs nothing, and the orchestration is Running " +
  "for ever. Here the call fails at once, with a text that names that.";

/** Cases of orchestrations, activities and entities that the local host answers otherwise, each with its reason. */
export const ON_PURPOSE: Readonly<Record<string, string>> = {
  actMissing: UNANSWERED,
  actMissingCaught: UNANSWERED,
  entUnknown: UNANSWERED,
  entUnknownCaught: UNANSWERED,
  subMissingCaught: UNANSWERED,
  trapSubOwnId:
    "A child with its parent's own id is swallowed likewise; here the orchestration fails and says why.",
  nondetName:
    "After code that changed has scheduled a second task under one number, the engine's list of the history fails (400: two " +
    "events of one key). Here the instance and its history can be read.",
};
