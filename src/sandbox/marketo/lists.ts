import type { Answer, Call } from "../core/platform.ts";
import { answered, breach, type Instance, refused, skipped } from "./instance.ts";
import { MAX_LEADS } from "./leads.ts";

/** GET /rest/v1/lists.json */
export function findLists({ config }: Instance, call: Call): Answer {
  const ids = call.query.get("id")?.split(",");
  const names = call.query.get("name")?.split(",");
  const found = Object.entries(config.lists).filter(
    ([name, id]) => (ids?.includes(String(id)) ?? true) && (names?.includes(name) ?? true),
  );
  const at = "2017-07-27T01:38:33Z";
  return answered(found.map(([name, id]) => ({ id, name, createdAt: at, updatedAt: at })));
}

/** POST and DELETE /rest/v1/lists/{id}/leads.json: ids by comma, or repeated. */
export function changeMembers(instance: Instance, call: Call, change: "added" | "removed"): Answer {
  const { lists, leads } = instance.kept.data;
  const list = call.params.id ?? "";
  const members = new Set(lists[list]);
  if (lists[list] === undefined) return refused("1013", "Object not found");
  const ids = call.query.getAll("id").flatMap((one) => one.split(","));
  if (ids.length === 0) return breach("id cannot be blank", "701");
  if (ids.length > MAX_LEADS) return breach(`more than ${MAX_LEADS} ids`);
  const results = ids.map((text) => {
    const id = Number(text);
    if (!Number.isInteger(id)) return skipped("1001", `Invalid value '${text}'. Required of type 'Integer'`);
    if (leads[text] === undefined) return skipped("1004", "Lead not found", { id });
    if (change === "removed" && !members.has(id)) return skipped("1015", "Lead not in list", { id });
    if (change === "added") members.add(id);
    else members.delete(id);
    return { id, status: change };
  });
  lists[list] = [...members];
  return answered(results, { [change]: ids });
}
