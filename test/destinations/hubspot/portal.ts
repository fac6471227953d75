import type { Row } from "../../../src/core/value.ts";

/** The stand-in's state. */
export interface HubspotState {
  readonly records: readonly { readonly id: string; readonly object: string; readonly properties: Row }[];
  readonly lists: readonly { readonly id: string; readonly name: string; readonly members: readonly string[] }[];
  readonly associations: readonly { readonly pair: string; readonly types: readonly number[] }[];
  readonly subscriptions: Readonly<Record<string, string>>;
  readonly blocked: readonly string[];
  readonly events: readonly { readonly email?: string; readonly uuid?: string; readonly properties: Row }[];
}

/** Puts records N-1…N-count with customer_no into the stand-in. */
export async function seedRecords(url: string, object: string, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, i) => `N-${i + 1}`);
  for (let from = 0; from < count; from += 100) {
    const inputs = numbers
      .slice(from, from + 100)
      .map((id) => ({ id, idProperty: "customer_no", properties: { name: id } }));
    const reply = await fetch(`${url}/hubspot/crm/v3/objects/${object}/batch/upsert`, {
      method: "POST",
      headers: { authorization: "Bearer pat-sandbox", "content-type": "application/json" },
      body: JSON.stringify({ inputs }),
    });
    if (!reply.ok) throw new Error(await reply.text());
  }
}
