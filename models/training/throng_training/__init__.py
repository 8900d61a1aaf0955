"""Training of throng's compact crowd counter: pictures with a point on every head in, an ONNX density model out."""
