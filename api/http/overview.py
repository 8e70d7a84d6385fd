"""What the OpenAPI document says first: what holds for all of its paths."""

OVERVIEW = """\
A collection holds records. A record has an id, metadata (fields of its own), texts by role
(`title`, ...) and pictures; records are found by words, by a picture, by other records, or by a
filter alone.

**Begin.** `PUT /v1/collections/{name}`, then `POST .../records` or `.../records:import`, then
`POST .../search` with `{"query": "red shoes", "facets": ["brand"]}`. A result page needs of each
hit `picture` (its size, before it is loaded), `thumbnail` (a path of this service), `texts`,
`highlights` and `metadata`.

**Keys.** Where the service has keys, each request has one: `Authorization: Bearer KEY` or
`X-API-Key: KEY`. A browser exchanges it once for a cookie (`POST /v1/session`).

**Ids in paths** are percent-encoded: `a/b 1` is `a%2Fb%201`.

**The relevant set** is what passes the filter and fits the query. `relevant` counts it (exact
where `relevant_error` is 0, else about so many), `facets` count it, `sort` and `group` order it,
and pages end with it, unless `beyond` is true. The first page is filled up with what is nearest:
only its first `relevant` hits fit, unless `min_relevance` is `auto`, which leaves out the others.
Where `no_match` is true nothing fits, and the hits are only the nearest there are.

**Pages.** Send the same body with the `cursor` of the answer before until it is null, or an
`offset`. A cursor goes on in the state of its first page, whatever is written meanwhile; where
that is gone, it is 410 `stale-cursor`.

**Filters** are JSON in `filter` (`{"price": {"lt": 60}, "color": ["Red", "Blue"]}`), or one line
in `where`: `price < 60 and (color in (Red, 'Navy Blue') or not stock = true)`. There are `=`,
`!=`, `<`, `<=`, `>`, `>=`, `in`, `between 10 and 20`, `contains`, `prefix`, `exists`, `near
(48.1, 11.5, 10km)`, `in last month`; `and`, `or`, `not` and parentheses. Names with spaces go in
backticks. What a filter may not have meant is in `warnings`.

**Changing safely.** `GET` of a record or of rules tells an `ETag`; with it as `If-Match`, a
change is made only where it is still as it was read, else 412 `changed`. Changes by filter are
dry runs unless `dry_run` is false.

**Jobs** (indexing, duplicates, snapshots, ...) answer 202 with an id. Ask `GET
.../jobs/{job_id}`, follow `.../events`, or have webhooks told.

**Errors** are `application/problem+json` with `status`, a stable `code`, one line of `detail`,
the `field` at fault (`query.0.weight`; `query.limit` of the query string) and a `request_id`. The
codes: 400 `bad-request`; 401 `no-key`; 403 `key-not-allowed`, `source-not-allowed`,
`backup-not-allowed`, `webhooks-not-allowed`, `foreign-origin`; 404 `not-found`, `unknown-model`,
`no-such-path`; 405 `method-not-allowed`; 408 `too-slow`; 409 `space-mismatch`, `not-done`,
`alias-conflict`, `webhook-ended`, `damaged-list`; 410 `stale-cursor`, `gone`; 412 `changed`; 413
`body-too-large`, `too-large`; 422 `invalid`, `usage`, `bad-query`, `bad-filter`, `bad-rules`,
`bad-cursor`, `bad-turn`, `bad-url`, `batch-too-large`, `too-many-records`, `unreadable`,
`truncated`, `not-a-picture`, `timeout`, `decoder-crash`, `bad-source`; 429 `too-often`; 500
`internal`; 503 `overloaded`, `deadline`, `busy`, `unreachable`, `bad-model`, `model-unavailable`.
With 429 and 503 `Retry-After` says in how many seconds to try again. Outcomes of single records
have the same codes, and `empty`.

**Limits**, unless the operator has set others: a body, and a line of an import, 64 MiB; a picture
120 million pixels; records or queries in one call 256; hits a page 1,000; an offset 10,000. Every
`GET` answers `HEAD` as well, and what is of 1 KiB and more is sent with gzip to whoever accepts
it.
"""
