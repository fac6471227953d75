import { z } from "zod";

/** Settings of the Dataverse stand-in. */
export const dataverseConfig = z.strictObject({
  tenant_id: z.string().default("sandbox-tenant"),
  client_id: z.string().default("sandbox-id"),
  client_secret: z.string().default("sandbox-secret"),
  /** Of one user on one web server, in five minutes. */
  requests_per_5min: z.int().positive().default(6_000),
  /** Entity set → primary id column and the columns of each alternate key. */
  tables: z.record(z.string(), z.strictObject({ id: z.string(), keys: z.array(z.array(z.string()).min(1)) })).default({
    contacts: { id: "contactid", keys: [["cr1_customerno"], ["emailaddress1"], ["cr1_shop", "cr1_number"]] },
    accounts: { id: "accountid", keys: [["accountnumber"]] },
    leads: { id: "leadid", keys: [["cr1_customerno"]] },
  }),
});

export type DataverseConfig = z.infer<typeof dataverseConfig>;
