"""Lists the commands of `visual-search` with their help: a text, and an example of each subcommand."""

from visual_search.lazy import LazyEntry

ROOMS: dict[str, LazyEntry] = {
    "demo": LazyEntry(
        "demo.__main__:app",
        "Start and stop a sample shop.",
        (
            "visual-search demo start",
            "visual-search demo stop",
            "visual-search demo picture --out similar.jpg",
            "visual-search demo record-examples",
            "visual-search demo contact-sheet --off-the-shelf resnet18 --taxonomy kinds --hybrid mine",
        ),
    ),
    "engine": LazyEntry(
        "engine.__main__:app",
        "Run a local Elasticsearch without Docker.",
        (
            "visual-search engine start",
            "visual-search engine start --nodes 3 --security",
            "visual-search engine status --json",
            "visual-search engine stop",
            "visual-search engine logs --lines 20",
        ),
    ),
    "catalog": LazyEntry(
        "catalog.__main__:app",
        "Create the catalogue, import feeds, look after the index.",
        (
            "visual-search catalog create",
            "visual-search catalog import feed.xml --dry-run",
            "visual-search catalog import feed.csv.gz --full --report problems.csv",
            "visual-search catalog status",
            "visual-search catalog advise --products 500000 --dims 40",
            "visual-search catalog reindex",
            "visual-search catalog drop-space fashion__0123456789ab --yes",
            "visual-search catalog roles > roles.json",
            "visual-search catalog delete --yes",
        ),
    ),
    "models": LazyEntry(
        "models.__main__:app",
        "Make, verify, fetch and promote model bundles.",
        (
            "visual-search models list",
            "visual-search models show fashion",
            "visual-search models verify fashion",
            "visual-search models find --max-dims 64 --license Apache-2.0",
            "visual-search models export resnet18",
            "visual-search models export resnet18 --pca 64 --fit-on shop/photos",
            "visual-search models add mine --onnx mine.onnx --preprocessing mine.json",
            "visual-search models pack mine color:0.3 fashion:0.7",
            "visual-search models pack small --int8 fashion --photos shop/photos",
            "visual-search models lock fashion --source https://models.example/bundles",
            "visual-search models pull",
            "visual-search models outdated",
            "visual-search models promote fashion --gate var/gates/result.json --by Ann --why 'better dresses'",
            "visual-search models rollback --by Ann --why 'complaints about shoes'",
            "visual-search models promotions",
        ),
    ),
    "etl": LazyEntry(
        "etl.__main__:app",
        "Embed product photos that have no embedding yet.",
        (
            "visual-search etl run --model fashion",
            "visual-search etl run --model fashion --recheck --limit 1000",
            "visual-search etl status",
            "visual-search etl failures --model fashion",
            "visual-search etl watch --model fashion --interval 300",
            "visual-search etl enrich --limit 1000",
            "visual-search etl retry --model fashion --failed",
            "visual-search etl restore --model fashion",
        ),
    ),
    "evaluate": LazyEntry(
        "evaluation.__main__:app",
        "Measure and compare models, and judge a candidate.",
        (
            "visual-search evaluate run --model fashion --data shop/",
            "visual-search evaluate gate --candidate fashion --data shop/",
            "visual-search evaluate compare before.json after.json",
            "visual-search evaluate qc --model fashion",
            "visual-search evaluate floor --model fashion --dry-run",
            "visual-search evaluate leaks training/ shop/",
        ),
    ),
    "train": LazyEntry(
        "training.__main__:cli",
        "Train a model on the catalogue's own labels.",
        (
            "visual-search train fit training/recipes/catalogue.json",
            "visual-search train fit --source shop/ --projection mobilenet_v2_imagenet",
            "visual-search train rerun 0123456789abcdef --set lr=0.001",
        ),
    ),
    "samples": LazyEntry(
        "samples.__main__:cli",
        "Draw a synthetic shop with photos, feed and ground truth.",
        ("visual-search samples make shop/ --products 300", "visual-search samples sheet shop/ --out sheet.png"),
    ),
    "loadtest": LazyEntry(
        "loadtest.__main__:app",
        "Ask as many shoppers at once would, and check every answer.",
        (
            "visual-search loadtest local",
            "visual-search loadtest run --users 50",
            "visual-search loadtest load --products 100000 --dims 512",
        ),
    ),
    "benchmark": LazyEntry(
        "benchmarks.__main__:app",
        "Measure speed, beside a baseline.",
        ("visual-search benchmark api --quick",),
    ),
    "keys": LazyEntry(
        "catalog.commands.keys:app",
        "Make, list and revoke API keys.",
        (
            "visual-search keys create feeds --scope catalog --expires 90d",
            "visual-search keys list",
            "visual-search keys revoke feeds",
        ),
    ),
    "serve": LazyEntry(
        "app.__main__:door", "Serve the REST API with gunicorn.", ("visual-search serve --port 8000",)
    ),
}
