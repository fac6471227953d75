import { z } from "zod";
import type { Connector } from "../connector.ts";
import {
  accountKey,
  accountSchema,
  authenticate,
  baseUrl,
  type DataverseAccount,
  rateLimits,
  signInUrl,
} from "./account.ts";
import { apiPath, type Ctx, jsonHeaders } from "./batch.ts";
import { requestError } from "./errors.ts";
import { list } from "./list-target.ts";
import { record } from "./record-target.ts";

export const dataverse: Connector<DataverseAccount> = {
  id: "dataverse",
  category: "crm",
  apiVersion: "v9.2",
  account: accountSchema,
  targets: { record, list },
  accountKey,
  baseUrl,
  signInUrl,
  limits: () => rateLimits,
  authenticate,
  check,
};

/** Signs in and asks who that is: fails where the app is no application user of the environment. Roles cannot be tried without writing. */
async function check(ctx: Ctx): Promise<void> {
  await ctx.http.request({
    method: "GET",
    path: `${apiPath(ctx)}/WhoAmI`,
    headers: jsonHeaders,
    expect: z.object({ UserId: z.string() }),
    mapError: requestError,
  });
}
