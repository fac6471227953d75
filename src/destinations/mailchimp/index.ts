import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Connector } from "../connector.ts";
import { accountKey, accountSchema, authenticate, baseUrl, type MailchimpAccount, rateLimits } from "./account.ts";
import { type Ctx, callJson } from "./api.ts";
import { erasure } from "./erasure-target.ts";
import { event } from "./event-target.ts";
import { member } from "./member-target.ts";
import { tag } from "./tag-target.ts";

export const mailchimp: Connector<MailchimpAccount> = {
  id: "mailchimp",
  category: "email",
  apiVersion: "3.0",
  account: accountSchema,
  targets: { member, tag, event, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

const root = z.object({ account_id: z.string() });
const lists = z.object({ lists: z.array(z.unknown()) });

/** The account's id and one audience: two reads. A key may do what its user may, and what that is cannot be asked. */
async function check(ctx: Ctx): Promise<void> {
  const { body } = await callJson(ctx, { method: "GET", path: "/", query: { fields: "account_id" }, expect: root });
  await callJson(ctx, { method: "GET", path: "/lists", query: { count: 1, fields: "lists.id" }, expect: lists });
  if (ctx.account.account_id === undefined || ctx.account.account_id === body.account_id) return;
  throw new AuthFailed("the credentials belong to another Mailchimp account than account_id says", {
    hint: "Put the account's own id into account_id, or the right key into the account.",
  });
}
