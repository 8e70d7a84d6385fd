import createClient from "openapi-fetch";
import type { Client as Routes, FetchResponse, MaybeOptionalInit } from "openapi-fetch";
import type {
  HttpMethod,
  MediaType,
  PathsWithMethod,
  RequiredKeysOf,
} from "openapi-typescript-helpers";
import { BinocleError } from "./errors.js";
import { pauseMs, send, sleep } from "./retries.js";
import type { Retries } from "./retries.js";
import type {
  HashListAddedOut,
  ItemError,
  JobOut,
  paths,
  RecordIn,
  RecordPage,
  SearchIn,
  SearchOut,
} from "./schema.js";
import { batches, events, pieces } from "./streams.js";

export interface ClientOptions {
  apiKey?: string;
  /** How long an answer may take to begin; 30 s. */
  timeoutMs?: number;
  /** How often a full service and a broken connection are asked again; 4. */
  retries?: number;
  /** Sends requests; the platform's own by default. */
  fetch?: (request: Request) => Promise<Response>;
}

/** What became of one line of an import. */
export interface ImportOutcome {
  /** From 1, over all that was given. */
  line: number;
  id?: string;
  status: "stored" | "failed";
  error?: ItemError;
}

type Known<Data> = [Data] extends [never] ? undefined : Data;
type Answer<Operation extends Record<string | number, unknown>, Init> = Known<
  NonNullable<FetchResponse<Operation, Init, MediaType>["data"]>
>;
type Method<Verb extends HttpMethod> = <
  Path extends PathsWithMethod<paths, Verb>,
  Init extends MaybeOptionalInit<paths[Path], Verb>,
>(
  path: Path,
  ...init: RequiredKeysOf<Init> extends never ? [Init?] : [Init]
) => Promise<Answer<paths[Path][Verb] & Record<string | number, unknown>, Init>>;
type FormPath = {
  [Path in keyof paths]: paths[Path] extends {
    post: { requestBody: { content: { "multipart/form-data": unknown } } };
  }
    ? Path
    : never;
}[keyof paths];

const JOB_EVENTS = "/v1/collections/{name}/jobs/{job_id}/events";
const IMPORT = "/v1/collections/{name}/records:import";

/**
 * Talks to one service. Whatever it refuses, or does not answer, is thrown as `BinocleError`.
 *
 * `get`, `put`, `post`, `patch` and `delete` take every path of the OpenAPI document, with what goes
 * into it, and return what is answered; the types are generated from that document.
 */
export class Client {
  /** The same routes, telling the whole response beside the data: for its headers, as ETag. */
  readonly http: Routes<paths>;
  readonly get: Method<"get">;
  readonly put: Method<"put">;
  readonly post: Method<"post">;
  readonly patch: Method<"patch">;
  readonly delete: Method<"delete">;
  readonly #baseUrl: string;
  readonly #by: Retries;

  constructor(baseUrl: string, options: ClientOptions = {}) {
    const { apiKey, timeoutMs = 30_000, retries = 4 } = options;
    const by = { timeoutMs, retries, fetch: options.fetch ?? ((request: Request) => fetch(request)) };
    this.#baseUrl = baseUrl;
    this.#by = by;
    this.http = createClient<paths>({
      baseUrl,
      headers: apiKey ? { Authorization: `Bearer ${apiKey}` } : {},
      fetch: (request) => send(request, by),
    });
    const { GET, PUT, POST, PATCH, DELETE } = this.http;
    this.get = dataOf(GET) as Method<"get">;
    this.put = dataOf(PUT) as Method<"put">;
    this.post = dataOf(POST) as Method<"post">;
    this.patch = dataOf(PATCH) as Method<"patch">;
    this.delete = dataOf(DELETE) as Method<"delete">;
  }

