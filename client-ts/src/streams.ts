/** Yield the texts of a body that stand between separators, and what comes after the last one. */
export async function* pieces(
  body: ReadableStream<Uint8Array>,
  separator: string,
): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let begun = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      begun += decoder.decode(value, { stream: !done });
      const whole = begun.split(separator);
      begun = whole.pop() ?? "";
      yield* whole;
      if (done) break;
    }
    if (begun) yield begun;
  } finally {
    await reader.cancel().catch(() => undefined); // who stops early reads no more of it
  }
}

/** Yield what the server-sent events of a body say, as JSON; half an event says nothing. */
export async function* events<Data>(body: ReadableStream<Uint8Array>): AsyncGenerator<Data> {
  for await (const event of pieces(body, "\n\n")) {
    const data = event
      .split("\n")
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice("data:".length));
    if (data.length) yield JSON.parse(data.join("\n")) as Data;
  }
}

/** Yield some things at a time: no more than so many, nor much more than so many characters. */
export async function* batches(
  lines: AsyncIterable<string>,
  most: { lines: number; characters: number },
): AsyncGenerator<string[]> {
  let batch: string[] = [];
  let characters = 0;
  for await (const line of lines) {
    batch.push(line);
    characters += line.length;
    if (batch.length >= most.lines || characters >= most.characters) {
      yield batch;
      batch = [];
      characters = 0;
    }
  }
  if (batch.length) yield batch;
}
