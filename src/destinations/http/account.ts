import { createHash } from "node:crypto";
import { z } from "zod";

const secretText = z.string().min(1).meta({ secret: true });
const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: "a header's name has no space or colon" });

export const httpAccount = z.strictObject({
  base_url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/^https?:\/\/[^/]*@/i.test(url), { error: "put user and password under auth, not into base_url" })
    .refine((url) => !/[?#]/.test(url), { error: "base_url has no ? and no #" })
    .meta({ description: "where requests go, e.g. https://hooks.example.com/millrace" }),
  headers: z.record(headerName, secretText).default({}).meta({ description: "sent with every request" }),
  auth: z
    .strictObject({
      bearer: secretText.optional(),
      basic: z.strictObject({ user: z.string().min(1), password: secretText }).optional(),
      header: z.strictObject({ name: headerName, value: secretText }).optional(),
    })
    .refine((auth) => Object.values(auth).filter((one) => one !== undefined).length === 1, {
      error: "auth is one of bearer, basic, header",
    })
    .optional(),
  sign: z.strictObject({ secret: secretText }).optional().meta({
    description: "signs every body: X-Millrace-Signature: t=<unix seconds>,v1=<hex hmac sha256 of `<t>.<body>`>",
  }),
  timeout_ms: z.int().min(100).max(600_000).default(30_000),
  rate: z
    .strictObject({
      requests: z.int().min(1).default(1_000),
      per_ms: z.int().min(1).default(1_000),
      concurrency: z.int().min(1).max(256).default(8),
    })
    .prefault({})
    .meta({ description: "what the receiver can take" }),
  check_path: z.string().startsWith("/").optional().meta({ description: "`check --connect` gets it and expects 2xx" }),
});

export type HttpAccount = z.infer<typeof httpAccount>;

/** Host, and a digest of the path: the path of a webhook is often its secret. */
export function accountKey(account: HttpAccount): string {
  const { host, pathname } = new URL(account.base_url);
  const path = pathname.replace(/\/+$/, "");
  return path === "" ? `http:${host}` : `http:${host}#${createHash("sha256").update(path).digest("hex").slice(0, 12)}`;
}

export function credentials({ headers, auth }: HttpAccount): Record<string, string> {
  if (auth?.bearer !== undefined) return { ...headers, authorization: `Bearer ${auth.bearer}` };
  if (auth?.header !== undefined) return { ...headers, [auth.header.name]: auth.header.value };
  if (auth?.basic === undefined) return headers;
  // RFC 7617, section 2.1: UTF-8.
  const pair = Buffer.from(`${auth.basic.user}:${auth.basic.password}`, "utf8").toString("base64");
  return { ...headers, authorization: `Basic ${pair}` };
}
