import { json, violated } from "../core/answers.ts";
import type { Answer } from "../core/platform.ts";

/** https://www.braze.com/docs/api/errors/ */
export const fatal = (status: number, message: string): Answer => json(status, { message });

/** The request broke the description. */
export const breach = (status: number, message: string): Answer => violated(fatal(status, message), message);
