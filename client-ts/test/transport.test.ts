// What the client does where connections break and services are full: against servers that do.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { BinocleError, Client, pagesOf } from "binocle-client";

const path = { name: "shop" };
const job = { id: "j", state: "running", done: 1, total: 2 };

/** Give a client of a server that answers so, and how often it was asked. */
async function against(
  answer: (asked: number, request: IncomingMessage, response: ServerResponse) => void,
  use: (client: Client, asked: () => number, url: string) => Promise<void>,
): Promise<void> {
  let asked = 0;
  const listener: RequestListener = (request, response) => answer((asked += 1), request, response);
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await use(new Client(url, { timeoutMs: 500, retries: 2 }), () => asked, url);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function problem(response: ServerResponse, status: number, retryAfter?: string): void {
  if (retryAfter !== undefined) response.setHeader("Retry-After", retryAfter);
  response.writeHead(status, { "Content-Type": "application/problem+json" });
  response.end(JSON.stringify({ title: "t", detail: "full", code: "overloaded", request_id: "r" }));
}

test("a full service is asked again after the seconds it names, and not for ever", async () => {
  const times: number[] = [];
  const full = (asked: number, _: unknown, response: ServerResponse): void => {
    times.push(Date.now());
    if (asked === 1) problem(response, 503, "1");
    else if (asked === 2) problem(response, 429);
    else response.end('{"collections": []}');
  };
  await against(full, async (client) => {
    assert.deepEqual(await client.get("/v1/collections"), { collections: [] });
    assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 995);
  });
  await against((_, __, response) => problem(response, 503), async (client, asked) => {
    await assert.rejects(client.get("/v1/collections"), { status: 503, code: "overloaded" });
    assert.equal(asked(), 3);
  });
  await against((_, __, response) => problem(response, 503, "3600"), async (client, asked) => {
    await assert.rejects(client.get("/v1/collections"), { code: "overloaded" });
    assert.equal(asked(), 1);
  });
});

test("a broken connection is asked again only where that does nothing twice", async () => {
  const broken = (_: number, __: unknown, response: ServerResponse): void => {
    response.socket?.destroy();
  };
  await against(broken, async (client, asked) => {
    await assert.rejects(client.get("/v1/collections"), { status: 0, code: "unreachable" });
    assert.equal(asked(), 3);
    const search = { params: { path }, body: { query: "red" } };
    await assert.rejects(client.post("/v1/collections/{name}/search", search));
    assert.equal(asked(), 6);
    const start = client.post("/v1/collections/{name}/duplicates", { params: { path } });
    await assert.rejects(start, { code: "unreachable" });
    assert.equal(asked(), 7);
    const patch = {
      params: { path: { name: "shop", record_id: "1" } },
      headers: { "If-Match": '"a"' },
      body: {},
    };
    await assert.rejects(client.patch("/v1/collections/{name}/records/{record_id}", patch));
    assert.equal(asked(), 8);
  });
});

test("an answer that does not begin, or is no problem document, or is not waited for, is told so", async () => {
  await against(() => undefined, async (client) => {
    await assert.rejects(client.get("/v1/collections"), { code: "timeout" });
    const signal = AbortSignal.timeout(20);
    await assert.rejects(client.get("/v1/collections", { signal }), { code: "aborted" });
  });
  const proxy = (_: number, __: unknown, response: ServerResponse): void => {
    response.writeHead(502).end("<html>");
  };
  await against(proxy, async (client) => {
    await assert.rejects(client.get("/v1/collections"), { status: 502, code: "no-problem" });
  });
});

test("lines that a cut answer left out are sent again, and no others", async () => {
  const sent: string[][] = [];
  const answer = async (asked: number, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const piece of request) body += String(piece);
    const ids = body.split("\n").map((line) => (JSON.parse(line) as { id: string }).id);
    sent.push(ids);
    const told = asked === 1 ? ids.slice(0, 1) : ids;
    for (const [n, id] of told.entries())
      response.write(`${JSON.stringify({ line: n + 1, id, status: "stored" })}\n`);
    if (asked === 1) setTimeout(() => response.socket?.destroy(), 50);
    else response.end(`{"lines": ${ids.length}, "stored": ${ids.length}, "failed": 0}\n`);
  };
  await against((...given) => void answer(...given), async (client) => {
    const outcomes = [];
    const records = ["a", "b", "c", "d", "e"].map((id) => ({ id }));
    for await (const one of client.importRecords("shop", records, { lines: 3, characters: 1e6 }))
      outcomes.push([one.line, one.id]);
    assert.deepEqual(outcomes, [[1, "a"], [2, "b"], [3, "c"], [4, "d"], [5, "e"]]);
    assert.deepEqual(sent, [["a", "b", "c"], ["b", "c"], ["d", "e"]]);
  });
  const ended = (_: number, request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    response.end('{"lines": 0, "stored": 0, "failed": 0, "error": {"code": "too-slow", "detail": "d"}}\n');
  };
  await against(ended, async (client, asked) => {
    const outcomes = client.importRecords("shop", [{ id: "a" }]);
    await assert.rejects(outcomes.next(), { status: 200, code: "too-slow" });
    assert.equal(asked(), 1);
  });
});

test("events go on over a broken connection, say nothing twice, and end with the job", async () => {
  const answer = (asked: number, _: unknown, response: ServerResponse): void => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(`: hello\n\nevent: progress\ndata: ${JSON.stringify(job)}\n\n`);
    if (asked === 1) response.write('data: {"id":', () => response.socket?.destroy());
    else response.write(`data: ${JSON.stringify({ ...job, state: "done", done: 2 })}\n\n`);
  };
  await against(answer, async (client, asked) => {
    const told = [];
    for await (const one of client.jobEvents("shop", "j")) told.push(one.state);
    assert.deepEqual(told, ["running", "done"]);
    assert.equal(asked(), 2);
  });
  const silent = (_: number, __: unknown, response: ServerResponse): void => void response.end();
  await against(silent, async (client) => {
    const told = client.jobEvents("shop", "j").next();
    await assert.rejects(told, (error) => error instanceof BinocleError && error.code === "unreachable");
  });
});

test("pages are asked for until there is no cursor", async () => {
  const asked: (string | undefined)[] = [];
  const pages = [];
  const ask = async ({ cursor }: { cursor?: string }): Promise<{ cursor: string | null }> => {
    asked.push(cursor);
    return { cursor: asked.length < 3 ? `c${asked.length}` : null };
  };
  for await (const page of pagesOf(ask)) pages.push(page.cursor);
  assert.deepEqual(asked, [undefined, "c1", "c2"]);
  assert.deepEqual(pages, ["c1", "c2", null]);
});
