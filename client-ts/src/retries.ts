import { BinocleError, refusalOf } from "./errors.js";

export interface Retries {
  /** How often what failed is asked again. */
  readonly retries: number;
  /** How long an answer may take to begin. */
  readonly timeoutMs: number;
  readonly fetch: (request: Request) => Promise<Response>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
const LONGEST_RETRY_AFTER_MS = 60_000;

/** What may be posted twice: it only reads, or puts the same thing in the same place. */
const REPEATABLE =
  /\/(search|search\/batch|recommend|lookup|lookup\/overlay|lookups|lookups:lines|match|captions|labels|embeddings|originals|records|records:import|rules:try)$/;

/**
 * Send a request; again where the service is full (503) or was asked too often (429), and where the
 * connection broke, unless that could do something twice.
 *
 * @throws BinocleError The service refused, or did not answer.
 */
export async function send(request: Request, by: Retries): Promise<Response> {
  for (let attempt = 0; ; attempt += 1) {
    const last = attempt >= by.retries;
    let pause: number | undefined;
    try {
      const response = await answered(last ? request : request.clone(), by);
      if (response.ok) return response;
      const full = response.status === 429 || response.status === 503;
      if (full && !last) pause = pauseMs(attempt, response.headers.get("Retry-After"));
      if (pause === undefined) throw await refusalOf(response);
      await response.body?.cancel();
    } catch (error) {
      if (error instanceof BinocleError) throw error;
      if (request.signal.aborted) throw unanswered(request, "aborted", error);
      if (error instanceof TooLate) throw unanswered(request, "timeout", error);
      if (last || !(isRepeatable(request) || isUnsent(error)))
        throw unanswered(request, "unreachable", error);
      pause = pauseMs(attempt, null) ?? 0;
    }
    await sleep(pause, request.signal);
  }
}

/** Return how long to wait, not the same for all clients; undefined where that is too long. */
export function pauseMs(attempt: number, retryAfter: string | null): number | undefined {
  const asked = retryAfter === null ? NaN : retryAfterMs(retryAfter);
  if (asked > LONGEST_RETRY_AFTER_MS) return undefined;
  if (asked >= 0) return asked * (1 + Math.random() / 4); // never before what was asked for
  return Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS) * (0.5 + Math.random());
}

/** Wait; an abort ends it. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new BinocleError(0, "aborted", "the request was aborted"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

class TooLate extends Error {}

/** Return an answer once it begins; its body may come for as long as it likes. */
async function answered(request: Request, by: Retries): Promise<Response> {
  const ending = new AbortController();
  const timer = setTimeout(() => {
    ending.abort(new TooLate(`it did not begin within ${by.timeoutMs} ms`));
  }, by.timeoutMs);
  const abort = (): void => ending.abort(request.signal.reason);
  request.signal.addEventListener("abort", abort, { once: true });
  try {
    return await by.fetch(new Request(request, { signal: ending.signal }));
  } finally {
    clearTimeout(timer);
  }
}

function retryAfterMs(value: string): number {
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  return Math.max(Date.parse(value) - Date.now(), 0); // a date; NaN where it is neither
}

function isRepeatable(request: Request): boolean {
  if (request.headers.has("If-Match")) return false;
  return request.method !== "POST" || REPEATABLE.test(new URL(request.url).pathname);
}

/** Tell whether nothing of a request has left; only Node says so. */
function isUnsent(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"].includes(
    cause?.code ?? "",
  );
}

function unanswered(request: Request, code: string, cause: unknown): BinocleError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const reason = inner instanceof Error ? inner.message : String(inner);
  const { origin } = new URL(request.url);
  return new BinocleError(0, code, `no answer from ${origin} (${reason})`, { cause });
}
