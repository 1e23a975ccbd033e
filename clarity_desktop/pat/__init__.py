"""The Pretrained Actigraphy Transformer: the model, its weights, windows, what is read from it, and its training."""
