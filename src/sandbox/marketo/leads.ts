import { z } from "zod";
import type { Row, Value } from "../../core/value.ts";
import { empty, parseJson, violated } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { answered, breach, type Instance, type Lead, nextId, refused, skipped, textOf } from "./instance.ts";

export const MAX_LEADS = 300;
const MAX_BODY = 1_048_576;
const MAX_URI = 8_192;
const MAX_MATCHES = 1_000;
const EMAIL = /^[\x21-\x7e]+@[\x21-\x7e]+\.[\x21-\x7e]+$/;

const syncBody = z.strictObject({
  action: z.enum(["createOnly", "updateOnly", "createOrUpdate", "createDuplicate"]).default("createOrUpdate"),
  lookupField: z.string().default("email"),
  partitionName: z.string().optional(),
  asyncProcessing: z.boolean().optional(),
  input: z.array(z.record(z.string(), z.unknown())).min(1).max(MAX_LEADS),
});
type Action = z.infer<typeof syncBody>["action"];

const tooLarge = (status: 413 | 414, why: string): Answer => violated(empty(status), why);

/** POST /rest/v1/leads.json; with _method=GET it is the other one. */
export function syncLeads(instance: Instance, call: Call): Answer {
  if (call.query.get("_method") === "GET") return findLeads(instance, new URLSearchParams(call.body.toString("utf8")));
  if (call.body.length > MAX_BODY) return tooLarge(413, "more than 1 MB");
  const body = syncBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error), "609");
  const { action, lookupField, input } = body.data;
  if (lookupField === "id" && action !== "updateOnly") return breach("id is for updateOnly");
  const touched: Record<string, string[]> = { created: [], updated: [], skipped: [] };
  const results = input.map((one) => {
    const result = writeLead(instance, one as Row, action, lookupField);
    touched[textOf(result.status)]?.push(textOf(result.id));
    return result;
  });
  return answered(results, touched);
}

export function writeLead(instance: Instance, one: Row, action: Action, lookupField: string): Row {
  const { config, misbehaviour, kept } = instance;
  const wanted = textOf(one[lookupField]);
  if (wanted === "") return skipped("1002", `Missing value for the required parameter '${lookupField}'`);
  const unknown = Object.keys(one).find((name) => name !== "id" && !Object.hasOwn(config.fields, name));
  if (unknown !== undefined) return skipped("1006", `Field '${unknown}' not found`);
  for (const [name, value] of Object.entries(one)) {
    const type = name === "id" ? "integer" : config.fields[name];
    if (value !== null && !fits(type ?? "string", value)) {
      return skipped("1001", `Invalid value '${textOf(value)}'. Required of type '${type}'`);
    }
  }
  const told = misbehaviour.forRow("marketo", one);
  if (told !== undefined) return skipped(told.code ?? "1003", told.message);
  const matches = action === "createDuplicate" ? [] : instance.find(lookupField, wanted);
  const [there] = matches;
  if (matches.length > 1) return skipped("1007", "Multiple leads match the lookup criteria");
  if (there !== undefined && action === "createOnly") return skipped("1005", "Lead already exists");
  if (there === undefined && action === "updateOnly") return skipped("1004", "Lead not found");
  const { id: _id, ...fields } = one;
  const id = there?.id ?? nextId(instance);
  instance.put({ id, fields: { ...kept.data.leads[String(id)]?.fields, ...fields } });
  return { id, status: there === undefined ? "created" : "updated" };
}

function fits(type: string, value: Value): boolean {
  const text = textOf(value);
  if (type === "integer") return /^-?\d+$/.test(text);
  if (type === "float") return text !== "" && Number.isFinite(Number(text));
  if (type === "boolean") return /^(true|false|1|0)$/i.test(text);
  if (type === "email") return text === "" || EMAIL.test(text);
  return typeof value !== "object";
}

const searchable = (instance: Instance, field: string): boolean =>
  field === "id" || (Object.hasOwn(instance.config.fields, field) && field !== "firstName" && field !== "lastName");

export function getLeads(instance: Instance, call: Call): Answer {
  return call.uriBytes > MAX_URI ? tooLarge(414, "more than 8 KB of URI") : findLeads(instance, call.query);
}

function findLeads(instance: Instance, query: URLSearchParams): Answer {
  const type = query.get("filterType") ?? "";
  const values = (query.get("filterValues") ?? "").split(",").filter((value) => value !== "");
  if (values.length === 0) return breach("filterValues cannot be blank", "701");
  if (values.length > MAX_LEADS) return breach(`more than ${MAX_LEADS} filterValues`);
  if (!searchable(instance, type)) return breach(`Field '${type}' not supported`, "1011");
  const found = [...new Set(values.flatMap((value) => instance.find(type, value)))];
  if (found.length > MAX_MATCHES) return refused("1003", "Too many results match the filter");
  const from = Number(query.get("nextPageToken") ?? "0");
  const names = (query.get("fields") ?? "id,email,firstName,lastName").split(",");
  const rest = found.length > from + MAX_LEADS ? { moreResult: true, nextPageToken: String(from + MAX_LEADS) } : {};
  return answered(
    found.slice(from, from + MAX_LEADS).map((one) => shown(one, names)),
    undefined,
    rest,
  );
}

const shown = (one: Lead, names: readonly string[]): Row => ({
  id: one.id,
  ...Object.fromEntries(
    names.filter((name) => name !== "id").map((name) => [name, (one.fields[name] ?? null) as Value]),
  ),
});

const deleteBody = z.strictObject({
  input: z
    .array(z.strictObject({ id: z.int() }))
    .min(1)
    .max(MAX_LEADS),
});

/** POST /rest/v1/leads/delete.json */
export function deleteLeads(instance: Instance, call: Call): Answer {
  const body = deleteBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error), "609");
  const touched: string[] = [];
  const results = body.data.input.map(({ id }) => {
    const one = instance.kept.data.leads[String(id)];
    if (one === undefined) return skipped("1004", "Lead not found", { id });
    instance.drop(one);
    touched.push(String(id));
    return { id, status: "deleted" };
  });
  return answered(results, { deleted: touched });
}

/** GET /rest/v1/leads/describe2.json */
export function describeLeads({ config }: Instance): Answer {
  const fields = Object.entries({ id: "integer", ...config.fields }).map(([name, dataType]) => ({
    name,
    displayName: name,
    dataType,
    updateable: name !== "id",
    crmManaged: false,
  }));
  return answered([{ name: "API Lead", searchableFields: [["email"], ["id"]], fields }]);
}
