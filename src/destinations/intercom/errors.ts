import { z } from "zod";
import type { RowFate } from "../../core/result.ts";
import { codeOf } from "../code.ts";
import { notFound, rejected, retried } from "../fates.ts";

const entry = z.object({ code: z.string(), message: z.string().nullish(), field: z.string().nullish() });

/** `{type: "error.list", errors: [{code, message, field}]}`. https://developers.intercom.com/docs/references/rest-api/errors/error-objects */
export const errorReply = z.object({ errors: z.array(z.unknown()) });

/** The first error of an answer, its code in the form of ours. */
export function firstError(body: unknown): { readonly code: string; readonly message: string } {
  const [first] = errorReply.safeParse(body).data?.errors ?? [];
  const read = entry.safeParse(first);
  if (!read.success) return { code: "UNKNOWN_ERROR", message: "" };
  const field = read.data.field != null && /^[\w.]{1,80}$/.test(read.data.field) ? `${read.data.field}: ` : "";
  return {
    code: codeOf(read.data.code) || "UNKNOWN_ERROR",
    message: `${field}${read.data.message ?? ""}`,
  };
}

/** A request that Intercom would not do, with its first reason. */
export interface Refused {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** What a refusal means for its row: an answer without Intercom's own code may be anybody's, and is tried again. */
export function refusalFate({ status, code, message }: Refused): RowFate {
  const said = `Intercom: ${message === "" ? `answered ${status}` : message}`;
  if (code === "UNKNOWN_ERROR") return retried(code, said);
  if (status === 404) return notFound;
  return rejected(code, said);
}

/** The contact that is in the way of a new one: `A contact matching those details already exists with id=…`. */
export function conflicting({ status, message }: Refused): { readonly id: string; readonly archived: boolean } | null {
  const id = /\bid=([A-Za-z0-9-]{1,60})/.exec(message)?.[1];
  if (status !== 409 || id === undefined) return null;
  return { id, archived: /archived/i.test(message) };
}
