"""A custom function that returns too few gradients."""

import autotn as tn


class Scale(tn.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(x, factor)
        return x * factor

    @staticmethod
    def backward(ctx, grad):
        x, factor = ctx.saved_tensors
        return grad * factor


x = tn.rand(3, requires_grad=True)
Scale.apply(x, tn.tensor(2.0)).sum().backward()
