import type { FieldType } from "../../core/sync.ts";
import type { Row, Value } from "../../core/value.ts";
import type { TargetSync } from "../connector.ts";
import { rejected } from "../fates.ts";
import { longText } from "../identified.ts";
import { instantMs } from "../instant.ts";
import { onlyFields } from "../only-fields.ts";

/** https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/createcontact */
export const contactFields: Readonly<Record<string, FieldType>> = {
  external_id: "text",
  email: "text",
  phone: "text",
  name: "text",
  avatar: "text",
  signed_up_at: "datetime",
  last_seen_at: "datetime",
  owner_id: "text",
  unsubscribed_from_emails: "boolean",
};

/** https://developers.intercom.com/docs/references/rest-api/api.intercom.io/companies/createorupdatecompany */
export const companyFields: Readonly<Record<string, FieldType>> = {
  name: "text",
  plan: "text",
  size: "integer",
  website: "text",
  industry: "text",
  monthly_spend: "integer",
  remote_created_at: "datetime",
};

const custom = /^custom_attributes\.(.+)$/;

export function checkFields(what: string, known: Readonly<Record<string, FieldType>>, sync: TargetSync): void {
  onlyFields(
    sync,
    `Intercom ${what}`,
    (name) => name in known || custom.test(name),
    `Fields are ${Object.keys(known).join(", ")}; attributes of your own are \`custom_attributes.<name>\`.`,
  );
}

/** Longer texts are cut by Intercom. https://www.intercom.com/help/en/articles/179-send-custom-user-attributes-to-intercom */
const maxTextLength = 255;

export function tooLong(fields: Row) {
  const name = longText(fields, maxTextLength);
  return name === null ? null : rejected("TEXT_TOO_LONG", `${name} has more than ${maxTextLength} characters`);
}

/** Instants are seconds since 1970: standard ones, and attributes whose name ends with _at. NULL clears. */
export function toBody(fields: Row): Row {
  const plain: Record<string, Value> = {};
  const own: Record<string, Value> = {};
  for (const [name, value] of Object.entries(fields)) {
    const field = name.endsWith("_at") ? seconds(value) : value;
    const attribute = custom.exec(name)?.[1];
    if (attribute === undefined) plain[name] = field;
    else own[attribute] = field;
  }
  return Object.keys(own).length === 0 ? plain : { ...plain, custom_attributes: own };
}

function seconds(value: Value): Value {
  const ms = instantMs(value);
  return ms === null ? value : Math.floor(ms / 1_000);
}
