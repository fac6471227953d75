import { z } from "zod";
import type { Connector } from "../connector.ts";
import { accountKey, accountSchema, authenticate, baseUrl, type IterableAccount, rateLimits } from "./account.ts";
import { type Ctx, call } from "./api.ts";
import { erasure } from "./erasure-target.ts";
import { event } from "./event-target.ts";
import { list } from "./list-target.ts";
import { user } from "./user-target.ts";

export const iterable: Connector<IterableAccount> = {
  id: "iterable",
  category: "email",
  apiVersion: "1.8",
  account: accountSchema,
  targets: { user, list, event, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

/** Reads the lists, which keys for mobile and web may not. A server-side key has no finer permissions. */
async function check(ctx: Ctx): Promise<void> {
  await call(ctx, {
    method: "GET",
    scope: "lists",
    path: "/api/lists",
    expect: z.object({ lists: z.array(z.unknown()) }),
  });
}
