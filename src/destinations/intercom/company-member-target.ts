import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { ConfigError } from "../../core/errors.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates, noIdentifier, notFound, rejected, settled } from "../fates.ts";
import { duplicateMatch, type Identified, identifierText } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { type IntercomAccount, width } from "./account.ts";
import { type Ctx, tryCall } from "./api.ts";
import { findCompany } from "./company-target.ts";
import { missing } from "./contact-target.ts";
import { ambiguous } from "./contacts.ts";
import { refusalFate } from "./errors.ts";
import { findContacts, foldedBy, type Identifier, identifiers, maxSearched } from "./lookup.ts";

const options = z.strictObject({});
type MemberCtx = TargetCtx<IntercomAccount, z.output<typeof options>>;

const scope = "Write users and companies";
const company = z.object({ id: z.string().min(1) });

/** Who belongs to which company. Neither contacts nor companies are made, changed or deleted. */
export const companyMember: Target<IntercomAccount, z.output<typeof options>> = {
  description: "Contacts in companies; both must be there already",
  kind: "list",
  options,
  identifiers: [...identifiers, "company_id"],
  needsMatch: true,
  fields: { known: {}, others: "refused" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: () => "company_member",
  shape(_to, sync) {
    contactIdentifier(sync);
    return {
      batch: { maxRows: maxSearched, mixedOps: true },
      // Who belongs to a company already goes on belonging to it.
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  // A search for fifty contacts, at most a look for each company, and the change itself.
  requests: (_to, sync) => 2 * sync.plannedRows + Math.ceil(sync.plannedRows / maxSearched),
  send,
};

function contactIdentifier(sync: TargetSync): Identifier {
  const [by, ...others] = identifiers.filter((name) => sync.match.includes(name));
  if (sync.match.length === 0) return "external_id";
  if (by !== undefined && others.length === 0 && sync.match.includes("company_id")) return by;
  throw new ConfigError(`sync "${sync.name}": a contact and its company are both needed`, {
    hint: `Match by company_id and one of ${identifiers.join(", ")}: \`match: {external_id: customer_id, company_id: company_no}\`.`,
  });
}

/** One contact in one company, by our identifiers. */
interface Pair extends Identified {
  readonly company: string;
}

async function send(batch: Batch, ctx: MemberCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = contactIdentifier(ctx.sync);
  const leaving = batch.changes[0]?.op === "remove";
  const pairs = pairsOf(batch.changes, by, fates);
  const asked = pairs.filter(({ change }) => remembered(change) === null);
  const contacts = await findIds(ctx, by, asked);
  const companies = new Map<string, Promise<string | null>>();
  const companyId = (name: string): Promise<string | null> => {
    const known = companies.get(name) ?? findCompany(ctx, name);
    companies.set(name, known);
    return known;
  };
  await oneByOne(pairs, width, fates, async (pair): Promise<RowFate> => {
    const ids = remembered(pair.change);
    if (ids !== null) return leaving ? detach(ctx, ids.contact, ids.company) : attach(ctx, ids.contact, ids.company);
    const [contact, another] = contacts.get(foldedBy(by)(pair.value)) ?? [];
    const inCompany = await companyId(pair.company);
    if (leaving && (contact === undefined || inCompany === null)) return delivered();
    if (contact === undefined) return notFound;
    if (another !== undefined) return ambiguous;
    if (inCompany === null) return noCompany;
    return leaving ? detach(ctx, contact, inCompany) : attach(ctx, contact, inCompany);
  });
  return settled(batch.changes, fates, missing);
}

const noCompany = rejected(
  "COMPANY_NOT_FOUND",
  "there is no company of this company_id; the target company makes them",
);

/** Intercom's own id needs no search. */
async function findIds(
  ctx: Ctx,
  by: Identifier,
  pairs: readonly Pair[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  return by === "id" ? new Map(pairs.map(({ value }) => [value, [value]])) : findContacts(ctx, by, pairs);
}

function pairsOf(changes: readonly Change[], by: Identifier, fates: Fates): readonly Pair[] {
  const taken = new Set<string>();
  const pairs: Pair[] = [];
  for (const change of changes) {
    const [value, ofCompany] = [identifierText(change.match[by]), identifierText(change.match.company_id)];
    const name = `${foldedBy(by)(value ?? "")}\n${ofCompany}`;
    if (value === null || ofCompany === null) fates.set(change.seq, noIdentifier);
    else if (taken.has(name)) fates.set(change.seq, duplicateMatch);
    else {
      taken.add(name);
      pairs.push({ change, value, company: ofCompany });
    }
  }
  return pairs;
}

/** Intercom's ids of both, as an earlier delivery told them. */
function remembered({ externalId }: Change): { readonly contact: string; readonly company: string } | null {
  const [contact, ofCompany, ...more] = (externalId ?? "").split("/");
  return contact && ofCompany && more.length === 0 ? { contact, company: ofCompany } : null;
}

async function attach(ctx: Ctx, contact: string, id: string): Promise<RowFate> {
  const path = `/contacts/${encodeURIComponent(contact)}/companies`;
  const answer = await tryCall(ctx, { method: "POST", path, scope, json: { id }, expect: company });
  return "body" in answer ? delivered(`${contact}/${id}`) : refusalFate(answer.refused);
}

/** Neither a contact nor a company that is gone has the other. */
async function detach(ctx: Ctx, contact: string, id: string): Promise<RowFate> {
  const path = `/contacts/${encodeURIComponent(contact)}/companies/${encodeURIComponent(id)}`;
  const answer = await tryCall(ctx, { method: "DELETE", path, scope, expect: company });
  return "body" in answer || answer.refused.status === 404 ? delivered() : refusalFate(answer.refused);
}