  /** Return the address of what an answer names by its path, as a hit its `thumbnail`. */
  url(path: string): string {
    return new URL(path, this.#baseUrl).href;
  }

  /**
   * Post a form: files as they are, everything else as JSON. A record names a file by its part:
   * `upload(path, { name }, { a: blob, records: { records: [{ images: [{ file: "a" }] }] } })`.
   */
  async upload<Path extends FormPath>(
    path: Path,
    into: paths[Path]["post"]["parameters"]["path"],
    parts: Record<string, Blob | object>,
  ): Promise<Answer<paths[Path]["post"] & Record<string | number, unknown>, unknown>> {
    const form = new FormData();
    for (const [name, part] of Object.entries(parts)) {
      if (part instanceof Blob) form.append(name, part, part instanceof File ? part.name : name);
      else form.append(name, JSON.stringify(part));
    }
    const init = { params: { path: into }, body: form };
    return (await this.post(path, init as never)) as never;
  }

  /** Search, and go on to the next page until there is none. */
  searchPages(name: string, search: SearchIn): AsyncGenerator<SearchOut> {
    return pagesOf((cursor) =>
      this.post("/v1/collections/{name}/search", {
        params: { path: { name } },
        body: { ...search, ...cursor },
      }),
    );
  }

  /** List records in the order they were first stored, by the page. */
  recordPages(
    name: string,
    which: { where?: string; filter?: string; limit?: number } = {},
  ): AsyncGenerator<RecordPage> {
    return pagesOf((cursor) =>
      this.get("/v1/collections/{name}/records", {
        params: { path: { name }, query: { ...which, ...cursor } },
      }),
    );
  }

  /**
   * Store as many records as there are; yield each one's outcome, in order.
   *
   * They go some at a time, since browsers stream no bodies; what a broken connection left
   * unanswered is sent again.
   *
   * @throws BinocleError The service ended it; what was yielded as stored is on disk.
   */
  async *importRecords(
    name: string,
    records: Iterable<RecordIn> | AsyncIterable<RecordIn>,
    atOnce: { lines: number; characters: number } = { lines: 1000, characters: 8_000_000 },
  ): AsyncGenerator<ImportOutcome> {
    let answered = 0;
    for await (let lines of batches(asLines(records), atOnce)) {
      for (let breaks = 0; lines.length; ) {
        const before = answered;
        try {
          for await (const outcome of this.#importOnce(name, lines)) {
            yield { ...outcome, line: before + outcome.line };
            answered = before + outcome.line;
          }
          break;
        } catch (error) {
          if (error instanceof BinocleError && error.code !== "unreachable") throw error;
          breaks = answered > before ? 0 : breaks + 1;
          if (breaks > this.#by.retries) throw error;
          lines = lines.slice(answered - before);
          await sleep(pauseMs(breaks, null) ?? 0);
        }
      }
    }
  }

  /** Yield how far a job is whenever that has changed, last how it has ended; goes on over broken connections. */
  async *jobEvents(name: string, jobId: string, signal?: AbortSignal): AsyncGenerator<JobOut> {
    const params = { path: { name, job_id: jobId } };
    let told = "";
    for (let breaks = 0; ; breaks += 1) {
      try {
        const stream = { params, parseAs: "stream" as const, ...(signal && { signal }) };
        const body = (await this.get(JOB_EVENTS, stream)) as ReadableStream<Uint8Array>;
        for await (const job of events<JobOut>(body)) {
          breaks = 0;
          const news = JSON.stringify(job);
          if (news !== told) yield job;
          told = news;
          if (hasEnded(job)) return;
        }
      } catch (error) {
        if (error instanceof BinocleError) throw error;
        if (signal?.aborted || breaks >= this.#by.retries) throw cut(error);
      }
      if (breaks >= this.#by.retries) throw cut();
      await sleep(pauseMs(breaks, null) ?? 0, signal);
    }
  }

  /** Return a job once it has ended, however it did. */
  async waitForJob(name: string, jobId: string, signal?: AbortSignal): Promise<JobOut> {
    for await (const job of this.jobEvents(name, jobId, signal)) if (hasEnded(job)) return job;
    throw cut();
  }

  /** Have a collection keep a list of PDQ hashes: a hash a line, or CSV with a heading. */
  async putHashList(name: string, list: string, lines: string): Promise<HashListAddedOut> {
    return await this.put("/v1/collections/{name}/hash-lists/{list_name}", {
      params: { path: { name, list_name: list } },
      body: lines,
      bodySerializer: (text: string) => text,
      headers: { "Content-Type": "text/csv" },
    });
  }

  async *#importOnce(name: string, lines: string[]): AsyncGenerator<ImportOutcome> {
    const body = (await this.post(IMPORT, {
      params: { path: { name } },
      body: lines.join("\n"),
      bodySerializer: (text: string) => text,
      headers: { "Content-Type": "application/x-ndjson" },
      parseAs: "stream",
    })) as unknown as ReadableStream<Uint8Array>;
    let answered = 0;
    for await (const line of pieces(body, "\n")) {
      if (!line) continue;
      const told = JSON.parse(line) as ImportOutcome | { lines: number; error?: ItemError };
      if ("line" in told) {
        answered = told.line;
        yield told;
      } else if (told.error) throw new BinocleError(200, told.error.code, told.error.detail);
    }
    if (answered < lines.length) throw cut();
  }
}

/**
 * Yield pages until there is none: `ask` is given `{}`, then the `cursor` of the page before.
 */
export async function* pagesOf<Page extends { cursor: string | null }>(
  ask: (cursor: { cursor?: string }) => Promise<Page>,
): AsyncGenerator<Page> {
  let page = await ask({});
  yield page;
  while (page.cursor !== null) {
    page = await ask({ cursor: page.cursor });
    yield page;
  }
}

/** Return a picture, or any file, as JSON takes it: in base64. */
export async function base64(file: Blob | Uint8Array): Promise<string> {
  const bytes = file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : file;
  const texts: string[] = [];
  for (let first = 0; first < bytes.length; first += 0x8000)
    texts.push(String.fromCharCode(...bytes.subarray(first, first + 0x8000)));
  return btoa(texts.join(""));
}

function dataOf(ask: (...given: never[]) => Promise<{ data?: unknown }>): unknown {
  return async (...given: never[]) => (await ask(...given)).data;
}

async function* asLines(
  records: Iterable<RecordIn> | AsyncIterable<RecordIn>,
): AsyncGenerator<string> {
  for await (const record of records) yield JSON.stringify(record);
}

function hasEnded(job: JobOut): boolean {
  return job.state !== "waiting" && job.state !== "running";
}

function cut(cause?: unknown): BinocleError {
  return new BinocleError(0, "unreachable", "the answer was cut", { cause });
}
