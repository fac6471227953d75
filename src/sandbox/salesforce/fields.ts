import type { FieldKind, SalesforceConfig } from "./config.ts";

/** One field of an object, as `describe` shows it. */
export interface Field {
  readonly name: string;
  readonly type: FieldKind | "id" | "any";
  /** Characters; 0 where it does not apply. */
  readonly length: number;
  /** Must be given on create and may not be emptied. */
  readonly required: boolean;
  readonly createable: boolean;
  readonly updateable: boolean;
  readonly externalId: boolean;
  readonly unique: boolean;
  /** May identify a record in an upsert although no external id, e.g. a Contact's Email. */
  readonly idLookup: boolean;
  /** For references: the object pointed at. */
  readonly refersTo: string | null;
}

export interface ObjectDef {
  readonly name: string;
  /** First three characters of its ids. */
  readonly prefix: string;
  /** Lower-case name → field: names are case-insensitive. */
  readonly fields: Map<string, Field>;
  /** false: any other field ending in __c is taken too. */
  readonly onlyListed: boolean;
}

type Options = Partial<Omit<Field, "name" | "type">>;

export function field(name: string, type: Field["type"], options: Options = {}): Field {
  const lengths: Partial<Record<Field["type"], number>> = {
    email: 80,
    phone: 40,
    url: 255,
    picklist: 255,
    textarea: 32_768,
    string: 255,
    id: 18,
    reference: 18,
  };
  return {
    name,
    type,
    length: options.length ?? lengths[type] ?? 0,
    required: options.required ?? false,
    createable: options.createable ?? true,
    updateable: options.updateable ?? true,
    externalId: options.externalId ?? false,
    unique: options.unique ?? false,
    idLookup: options.idLookup ?? false,
    refersTo: options.refersTo ?? null,
  };
}

const readOnly = { createable: false, updateable: false };
const system: readonly Field[] = [
  field("Id", "id", { ...readOnly, idLookup: true }),
  field("IsDeleted", "boolean", readOnly),
  field("CreatedDate", "datetime", readOnly),
  field("LastModifiedDate", "datetime", readOnly),
  field("SystemModstamp", "datetime", readOnly),
  field("OwnerId", "reference"),
];

function address(prefix: string): readonly Field[] {
  return [
    field(`${prefix}Street`, "textarea", { length: 255 }),
    field(`${prefix}City`, "string", { length: 40 }),
    field(`${prefix}State`, "string", { length: 80 }),
    field(`${prefix}PostalCode`, "string", { length: 20 }),
    field(`${prefix}Country`, "string", { length: 80 }),
  ];
}

const person: readonly Field[] = [
  field("LastName", "string", { length: 80, required: true }),
  field("FirstName", "string", { length: 40 }),
  field("Salutation", "picklist", { length: 40 }),
  field("Name", "string", { ...readOnly, length: 121 }),
  field("Email", "email", { idLookup: true }),
  field("Phone", "phone"),
  field("MobilePhone", "phone"),
  field("Fax", "phone"),
  field("LeadSource", "picklist"),
  field("Description", "textarea", { length: 32_000 }),
  field("HasOptedOutOfEmail", "boolean"),
  field("DoNotCall", "boolean"),
];

/**
 * The standard fields that syncs write, with their lengths:
 * https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_contact.htm and its siblings.
 */
