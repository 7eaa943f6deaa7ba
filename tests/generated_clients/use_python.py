"""Asks a served API through a client that openapi-python-client has generated; `test_generated_clients.py` runs it.

Arguments: the folder of the generated package `shop_client`, the API's address, and a photo of the product p-3.
"""
# ruff: noqa: E402, T201

import sys
from io import BytesIO
from pathlib import Path

folder, url, photo = sys.argv[1:]
sys.path.insert(0, folder)

from shop_client import Client, models
from shop_client.api.products import browse_products, get_product, put_product, write_products
from shop_client.api.rules import delete_rule, list_rules, put_rule
from shop_client.api.search import search_batch, search_by_photo, search_products, similar_products
from shop_client.types import File

shop = Client(base_url=url)
source = models.SearchSourceByProductId(product_id="p-1")

shown = [models.FieldName.COLOR_FAMILY, models.FieldName.PRICE]
narrow = {"color_family": ["red", "blue"], "available": True, "facets": [models.FacetKey.SIZE], "fields": shown}
page = similar_products.sync("p-1", client=shop, limit=3, **narrow)
assert isinstance(page, models.SimilarAnswer), page
assert page.model.name == "color" and {hit.product.color_family for hit in page.hits} <= {"red", "blue"}, page
attributes = models.SimilarProductsAttributes.from_dict({"attributes.fit": ["slim"]})
slim = similar_products.sync("p-1", client=shop, attributes=attributes)
assert isinstance(slim, models.SimilarAnswer) and slim.hits == [], slim

filters = models.Filters(color_family=["red"], price=models.PriceRange(lte=20))
found = search_products.sync(client=shop, body=models.SearchBody(query=source, filter_=filters, fields=shown))
assert isinstance(found, models.SimilarAnswer) and found.hits, found
assert all(hit.product.price <= 20 and hit.product.color_family == "red" for hit in found.hits)

questions = [models.SearchBody(query=models.SearchSourceByProductId(product_id=each)) for each in ("p-1", "nope")]
answers = search_batch.sync(client=shop, body=models.BatchBody(searches=questions))
good, bad = answers.results
assert isinstance(good, models.SimilarAnswer), good
assert isinstance(bad, models.SearchError) and (bad.status, bad.code) == (404, "product_not_found"), bad

file = File(payload=BytesIO(Path(photo).read_bytes()), file_name="photo.png")
seen = search_by_photo.sync(client=shop, body=models.ImageForm(image=file, limit=2, color_family=["red", "green"]))
assert isinstance(seen, models.SimilarAnswer) and seen.hits[0].id == "p-3", seen

target = models.SomeProducts(ids=["p-2"])
body = models.RuleBody(action=models.RuleBodyAction.PIN, target=target, position=1)
kept = put_rule.sync("summer", client=shop, body=body)
assert isinstance(kept, models.Rule) and kept.position == 1, kept
assert [rule.id for rule in list_rules.sync(client=shop).rules] == ["summer"]
assert delete_rule.sync("summer", client=shop).deleted == "summer"

written = put_product.sync("hat", client=shop, body=models.ProductBody(title="Hat", price=5, currency="EUR"))
assert isinstance(written, models.ProductWritten) and written.result == "created", written
assert get_product.sync("hat", client=shop).price == 5
lines = File(payload=BytesIO(b'{"id": "cap", "title": "Cap"}\n{"title": "no id"}\n'))
bulk = write_products.sync(client=shop, body=lines)
assert isinstance(bulk, models.BulkAnswer) and (bulk.created, bulk.failed) == (1, 1), bulk
assert browse_products.sync(client=shop, q="shirt", limit=1).total == 12
missing = get_product.sync_detailed("nope", client=shop)
assert missing.status_code == 404 and isinstance(missing.parsed, models.Error), missing
assert missing.parsed.code == "product_not_found"
print("all answers are as they should be")
