import { messageOf } from "../kernel/errors.ts";
import { parseNcrontab } from "../kernel/ncrontab.ts";
import type { Parse } from "./setting.ts";

/** A schedule as it stands. @throws Error that names the field which Azure would refuse */
export const ncrontab: Parse<string> = (text) => {
  try {
    parseNcrontab(text);
    return text;
  } catch (thrown) {
    throw new Error(
      `must be an NCRONTAB schedule, {second} {minute} {hour} {day} {month} {day-of-week}, like 0 0 3 * * *: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
};
