// What a shop needs of the service at BINOCLE_URL, whose key is BINOCLE_KEY; BINOCLE_PICTURE is a file.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { base64, BinocleError, Client } from "binocle-client";
import type { RecordIn } from "binocle-client";

const url = process.env["BINOCLE_URL"] ?? "";
const shop = new Client(url, { apiKey: process.env["BINOCLE_KEY"] ?? "" });
const path = { name: "shop" };
let picture: Blob;

const record = (number: number): RecordIn => ({
  id: `sku/${number}`,
  texts: { title: `Red bag ${number}` },
  metadata: { price: number, color: number % 2 ? "red" : "blue" },
});

before(async () => {
  picture = new Blob([await readFile(process.env["BINOCLE_PICTURE"] ?? "")]);
  await shop.put("/v1/collections/{name}", { params: { path }, body: {} });
});

test("records are imported by the line, each with an outcome", async () => {
  async function* records(): AsyncGenerator<RecordIn> {
    for (let number = 1; number <= 50; number += 1) yield record(number);
    yield { ...record(51), texts: [] as never };
  }
  const outcomes = [];
  for await (const outcome of shop.importRecords("shop", records(), { lines: 20, characters: 1e6 }))
    outcomes.push(outcome);
  assert.deepEqual(outcomes.map((one) => one.line), Array.from({ length: 51 }, (_, n) => n + 1));
  assert.equal(outcomes.filter((one) => one.status === "stored").length, 50);
  assert.equal(outcomes[50]?.error?.code, "invalid");
});

test("pictures are stored as files and in base64, shown, and found again", async () => {
  const stored = await shop.upload("/v1/collections/{name}/records", path, {
    front: picture,
    records: { records: [{ ...record(60), images: [{ file: "front" }] }] },
  });
  assert.equal(stored.failed, 0);
  const images = [{ data: await base64(picture) }];
  const again = await shop.post("/v1/collections/{name}/records", {
    params: { path },
    body: { records: [{ ...record(61), images }] },
  });
  assert.equal(again.stored, 1);

  const found = await shop.upload("/v1/collections/{name}/search", path, {
    image: picture,
    search: { limit: 2 },
  });
  assert.deepEqual(found.hits.map((hit) => hit.id).sort(), ["sku/60", "sku/61"]);
  const answer = await fetch(shop.url(found.hits[0]?.thumbnail ?? ""), {
    headers: { Authorization: `Bearer ${process.env["BINOCLE_KEY"] ?? ""}` },
  });
  assert.equal(answer.headers.get("Content-Type"), "image/webp");

  const lookup = await shop.upload("/v1/collections/{name}/lookup", path, { image: picture });
  assert.equal(lookup.verdict, "same-file");
  const added = await shop.putHashList("shop", "partner", `${"0f".repeat(32)},90,one\nwrong\n`);
  assert.deepEqual([added.hashes, added.faults], [1, "1 line is no hash, the first line 2"]);
  const original = await shop.get("/v1/collections/{name}/records/{record_id}/image", {
    params: { path: { name: "shop", record_id: "sku/60" } },
    parseAs: "blob",
  });
  assert.deepEqual(await original.arrayBuffer(), await picture.arrayBuffer());
});

test("a result page: filter, facets, order, suggestions, and all pages without a repeat", async () => {
  const answer = await shop.post("/v1/collections/{name}/search", {
    params: { path },
    body: { query: "red bag", filter: { color: "red" }, facets: ["color"], sort: ["-price"], limit: 5 },
  });
  assert.equal(answer.hits[0]?.metadata?.["price"], 61);
  const colours = answer.facets?.[0]?.buckets.map((bucket) => bucket.value);
  assert.deepEqual(colours?.sort(), ["blue", "red"]); // a facet leaves its own filter aside
  const typed = await shop.get("/v1/collections/{name}/suggestions", {
    params: { path, query: { q: "red b" } },
  });
  assert.ok(Array.isArray(typed.suggestions));

  const ids = new Set<string>();
  let hits = 0;
  for await (const page of shop.searchPages("shop", { filter: { price: { lte: 50 } }, limit: 8 }))
    for (const hit of page.hits) {
      ids.add(hit.id);
      hits += 1;
    }
  assert.equal(ids.size, 50);
  assert.equal(hits, 50);
  let listed = 0;
  for await (const page of shop.recordPages("shop", { where: "color = red", limit: 10 }))
    listed += page.records.length;
  assert.equal(listed, 26);
});

test("a record is changed and removed only as it was read", async () => {
  const one = { params: { path: { name: "shop", record_id: "sku/1" } } };
  const { data, response } = await shop.http.GET("/v1/collections/{name}/records/{record_id}", one);
  assert.equal(data?.metadata["price"], 1);
  const headers = { "If-Match": response.headers.get("ETag") ?? "" };
  const patch = { ...one, headers, body: { metadata: { price: 2 } } };
  const changed = await shop.patch("/v1/collections/{name}/records/{record_id}", patch);
  assert.equal(changed.metadata["price"], 2);
  const outdated = shop.patch("/v1/collections/{name}/records/{record_id}", patch);
  await assert.rejects(outdated, { name: "BinocleError", status: 412, code: "changed" });
  const gone = await shop.delete("/v1/collections/{name}/records/{record_id}", one);
  assert.equal(gone, undefined);
  const missing = shop.get("/v1/collections/{name}/records/{record_id}", one);
  await assert.rejects(missing, { status: 404, code: "not-found" });
});

test("jobs are followed to their end", async () => {
  const job = await shop.post("/v1/collections/{name}/duplicates", { params: { path } });
  const states = [];
  for await (const told of shop.jobEvents("shop", job.id)) states.push(told.state);
  assert.equal(states.at(-1), "done");
  assert.equal((await shop.waitForJob("shop", job.id)).state, "done");
  const found = await shop.get("/v1/collections/{name}/duplicates/{job_id}", {
    params: { path: { name: "shop", job_id: job.id } },
  });
  assert.equal(found.clusters[0]?.others.length, 1);
});

test("recommendations, rules, several collections and aliases are typed and answered", async () => {
  const like = await shop.post("/v1/collections/{name}/recommend", {
    params: { path },
    body: { more_of: ["sku/60", "unknown"], limit: 3 },
  });
  assert.deepEqual(like.unknown, ["unknown"]);
  const draft = await shop.put("/v1/collections/{name}/rules/draft", {
    params: { path },
    body: { synonyms: [{ words: ["bag", "tote"] }] },
  });
  assert.deepEqual(draft.rules.synonyms?.[0]?.words, ["bag", "tote"]);
  await shop.put("/v1/aliases/{alias}", {
    params: { path: { alias: "live" } },
    body: { collection: "shop" },
  });
  const both = await shop.post("/v1/search", { body: { collections: ["live"], query: "red bag" } });
  assert.equal(both.hits[0]?.collection, "live");
});

test("what is refused is an error with the problem document", async () => {
  const bad = shop.post("/v1/collections/{name}/search", {
    params: { path },
    body: { query: "red", limit: 0 },
  });
  await assert.rejects(bad, (error: BinocleError) => {
    assert.equal(error.status, 422);
    assert.equal(error.code, "invalid");
    assert.equal(error.field, "limit");
    assert.equal(error.requestId, error.problem?.request_id);
    assert.match(error.message, /limit/);
    return true;
  });
  const stranger = new Client(url).get("/v1/collections");
  await assert.rejects(stranger, { status: 401, code: "no-key" });
});
