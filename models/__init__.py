"""Model zoo and bundles: what a model is, how it is exported, verified and run (ONNX Runtime or torch).

Two halves. The *ONNX half* (`bundle`, `registry`, `capability`, `preprocess`, `onnx_embedder`) reads verified bundles
and runs them on a CPU; it is all the API imports and pulls in neither torch nor onnx. The *making half* (`zoo`,
`torch_*`, `onnx_import`, `pca`, `hybrid`, `int8`, `color_*`, `bundle_writer`) exports networks and writes bundles,
each with its `canonical` vectors; `lock`, `sources` and `pull` fetch them. `python -m models` is its door.
`open.open_embedder` chooses between ONNX Runtime and torch on a GPU, for the ETL.
"""
