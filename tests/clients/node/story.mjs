// Use vector stores through any generation of the openai client for Node.js.
//
// The argument is the folder in which this generation is installed; everything else is as in ../story.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { default: OpenAI, toFile } = require("openai");
const largeStore = JSON.parse(readFileSync(0));
const client = new OpenAI({ maxRetries: 0, timeout: 30_000 });

// Version 5 moved vector stores out of beta, renamed `del`, and reversed the order of the id arguments.
const old = !client.vectorStores;
const stores = old ? client.beta.vectorStores : client.vectorStores;
const of = (store, id) => (old ? [store, id] : [id, { vector_store_id: store }]);
const remove = (resource, ...at) => (old ? resource.del(...at) : resource.delete(...at));
const batchFiles = (store, batch, query) =>
  old
    ? stores.fileBatches.listFiles(store, batch, query)
    : stores.fileBatches.listFiles(batch, { vector_store_id: store, ...query });

const checks = {
  async store_lifecycle() {
    const expires_after = { anchor: "last_active_at", days: 7 };
    const made = await stores.create({ name: "a shelf", metadata: { room: "4" }, expires_after });
    const changed = await stores.update(made.id, { name: "a drawer" });

    assert.deepEqual(await stores.retrieve(made.id), changed);
    assert.deepEqual([made.status, made.file_counts.total, made.metadata], ["completed", 0, { room: "4" }]);
    assert.deepEqual([changed.id, changed.name, changed.metadata], [made.id, "a drawer", { room: "4" }]);
    assert.equal(changed.expires_at, changed.last_active_at + 7 * 86_400);
    assert((await ids(stores.list({ limit: 5 }))).includes(made.id));
    assert.equal((await remove(stores, made.id)).deleted, true);
    assert(!(await ids(stores.list({ limit: 5 }))).includes(made.id));
    await assert.rejects(stores.retrieve(made.id), OpenAI.NotFoundError);
  },

  async batch_upload() {
    const store = await stores.create({});
    const files = await Promise.all(range(12).map((n) => text(`Buoy ${n} is green.`)));

    const batch = await stores.fileBatches.uploadAndPoll(store.id, { files });

    assert.deepEqual([batch.status, counted(batch)], ["completed", [0, 12, 0, 0, 12]]);
    assert.deepEqual((await stores.retrieve(store.id)).file_counts, batch.file_counts);
  },

  async batch_of_failures() {
    const store = await stores.create({});

    const batch = await stores.fileBatches.uploadAndPoll(store.id, { files: [await text(""), await text("  ")] });

    assert.deepEqual([batch.status, counted(batch)], ["completed", [0, 0, 2, 0, 2]]);
  },

  async batch_cancel() {
    const store = await stores.create({});
    const batch = await stores.fileBatches.create(store.id, { file_ids: largeStore.files });
    const at = of(store.id, batch.id);

    const polling = stores.fileBatches.poll(store.id, batch.id);
    await until(async () => (await stores.fileBatches.retrieve(...at)).file_counts.completed);
    const cancelled = await stores.fileBatches.cancel(...at);
    const polled = await polling;

    const [in_progress, completed, failed, gone, total] = counted(cancelled);
    assert.deepEqual([batch.status, cancelled.status], ["in_progress", "cancelled"]);
    assert.deepEqual([in_progress, failed, total], [0, 0, largeStore.files.length]);
    assert(completed > 0 && gone > 0);
    assert.equal(completed + gone, total);
    assert.deepEqual(polled, cancelled);
    assert.deepEqual(await stores.fileBatches.cancel(...at), cancelled);
    const [some] = (await batchFiles(store.id, batch.id, { filter: "cancelled", limit: 1 })).data;
    assert.equal((await stores.files.retrieve(...of(store.id, some.id))).status, "cancelled");
    // These clients poll a cancelled file for ever (fixed late in version 7); a 429 answer ends their helper.
    await assert.rejects(stores.files.poll(store.id, some.id), OpenAI.RateLimitError);
  },

  async batch_of_a_deleted_store() {
    const store = await stores.create({});
    const batch = await stores.fileBatches.create(store.id, { file_ids: largeStore.files });

    const polling = assert.rejects(stores.fileBatches.poll(store.id, batch.id), OpenAI.NotFoundError);
    await remove(stores, store.id);

    await polling;
  },

  async paging() {
    const backwards = [...largeStore.files].reverse();
    const [after, before] = [largeStore.files[9], largeStore.files[15]];

    assert.deepEqual(await ids(stores.files.list(largeStore.store, { limit: 40, order: "asc" })), largeStore.files);
    assert.deepEqual(await ids(stores.files.list(largeStore.store)), backwards);
    assert.deepEqual(await ids(batchFiles(largeStore.store, largeStore.batch, { limit: 100, order: "asc" })), largeStore.files);
    const middle = await stores.files.list(largeStore.store, { limit: 10, order: "asc", after, before });
    assert.deepEqual(middle.data.map((file) => file.id), largeStore.files.slice(10, 15));
  },

  async list_of_all_files() {
    const first = new Set((await client.files.list()).data.map((file) => file.id));
    const all = new Set(await ids(client.files.list()));
    const paged = new Set(old ? all : await ids(client.files.list({ limit: 100 })));

    for (const listed of [first, all, paged]) assert(largeStore.files.every((id) => listed.has(id)));
  },

  async single_files() {
    const store = await stores.create({});

    const good = await stores.files.uploadAndPoll(store.id, await text("The tide turns at noon."));
    const bad = await stores.files.uploadAndPoll(store.id, await text(""));

    assert.deepEqual([good.status, good.last_error, good.vector_store_id], ["completed", null, store.id]);
    assert.deepEqual([bad.status, bad.last_error.code], ["failed", "invalid_file"]);
    assert.deepEqual(await stores.files.retrieve(...of(store.id, good.id)), good);
    assert.equal((await client.files.retrieve(good.id)).status, "processed");
    assert.equal(await (await client.files.content(good.id)).text(), "The tide turns at noon.");
  },

  async deletes() {
    const store = await stores.create({});
    const kept = (await stores.files.uploadAndPoll(store.id, await text("Rope 1."))).id;
    const gone = (await stores.files.uploadAndPoll(store.id, await text("Rope 2."))).id;

    assert.equal((await remove(stores.files, ...of(store.id, kept))).deleted, true);
    assert.equal((await remove(client.files, gone)).deleted, true);

    assert.equal((await client.files.retrieve(kept)).id, kept);
    await assert.rejects(client.files.retrieve(gone), OpenAI.NotFoundError);
    await assert.rejects(stores.files.retrieve(...of(store.id, kept)), OpenAI.NotFoundError);
    assert.deepEqual(await ids(stores.files.list(store.id)), []);
    assert.equal((await stores.retrieve(store.id)).file_counts.total, 0);
    assert.deepEqual(await search(store.id, { query: "rope" }), []);
  },

  async searching() {
    const store = await stores.create({});
    const files = [await text("Herons fish at dawn."), await text("The safe is behind the clock.")];
    await stores.fileBatches.uploadAndPoll(store.id, { files });

    const [hit, ...others] = await search(store.id, { query: "Where is the safe?", max_num_results: 1 });

    assert.deepEqual(hit.content, [{ type: "text", text: "The safe is behind the clock." }]);
    assert(hit.score > 0 && hit.score <= 1);
    assert((await ids(stores.files.list(store.id))).includes(hit.file_id));
    assert.deepEqual(others, []);
  },

  async attributes() {
    const store = await stores.create({});
    const [one, two] = await Promise.all(
      [1, 2].map(async (n) => client.files.create({ file: await text(`Sail ${n}.`), purpose: "assistants" })),
    );
    const comparisons = [{ type: "eq", key: "kind", value: "jib" }, { type: "gt", key: "n", value: 1 }];
    const asked = { query: "sail", filters: { type: "and", filters: comparisons } };

    const attributes = { kind: "jib", n: 1 };
    const first = await stores.files.createAndPoll(store.id, { file_id: one.id, attributes });
    const second = await stores.files.createAndPoll(store.id, { file_id: two.id });
    assert.deepEqual(await search(store.id, asked), []);
    const better = { vector_store_id: store.id, attributes: { kind: "jib", n: 2.5 } };
    const updated = await stores.files.update(second.id, better);

    assert.deepEqual([first.attributes, second.attributes], [attributes, {}]);
    assert.deepEqual(updated.attributes, better.attributes);
    assert.deepEqual((await search(store.id, asked)).map((hit) => hit.file_id), [second.id]);
    const read = await stores.files.content(...of(store.id, second.id));
    assert.equal(read.data[0].text, "Sail 2.");
  },

  async uploads() {
    const about = { filename: "parts.txt", bytes: 26, mime_type: "text/plain", purpose: "assistants" };

    const made = await client.uploads.create(about);
    const second = await client.uploads.parts.create(made.id, { data: await text("and whole again.") });
    const first = await client.uploads.parts.create(made.id, { data: await text("In parts, ") });
    const done = await client.uploads.complete(made.id, { part_ids: [first.id, second.id] });
    const dropped = await client.uploads.cancel((await client.uploads.create(about)).id);

    assert.deepEqual([made.status, done.status, dropped.status], ["pending", "completed", "cancelled"]);
    assert.equal(await (await client.files.content(done.file.id)).text(), "In parts, and whole again.");
  },

  async errors() {
    const store = await stores.create({});

    const missing = await errorOf(stores.files.create(store.id, { file_id: "file-unknown" }));
    const invalid = await errorOf(stores.files.list(store.id, { limit: 1000 }));
    const unnamed = await errorOf(stores.fileBatches.create(store.id, { file_ids: [] }));

    assert(missing instanceof OpenAI.NotFoundError);
    assert.deepEqual([missing.status, missing.type], [404, "invalid_request_error"]);
    assert.match(missing.message, /file-unknown/);
    assert(invalid instanceof OpenAI.BadRequestError);
    assert.deepEqual([invalid.status, invalid.code, invalid.param], [400, "integer_above_max_value", "limit"]);
    assert.match(invalid.message, /limit/);
    assert(unnamed instanceof OpenAI.BadRequestError);
    assert.deepEqual([unnamed.code, unnamed.param], ["empty_array", "file_ids"]);
    assert(old ? invalid.headers["x-request-id"] : invalid.requestID);
  },
};

// Version 4.52 has no search method.
async function search(store, body) {
  if (stores.search) return collect(stores.search(store, body));
  return (await client.post(`/vector_stores/${store}/search`, { body })).data;
}

async function collect(pages) {
  const items = [];
  for await (const item of pages) {
    items.push(item);
    assert(items.length < 10_000, "The pages do not end.");
  }
  return items;
}

const ids = async (pages) => (await collect(pages)).map((item) => item.id);
const range = (count) => [...Array(count).keys()];
const text = (content) => toFile(Buffer.from(content), "note.txt");
const errorOf = (call) => call.then(() => null, (error) => error);

function counted({ file_counts: { in_progress, completed, failed, cancelled, total } }) {
  return [in_progress, completed, failed, cancelled, total];
}

async function until(isTrue, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await isTrue())) {
    assert(Date.now() < deadline, "It took too long.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

if (!stores.files.update) delete checks.attributes;
if (!client.uploads) delete checks.uploads;
console.log(JSON.stringify({ client: require("openai/version").VERSION }));
for (const [check, run] of Object.entries(checks)) {
  const error = await run().then(() => null, (error) => error.stack);
  console.log(JSON.stringify({ check, error }));
}
