import { z } from "zod";

export const flag = z
  .enum(["true", "false", "1", "0", "yes", "no", "on", "off"])
  .transform((text) => ["true", "1", "yes", "on"].includes(text));
export const number = (least: number, most: number) =>
  z
    .string()
    .trim()
    .refine((text) => text !== "" && Number.isFinite(Number(text)), "must be a number")
    .transform(Number)
    .refine((n) => n >= least && n <= most, `must be from ${least} to ${most}`);
export const whole = (least: number, most: number) =>
  number(least, most).refine((n) => Number.isInteger(n), "must be a whole number");
export const url = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    "must be an http or https URL",
  );
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/,
    "must be letters, digits, - or _, starting with a letter or digit",
  );

/** A row of the settings table. */
export interface Setting<T extends z.ZodType> {
  readonly env: string;
  readonly schema: T;
  /** Text as it would stand in the environment; undefined: not set. */
  readonly default?: string;
  readonly meaning: string;
  readonly secret?: boolean;
}
/** The row as it stands, with its schema's type. */
export const setting = <T extends z.ZodType, const S extends Setting<T>>(row: S & { schema: T }): S => row;
