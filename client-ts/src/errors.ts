import type { Problem } from "./schema.js";

/** What the service refused, or why there is no answer. */
export class BinocleError extends Error {
  /** Of HTTP; 0 where no answer came. */
  readonly status: number;
  /** Stable, to be compared with: `not-found`, `bad-filter`; `unreachable`, `timeout`, `aborted` and `no-problem` are this client's own. */
  readonly code: string;
  /** What of the request is at fault, as `query.0.weight`. */
  readonly field: string | undefined;
  /** To be found in the log of the service. */
  readonly requestId: string | undefined;
  /** The whole problem document, where there is one. */
  readonly problem: Problem | undefined;

  constructor(
    status: number,
    code: string,
    detail: string,
    said: { problem?: Problem; cause?: unknown } = {},
  ) {
    super(detail, { cause: said.cause });
    this.name = "BinocleError";
    this.status = status;
    this.code = code;
    this.problem = said.problem;
    this.field = said.problem?.field ?? undefined;
    this.requestId = said.problem?.request_id;
  }
}

/** Return what an answer that tells of no success says. */
export async function refusalOf(response: Response): Promise<BinocleError> {
  try {
    const problem = (await response.json()) as Problem;
    if (typeof problem.code === "string") {
      const detail = problem.detail || problem.title;
      return new BinocleError(response.status, problem.code, detail, { problem });
    }
  } catch {
    // a proxy's page, or half an answer
  }
  const detail = `HTTP ${response.status} without a problem document`;
  return new BinocleError(response.status, "no-problem", detail);
}
