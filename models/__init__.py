"""Model zoo and bundles: what a model is, how it is exported, verified and run (ONNX Runtime or torch).

- `bundles/` reads, verifies, writes, finds and chooses bundles.
- `runtime/` preprocesses photos and runs a bundle; `device.open_embedder` chooses ONNX Runtime or torch on a GPU.
- `photos/` goes from an address to pixels. The API imports these three, which need neither torch nor onnx.
- `making/` exports backbones (`zoo/backbones.py` lists them), imports foreign networks, and packs PCAs, hybrids and
  int8 variants, each with its canonical vectors.
- `distribution/` locks and fetches bundles, `promotion/` decides which one serves, `commands/` is `python -m models`.
"""
