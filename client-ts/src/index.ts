export { base64, Client, pagesOf } from "./client.js";
export type { ClientOptions, ImportOutcome } from "./client.js";
export { BinocleError } from "./errors.js";
export type * from "./schema.js";
