import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Connector } from "../connector.ts";
import {
  accountKey,
  accountSchema,
  apiVersion,
  authenticate,
  baseUrl,
  type IntercomAccount,
  rateLimits,
} from "./account.ts";
import { type Ctx, call } from "./api.ts";
import { companyMember } from "./company-member-target.ts";
import { companyTarget } from "./company-target.ts";
import { contact } from "./contact-target.ts";
import { erasure } from "./erasure-target.ts";
import { event } from "./event-target.ts";
import { tag } from "./tag-target.ts";

export const intercom: Connector<IntercomAccount> = {
  id: "intercom",
  category: "crm",
  apiVersion,
  account: accountSchema,
  targets: { contact, tag, company: companyTarget, company_member: companyMember, event, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

const me = z.object({ app: z.object({ id_code: z.string().nullish() }).nullish() });
const list = z.object({ data: z.array(z.unknown()) });

/** Whose token it is, and one contact: two reads. Write scopes cannot be tried without writing. */
async function check(ctx: Ctx): Promise<void> {
  const { body } = await call(ctx, { method: "GET", path: "/me", scope: "Read admins", expect: me });
  const scope = "Read and list users and companies";
  await call(ctx, { method: "GET", path: "/contacts", query: { per_page: 1 }, scope, expect: list });
  const ours = ctx.account.workspace_id;
  const theirs = body.app?.id_code;
  if (ours === undefined || theirs == null || ours === theirs) return;
  throw new AuthFailed("the access token belongs to another workspace than workspace_id says", {
    hint: "Put the workspace's id into workspace_id, or the right token into the account.",
  });
}
