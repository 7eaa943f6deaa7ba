// Asks a served API through openapi-fetch and the types that openapi-typescript has generated. Checked by tsc --strict,
// run by node, which leaves the types out. Arguments: the API's address and a photo of the product p-3.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const [url, photo] = process.argv.slice(2);
const shop = createClient<paths>({ baseUrl: url! });

const similar = await shop.GET("/v1/products/{product_id}/similar", {
  params: {
    path: { product_id: "p-1" },
    query: { color_family: ["red", "blue"], available: true, limit: 3, fields: ["color_family"], score_threshold: "none" },
  },
});
assert(similar.data, JSON.stringify(similar.error));
assert.equal(similar.data.model.name, "color");
assert(similar.data.hits.length > 0);
const families: (string | undefined)[] = similar.data.hits.map((hit) => hit.product.color_family);
assert(families.every((each) => each === "red" || each === "blue"));

const body: components["schemas"]["SearchBody"] = {
  query: { product_id: "p-1" },
  filter: { color_family: ["red"], price: { lte: 20 } },
  fields: ["price"],
};
const found = await shop.POST("/v1/search", { body });
assert(found.data, JSON.stringify(found.error));
assert(found.data.hits.every((hit) => (hit.product.price ?? 99) <= 20));

const batch = await shop.POST("/v1/search/batch", {
  body: { searches: [body, { query: { product_id: "nope" } }] },
});
assert(batch.data, JSON.stringify(batch.error));
const [good, bad] = batch.data.results;
assert(good && "hits" in good && good.hits.length > 0);
assert(bad && "status" in bad && bad.status === 404 && bad.code === "product_not_found");

const seen = await shop.POST("/v1/search/image", {
  body: { image: "", limit: 2, color_family: ["red", "green"] },
  bodySerializer: ({ image: _, ...fields }) => {
    const form = new FormData();
    form.append("image", new Blob([readFileSync(photo!)]), "photo.png");
    for (const [name, value] of Object.entries(fields)) for (const each of [value].flat()) form.append(name, String(each));
    return form;
  },
});
assert(seen.data, JSON.stringify(seen.error));
assert.equal(seen.data.hits[0]?.id, "p-3");

const path = { rule_id: "winter" };
const kept = await shop.PUT("/v1/rules/{rule_id}", {
  params: { path },
  body: { action: "boost", target: { filter: { color_family: ["blue"] } }, amount: 0.05 },
});
assert.equal(kept.data?.amount, 0.05, JSON.stringify(kept.error));
const rules = await shop.GET("/v1/rules");
assert.deepEqual(rules.data?.rules.map((rule) => rule.id), ["winter"]);
const gone = await shop.DELETE("/v1/rules/{rule_id}", { params: { path } });
assert.equal(gone.data?.deleted, "winter");

const missing = await shop.GET("/v1/products/{product_id}", { params: { path: { product_id: "nope" } } });
assert.equal(missing.response.status, 404);
assert.equal(missing.error?.code, "product_not_found");
console.log("all answers are as they should be");
