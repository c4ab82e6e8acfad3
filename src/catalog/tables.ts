import { z } from "zod";
import models from "./models.json" with { type: "json" };
import prices from "./prices.json" with { type: "json" };
import quotas from "./quotas.json" with { type: "json" };
import retirements from "./retirements.json" with { type: "json" };

/** Every row says where it is from and on which day it was read. */
const dated = { source: z.string().min(1), as_of: z.iso.date(), note: z.string().optional() };

const modelRow = z.strictObject({
  model: z.string(),
  /** The maker as Azure Resource Manager spells it; another spelling is answered with 500. */
  format: z.string(),
  methods: z.array(z.enum(["supervised", "dpo", "reinforcement"])),
  training_types: z.array(z.string()),
  /** Empty: it cannot be deployed without managed compute. */
  deployment_skus: z.array(z.string()),
  ...dated,
});
const retirementRow = z.strictObject({
  model: z.string(),
  lifecycle: z.string(),
  base_retires: z.iso.date().optional(),
  training_retires: z.iso.date().optional(),
  deployment_retires: z.iso.date().optional(),
  ...dated,
});
const priceRow = z.strictObject({
  what: z.enum(["training", "reinforcement training", "hosting"]),
  model: z.string().optional(),
  training_type: z.string().optional(),
  sku: z.string().optional(),
  usd: z.number().min(0),
  per: z.string(),
  ...dated,
});
const quotaRow = z.strictObject({ name: z.string(), limit: z.number().positive(), ...dated });
export type RetirementRow = z.output<typeof retirementRow>;
export type PriceRow = z.output<typeof priceRow>;

/** The dated tables beside this file. */
export const TABLES = {
  models: z.array(modelRow).parse(models.rows),
  retirements: z.array(retirementRow).parse(retirements.rows),
  prices: z.array(priceRow).parse(prices.rows),
  quotas: z.array(quotaRow).parse(quotas.rows),
} as const;