const standard: readonly { readonly name: string; readonly prefix: string; readonly fields: readonly Field[] }[] = [
  {
    name: "Contact",
    prefix: "003",
    fields: [
      ...person,
      ...address("Mailing"),
      ...address("Other"),
      field("AccountId", "reference", { refersTo: "Account" }),
      field("Title", "string", { length: 128 }),
      field("Department", "string", { length: 80 }),
      field("Birthdate", "date"),
      field("HomePhone", "phone"),
      field("OtherPhone", "phone"),
      field("AssistantName", "string", { length: 40 }),
    ],
  },
  {
    name: "Lead",
    prefix: "00Q",
    fields: [
      ...person,
      ...address(""),
      field("Company", "string", { required: true }),
      field("Title", "string", { length: 128 }),
      field("Status", "picklist"),
      field("Industry", "picklist"),
      field("Rating", "picklist"),
      field("Website", "url"),
      field("AnnualRevenue", "currency"),
      field("NumberOfEmployees", "int"),
    ],
  },
  {
    name: "Account",
    prefix: "001",
    fields: [
      ...address("Billing"),
      ...address("Shipping"),
      field("Name", "string", { required: true }),
      field("AccountNumber", "string", { length: 40 }),
      field("ParentId", "reference", { refersTo: "Account" }),
      field("Site", "string", { length: 80 }),
      field("Type", "picklist"),
      field("Industry", "picklist"),
      field("Rating", "picklist"),
      field("Phone", "phone"),
      field("Fax", "phone"),
      field("Website", "url"),
      field("AnnualRevenue", "currency"),
      field("NumberOfEmployees", "int"),
      field("Description", "textarea", { length: 32_000 }),
    ],
  },
  {
    name: "Campaign",
    prefix: "701",
    fields: [
      field("Name", "string", { length: 80, required: true }),
      field("ParentId", "reference", { refersTo: "Campaign" }),
      field("Type", "picklist"),
      field("Status", "picklist"),
      field("IsActive", "boolean"),
      field("StartDate", "date"),
      field("EndDate", "date"),
      field("BudgetedCost", "currency"),
      field("ExpectedRevenue", "currency"),
      field("Description", "textarea", { length: 32_000 }),
    ],
  },
  {
    name: "CampaignMember",
    prefix: "00v",
    fields: [
      field("CampaignId", "reference", { required: true, updateable: false, refersTo: "Campaign" }),
      field("ContactId", "reference", { updateable: false, refersTo: "Contact" }),
      field("LeadId", "reference", { updateable: false, refersTo: "Lead" }),
      field("Status", "picklist", { length: 40 }),
      field("HasResponded", "boolean", readOnly),
    ],
  },
];

/** Objects of the org: the standard ones above, and custom objects as they are first named. */
export function createObjects(config: SalesforceConfig): (name: string) => ObjectDef | undefined {
  const known = new Map<string, ObjectDef>();
  const define = (name: string, prefix: string, fields: readonly Field[]) => {
    const settings = Object.entries(config.objects).find(
      ([object]) => object.toLowerCase() === name.toLowerCase(),
    )?.[1];
    const custom = Object.entries(settings?.fields ?? {}).map(([fieldName, options]) =>
      field(fieldName, options.type, {
        required: options.required,
        externalId: options.external_id,
        unique: options.unique,
        ...(options.length === undefined ? {} : { length: options.length }),
        ...(options.refers_to === undefined ? {} : { refersTo: options.refers_to }),
      }),
    );
    const all = [...system, ...fields, ...custom];
    const def: ObjectDef = {
      name,
      prefix,
      fields: new Map(all.map((item) => [item.name.toLowerCase(), item])),
      onlyListed: settings?.only_listed ?? false,
    };
    known.set(name.toLowerCase(), def);
    return def;
  };
  for (const object of standard) define(object.name, object.prefix, object.fields);
  let customObjects = 0;
  return (name) => {
    const def = known.get(name.toLowerCase());
    if (def !== undefined || !/^[a-z]\w*__c$/i.test(name)) return def;
    const prefix = `a${customObjects.toString(36).padStart(2, "0")}`;
    customObjects += 1;
    return define(name, prefix, [field("Name", "string", { length: 80 })]);
  };
}

/** The field of that name. A custom field nobody listed is taken as it comes, unless the object forbids it. */
export function fieldOf(def: ObjectDef, name: string): Field | undefined {
  const found = def.fields.get(name.toLowerCase());
  if (found !== undefined || def.onlyListed || !/^[a-z]\w*__c$/i.test(name)) return found;
  const custom = field(name, "any", { externalId: true });
  def.fields.set(name.toLowerCase(), custom);
  return custom;
}
