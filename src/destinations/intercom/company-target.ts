import { z } from "zod";
import type { Target } from "../connector.ts";
import { delivered, type Fates, settled } from "../fates.ts";
import { type Identified, identified } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { question } from "../question.ts";
import { type IntercomAccount, width } from "./account.ts";
import { type Ctx, tryCall } from "./api.ts";
import { missing } from "./contact-target.ts";
import { discoverCompanies } from "./discover.ts";
import { refusalFate } from "./errors.ts";
import { checkFields, companyFields, toBody, tooLong } from "./fields.ts";

const options = z.strictObject({});
const company = z.object({ id: z.string().min(1) });
const write = "Write users and companies";
const read = "Read and list users and companies";

/** One request each; no figure of a batch. */
const maxRows = 50;

/** Companies, found by your own `company_id`. They show in Intercom once a contact belongs to them: `company_member`. */
export const companyTarget: Target<IntercomAccount, z.output<typeof options>> = {
  description: "Companies and their attributes",
  kind: "records",
  options,
  identifiers: ["company_id"],
  needsMatch: true,
  fields: { known: companyFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: () => "company",
  shape(_to, sync) {
    checkFields("companies", companyFields, sync);
    return {
      batch: { maxRows, mixedOps: true },
      // Upserted by company_id. https://developers.intercom.com/docs/references/rest-api/api.intercom.io/companies/createorupdatecompany
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => sync.plannedRows + (sync.mode === "remove" ? sync.removes : 0),
  discover: discoverCompanies,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const rows = identified(batch.changes, "company_id", fates);
    const leaving = batch.changes[0]?.op === "remove";
    await oneByOne(rows, width, fates, (row) => (leaving ? remove(ctx, row) : upsert(ctx, row)));
    return settled(batch.changes, fates, missing);
  },
};

async function upsert(ctx: Ctx, { change, value }: Identified) {
  const flaw = tooLong(change.fields);
  if (flaw !== null) return flaw;
  const json = { ...toBody(change.fields), company_id: value };
  const answer = await tryCall(ctx, { method: "POST", path: "/companies", scope: write, json, expect: company });
  return "body" in answer ? delivered(answer.body.id) : refusalFate(answer.refused);
}

/** By the id that an earlier delivery told, else asked for. Who is not there is gone already. */
async function remove(ctx: Ctx, { change, value }: Identified) {
  const id = change.externalId ?? (await findCompany(ctx, value));
  if (id === null) return delivered();
  const path = `/companies/${encodeURIComponent(id)}`;
  const answer = await tryCall(ctx, { method: "DELETE", path, scope: write, expect: company });
  return "body" in answer || answer.refused.status === 404 ? delivered() : refusalFate(answer.refused);
}

/** Intercom's id of a company of ours; null: there is none. */
export async function findCompany(ctx: Ctx, value: string): Promise<string | null> {
  const query = { company_id: value };
  const answer = await question(() =>
    tryCall(ctx, { method: "GET", path: "/companies", scope: read, query, expect: company }),
  );
  return "body" in answer ? answer.body.id : null;
}
