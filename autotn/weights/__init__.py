"""Files of weights: PyTorch's, safetensors and NumPy's, read without trusting what they contain.

Everything here works on NumPy arrays and knows no Tensor; `tn.save` and `tn.load` put the two
together.
"""
