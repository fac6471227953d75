import type { FieldType } from "../../core/sync.ts";

/** https://www.braze.com/docs/api/objects_filters/user_attributes_object/ */
export const standardFields: Readonly<Record<string, FieldType>> = {
  country: "text",
  current_location: "json",
  date_of_first_session: "datetime",
  date_of_last_session: "datetime",
  dob: "date",
  email: "text",
  email_subscribe: "text",
  email_open_tracking_disabled: "boolean",
  email_click_tracking_disabled: "boolean",
  first_name: "text",
  gender: "text",
  home_city: "text",
  language: "text",
  last_name: "text",
  phone: "text",
  push_subscribe: "text",
  subscription_groups: "json",
  time_zone: "text",
};
