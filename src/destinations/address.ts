import { rejected } from "./fates.ts";

/** Roughly an address: something, one @, a domain with a dot. Whether it exists is not for us to say. */
export const isAddress = (text: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(text);

export const invalidEmail = rejected("INVALID_EMAIL", "the email is no address");
