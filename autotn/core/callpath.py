"""The code written for each op: its public function and its raw backward.

A generic ``apply(op, *args)`` costs several times what a small NumPy call costs. So, as `dataclasses`
does, we read the declaration once and write the function a careful author would write by hand:
fixed arguments, one type test per input, no argument juggling. Whatever is unusual (another dtype,
a list, arrays without a Tensor, a recorder, ``out=``) leaves for `call.call`, the thorough path.

Print ``tn.mul.op.source`` to read what was written; tracebacks show it too.
"""

from __future__ import annotations

import functools
import heapq
import inspect
import linecache
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core import dtypes, modes, owned
from autotn.core.keywords import unknown_keyword
from autotn.core.modes import HOT
from autotn.core.node import Node, next_sequence, user_frame
from autotn.core.op import Op, parameter_names
from autotn.core.storage import link_view
from autotn.errors import NotDifferentiable
from autotn.kernels.onednn.switch import SWITCH

#: Python numbers as 0-d tensors, which NumPy handles three times faster than the numbers. Zero is not
#: kept here: 0.0 and -0.0 are one key.
CONSTANTS_32: dict[float, Any] = {}
CONSTANTS_64: dict[float, Any] = {}
_MOST_CONSTANTS = 4096

#: The commonest rule; generated code need not call it.
_PASS_ON = lambda g: g  # noqa: E731

#: Gradients of fewer elements are added out of place: in-place addition gains nothing.
SMALL = 4096

#: From so many elements on an op's `large` kernel and rules are asked. Where no library may come
#: into use that has threads for them (``HOT["SERIAL"]``), kernels are not.
LARGE = 1 << 16
SWITCH.tell(lambda likely: HOT.update(SERIAL=not likely))


def constant(value: Any, dtype: np.dtype[Any]) -> Any:
    """A Python number as a 0-d tensor of `dtype`, or None where promotion must decide."""
    kind = value.__class__
    if dtype is dtypes.F32:
        cache = CONSTANTS_32
    elif dtype is dtypes.F64:
        cache = CONSTANTS_64
    else:
        return None
    if kind is not float and kind is not int:
        return None
    found = cache.get(value)
    if found is None:
        found = _wrap(np.asarray(value, dtype))
        if value != 0:
            if len(cache) >= _MOST_CONSTANTS:
                cache.clear()
            cache[value] = found
    return found


def _wrap(array: Any) -> Any:
    from autotn.core.tensor import wrap

    return wrap(array)


HOT.update(
    __name__="autotn.core.generated",
    __package__="autotn.core",
    new=object.__new__,
    ndarray=np.ndarray,
    asarray=np.asarray,
    Node=Node,
    F32=dtypes.F32,
    F64=dtypes.F64,
    C32=CONSTANTS_32,
    C64=CONSTANTS_64,
    constant=constant,
    link_view=link_view,
    shares=np.may_share_memory,
    grad_enabled=modes.grad_enabled,
    next_sequence=next_sequence,
    getframe=sys._getframe,
    user_frame=user_frame,
    unknown_keyword=unknown_keyword,
)


def _not_generated_yet(*args: Any, **kwargs: Any) -> Any:
    """The code every public function starts with: write the real code, then call it.

    Writing it only now keeps ``import autotn`` quick. The name of the running code says whose it is.
    """
    function = waiting_functions[getframe(0).f_code.co_name]  # type: ignore[name-defined]  # noqa: F821
    generate_now(function)  # type: ignore[name-defined]  # noqa: F821
    return function(*args, **kwargs)


_waiting_functions: dict[str, Any] = {}
HOT.update(waiting_functions=_waiting_functions, generate_now=lambda f: generate(f.op))


class _WithOut:
    """What a function with ``out=`` wraps: `inspect` is told the signature, which is made only then."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__wrapped__ = function

    @property
    def __signature__(self) -> inspect.Signature:
        signature = inspect.signature(self.__wrapped__)
        if "out" in signature.parameters:
            return signature
        kind = inspect.Parameter.KEYWORD_ONLY
        out = inspect.Parameter("out", kind, default=None, annotation="Any")
        return signature.replace(parameters=[*signature.parameters.values(), out])


def make_function(op: Op, kernel: Callable[..., Any]) -> Any:
    """A public function of `op`; its code is written at the first call."""
    key = f"{op.name}#{len(_waiting_functions)}"
    code = _not_generated_yet.__code__.replace(co_name=key)
    function: Any = types.FunctionType(code, HOT, op.name)
    _waiting_functions[key] = function
    function.__qualname__ = kernel.__qualname__
    function.__module__ = kernel.__module__
    function.__doc__ = kernel.__doc__
    function.__annotations__ = kernel.__annotations__
    function.__wrapped__ = _WithOut(kernel) if op.has_out else kernel
    function.op = op
    return function


def generate(op: Op) -> None:
    """(Re)write the code of `op`'s public function and of its raw backward."""
    from autotn.core import call, failure

    name = op.name
    HOT[f"kernel_{name}"] = op.kernel
    HOT[f"large_{name}"] = op.large_kernel
    HOT[f"op_{name}"] = op
    HOT[f"call_{name}"] = functools.partial(call.call, op)
    HOT[f"explain_{name}"] = functools.partial(failure.explain, op)
    HOT[f"post_{name}"] = call.broadcast_post
    HOT[f"operator_{name}"] = functools.partial(call.call_operator, op)
    source = op.generated = "\n".join(_function_lines(op)) + "\n"
    _fill(op, op.function, source)
    if op.operator is not None:
        _fill(op, op.operator, source.replace(f"call_{name}(", f"operator_{name}("))
    op.backward, op.carry, op.recorded = _backward(op)


def _fill(op: Op, function: Any, source: str) -> None:
    """Give a public function its defaults and then its code, as another thread may be calling it."""
    declared: Any = op.declared
    defaults = declared.__defaults__ or ()
    if _count_required(op) < _count_declared(op):  # `dim` may come as `axis`
        defaults = (None, *defaults)
    function.__defaults__ = defaults or None
    keywords = dict(declared.__kwdefaults__ or {})
    if op.has_out:
        keywords |= dict.fromkeys(("out", *_numpy_words(op)))
    function.__kwdefaults__ = keywords or None
    function.__code__ = _compile(source, op.name).__code__


def _compile(source: str, name: str) -> types.FunctionType:
    filename = f"<autotn {name}>"
    space: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), HOT, space)  # our own source
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return space[name]  # type: ignore[no-any-return]


#: NumPy's words that PyTorch takes as well.
NUMPY_WORDS = {"dim": "axis", "keepdim": "keepdims"}


def _numpy_words(op: Op) -> dict[str, str]:
    """NumPy's words for parameters of `op`, with PyTorch's; none where more must follow ``dim``."""
    before_last = op.parameters[: _count_declared(op) - 1]
    if not op.has_out or "dim" not in op.parameters or "dim" in before_last:
        return {}
    return {NUMPY_WORDS[p]: p for p in op.parameters if p in NUMPY_WORDS}


def _count_declared(op: Op) -> int:
    """How many positional parameters have no default."""
    declared: Any = op.declared
    return int(declared.__code__.co_argcount) - len(declared.__defaults__ or ())


def _count_required(op: Op) -> int:
    """The same of the public function, in which ``axis`` may stand for a last ``dim``."""
    count = _count_declared(op)
    return count - 1 if _numpy_words(op) and op.parameters[count - 1] == "dim" else count


def _signature_text(op: Op) -> str:
    """The parameters; the values of their defaults stand on the function, not in the text."""
    declared: Any = op.declared
    positional = len(op.parameters) - op.keyword_only
    required = _count_required(op)
    parts = [
        p + ("=None" if k >= required else "") for k, p in enumerate(op.parameters[:positional])
    ]
    keywords = declared.__kwdefaults__ or {}
    named = [p + ("=None" if p in keywords else "") for p in op.parameters[positional:]]
    named += ["out=None", *(f"{word}=None" for word in _numpy_words(op))] if op.has_out else []
    others = ["**unknown_"] if _names_unknown(op) else []
    return ", ".join([*parts, "*", *named, *others] if named else [*parts, *others])


def _names_unknown(op: Op) -> bool:
    """Whether the public function itself names a keyword it does not take.

    Python's own refusal costs nothing; to be told more a call pays some 15 ns. Ops without options and views,
    the quick ones, keep Python's words, and a private op is called by a composite.
    """
    has_options = len(op.parameters) > len(op.inputs)
    return has_options and not op.view and not op.declared.__name__.startswith("_")


def _function_lines(op: Op) -> list[str]:
    """The public function, line by line; its own names end in ``_`` and so meet no parameter's."""
    name = op.name
    arguments = "".join(f"{p}, " for p in op.parameters)
    elsewhere = f"return call_{name}(({arguments})" + (", out)" if op.has_out else ")")
    lines = [f"def {name}({_signature_text(op)}):"]
    words = _numpy_words(op)
    translated = [f"if {word} is not None: {p} = {word}" for word, p in words.items()]
    named = _names_unknown(op)
    if named:
        translated.insert(0, f"if unknown_: raise unknown_keyword(op_{name}.function, unknown_)")
    simple = op.inputs and not op.several and all(i.kind != "list" for i in op.inputs)
    simple = simple and "f" in (op.kinds or "f")
    if not simple or op.inputs[0].kind != "one" or op.inputs[0].index != 0:
        return [*lines, *(f"    {line}" for line in translated), f"    {elsewhere}"]

    first, rest = op.inputs[0].name, op.inputs[1:]
    asked = ["out"] * op.has_out + ["dtype"] * op.may_convert + list(words)
    unusual = " or ".join(
        ["SPECIAL", *["unknown_"] * named, *(f"{word} is not None" for word in asked)]
    )
    lines += [
        f"    if {unusual}:",
        *(f"        {line}" for line in translated),
        f"        {elsewhere}",
    ]
    scalars = op.broadcasts and len(op.inputs) == 2
    tests = [f"isinstance({first}, Tensor)"]
    if not scalars:
        for i in rest:
            is_tensor = f"isinstance({i.name}, Tensor)"
            tests.append(
                f"({i.name} is None or {is_tensor})" if i.kind == "optional" else is_tensor
            )
    lines += [
        f"    if {' and '.join(tests)}:",
        f"        a_{first} = {first}._data",
        f"        d_ = a_{first}.dtype",
    ]
    if scalars:
        other = rest[0].name
        lines += [
            f"        if not isinstance({other}, Tensor):",
            f"            kind_ = {other}.__class__",
            f"            c_ = C32.get({other}) if d_ is F32 and (kind_ is float or kind_ is int) else None",
            f"            if c_ is None and (c_ := constant({other}, d_)) is None:",
            f"                {elsewhere}",
            f"            {other} = c_",
        ]
    same = ["(d_ is F32 or d_ is F64)"]
    for i in rest:
        if i.kind == "optional":
            lines.append(f"        a_{i.name} = None if {i.name} is None else {i.name}._data")
            same.append(f"(a_{i.name} is None or a_{i.name}.dtype is d_)")
        else:
            lines.append(f"        a_{i.name} = {i.name}._data")
            same.append(f"a_{i.name}.dtype is d_")
    if op.promote == "free":
        same = [same[0]]
    for index in op.fixed:
        p = op.parameters[index]
        lines.append(f"        a_{p} = {p}._data if isinstance({p}, Tensor) else arrays({p})")
    given = _kernel_arguments(op)
    result = "y_, aux_" if op.aux else "y_"
    computed = f"kernel_{name}({given})"
    if op.large_kernel is not None:
        computed += f" if SERIAL or a_{first}.size < {LARGE} else large_{name}({given})"
    lines += [
        f"        if {' and '.join(same)}:",
        "            try:",
        f"                {result} = {computed}",
        "            except Exception as error:",
        f"                explain_{name}(error, ({arguments}))",
        "                raise",
        "            if y_.__class__ is not ndarray:",
        "                y_ = asarray(y_)",
        "            t_ = new(Tensor)",
        "            t_._data = y_",
    ]
    if op.view:
        statics = "".join(f"{p}, " for p in op.parameters[1:])
        lines += [
            "            b_ = y_.base",
            # The usual view's base is the input or the input's base; others are found by their addresses.
            f"            if b_ is not None and (b_ is a_{first} or b_ is a_{first}.base or "
            f"shares(y_, a_{first})) or y_ is a_{first}:",
            f"                link_view(t_, {first}, (op_{name}.function, ({statics}), None), "
            "GRAD_EVERYWHERE or grad_enabled())",
        ]
    if not op.differentiable:
        lines += ["            t_._node = None", "            return t_"]
    else:
        lines += _record_lines(op)
    array_only = " and ".join(
        [f"{first}.__class__ is ndarray"]
        + [f"not isinstance({i.name}, Tensor)" for i in rest]
        + [f"not isinstance({op.parameters[i]}, Tensor)" for i in op.fixed]
    )
    if not op.fixed:
        plain = _plain_arguments(op)
        picked = f"kernel_{name}({plain})" + ("[0]" if op.aux else "")
        lines += [f"    elif {array_only}:", f"        return {picked}"]
    lines.append(f"    {elsewhere}")
    return lines


def _kernel_arguments(op: Op) -> str:
    arrays = {i.name for i in op.inputs} | {op.parameters[i] for i in op.fixed}
    return _pass(op, lambda p: f"a_{p}" if p in arrays else p)


def _plain_arguments(op: Op) -> str:
    return _pass(op, lambda p: p)


def _pass(op: Op, value: Callable[[str], str]) -> str:
    """The kernel's arguments: by position, keyword-only ones by name."""
    positional = len(op.parameters) - op.keyword_only
    parts = [value(p) for p in op.parameters[:positional]]
    return ", ".join(parts + [f"{p}={value(p)}" for p in op.parameters[positional:]])


def _record_lines(op: Op) -> list[str]:
    """Leave a Node when an input has one and the tape is on."""
    name = op.name
    lines, nodes = [], []
    for i in op.inputs:
        node = f"n_{i.name}"
        nodes.append(node)
        missing = f"None if {i.name} is None else " if i.kind == "optional" else ""
        lines.append(f"            {node} = {missing}{i.name}._node")
    some = " or ".join(f"{n} is not None" for n in nodes)
    # What is asked for as integers has no derivative.
    floating = " and y_.dtype.kind in 'fcV'" if "dtype" in op.parameters else ""
    lines += [
        f"            if ({some}) and (GRAD_EVERYWHERE or grad_enabled()){floating}:",
        "                n_ = Node()",
        f"                n_.op = op_{name}",
        "                n_.seq = next_sequence()",
        f"                n_.parents = ({''.join(f'{x}, ' for x in nodes)})",
        f"                n_.saved = ({''.join(f'{_saved(op, s)}, ' for s in op.saved_names)})",
    ]
    if op.broadcasts and len(op.inputs) > 1:
        shapes = "".join(f"a_{i.name}, " for i in op.inputs)
        same = " == ".join(f"a_{i.name}.shape" for i in op.inputs)
        posted = f"post_{name}(y_.shape, ({shapes}))"
        if len(op.inputs) == 2:  # a number has no gradient, and the other input the output's shape
            other = op.inputs[1].name
            lines.append(
                f"                n_.post = None if (n_{other} is None and a_{other}.ndim == 0) or "
                f"{same} else {posted}"
            )
        else:
            lines.append(f"                n_.post = None if {same} else {posted}")
    else:
        lines.append("                n_.post = None")
    lines += [
        "                n_.epoch = EPOCH",
        "                n_.extra = None",
        "                f_ = getframe(1)",
        "                c_ = f_.f_code",
        "                if c_ is not USER:",
        "                    f_ = user_frame(f_)",
        "                    c_ = f_.f_code",
        "                n_.code = c_",
        "                n_.lasti = f_.f_lasti",
        "                t_._node = n_",
        "                return t_",
        "            t_._node = None",
        "            return t_",
    ]
    return lines


def _saved(op: Op, name: str) -> str:
    """The expression that keeps `name` in the node."""
    only = op.needed_for(name)
    if only is not None:
        asked = " or ".join(f"n_{op.inputs[k].name} is not None" for k in only)
        value = "y_" if name == "out" else f"aux_[{op.aux.index(name)}]" if name in op.aux else name
        return f"{value} if {asked} else None"
    if name == "out":
        return "y_"
    if name in op.aux:
        return f"aux_[{op.aux.index(name)}]"
    if name.endswith("_shape") and name not in op.parameters:
        stem = name.removesuffix("_shape")
        optional = any(i.name == stem and i.kind == "optional" for i in op.inputs)
        return f"None if a_{stem} is None else a_{stem}.shape" if optional else f"a_{stem}.shape"
    return name


def _no_rule(node: Any, g: Any) -> Any:
    raise NotDifferentiable(f"{node.op.name} has no derivative")


def _fetch_lines(op: Op, recorded: bool = False) -> list[str]:
    """Unpack what the node kept, inputs as arrays; to be recorded, all that is differentiated as Tensors."""
    lines = []
    if op.saved_names:
        lines.append(f"    ({''.join(f'{n}, ' for n in op.saved_names)}) = node.saved")
    for i in op.inputs:
        if i.name not in op.saved_names or recorded:
            continue
        if i.kind == "list":
            lines.append(f"    {i.name} = [x._data for x in {i.name}]")
        elif i.kind == "optional" or op.needed_for(i.name) is not None:
            lines.append(f"    {i.name} = None if {i.name} is None else {i.name}._data")
        else:
            lines.append(f"    {i.name} = {i.name}._data")
    for index in op.fixed:
        p = op.parameters[index]
        if p in op.saved_names:
            lines.append(f"    {p} = {p}._data if isinstance({p}, Tensor) else arrays({p})")
    if recorded and "out" in op.saved_names:
        lines.append("    out = None if out is None else outputs(node, out)")
    if any("needs" in rule.names for rule in op.all_rules()):
        if any(i.kind == "list" for i in op.inputs):
            lines.append("    needs = tuple(p is not None for p in node.parents)")
        else:
            asked = "".join(f"p_{i.name} is not None, " for i in op.inputs)
            lines.append(f"    needs = ({asked})")
    return lines


def _rule_call(name: str, names: tuple[str, ...]) -> str:
    """The expression that calls a rule."""
    return f"{name}(g{''.join(f', {n}' for n in names)})"


def _backward(
    op: Op,
) -> tuple[Callable[[Any, Any], Any], Callable[..., Any] | None, Callable[[Any, Any], Any] | None]:
    """The backward, three times from the same rules.

    The first returns one array per input. The second, for ops with a rule per input, sends each
    array on its way itself; that saves the everyday walk (`engine._walk_plain`) a tuple and a loop.
    The third runs the rules on Tensors.
    """
    from autotn.core import call

    if not op.differentiable:
        return _no_rule, None, None
    has_list = any(i.kind == "list" for i in op.inputs)
    if op.joint is None and (not op.rules or has_list):
        plain = call.rules_backward_raw if op.rules or op.wirtinger_rules else None
        return plain or call.reference_backward_raw, None, None
    space: dict[str, Any] = {
        "Tensor": HOT.get("Tensor"),
        "arrays": call.to_arrays,
        "ndarray": np.ndarray,
        "asarray": np.asarray,
        "push": heapq.heappush,
        "total": owned.total,
        "outputs": call.outputs_as_tensors,
        "__name__": "autotn.core.generated",
        "__package__": "autotn.core",
    }
    if has_list:  # the rule gives a sequence for a list input; the engine wants one flat tuple
        assert op.joint is not None
        space |= {"joint": op.joint.function, "op": op, "flat": call.flatten_gradients}
        lines = [
            "def backward(node, g):",
            *_fetch_lines(op),
            f"    result_ = {_rule_call('joint', op.joint.names)}",
            "    return flat(op, result_ if result_.__class__ is tuple else (result_,))",
        ]
        return _execute(lines, f"backward of {op.name}", space)["backward"], None, None

    parents = "".join(f"p_{i.name}, " for i in op.inputs)
    fetch = [f"    ({parents}) = node.parents", *_fetch_lines(op)]
    pull = ["def backward(node, g):", *fetch]
    push = ["def carry(node, g, waiting, heap):", *fetch]
    if op.joint is not None:
        space["joint"] = op.joint.function
        answer = [
            f"    result_ = {_rule_call('joint', op.joint.names)}",
            "    if result_.__class__ is not tuple:",
            "        result_ = (result_,)",
        ]
        pull += [*answer, "    return result_"]
        push += [*answer, f"    ({''.join(f'x_{i.name}, ' for i in op.inputs)}) = result_"]
        for i in op.inputs:
            push += _send_lines(f"p_{i.name}", f"x_{i.name}", f" and x_{i.name} is not None")
        made = _execute([*pull, *push], f"backward of {op.name}", space)
        return made["backward"], made["carry"], None

    record = [
        "def recorded(node, g):",
        f"    ({parents}) = node.parents",
        *_fetch_lines(op, recorded=True),
    ]
    if op.large_rules:
        push.append(f"    large_ = g.size >= {LARGE}")
    if op.square_rule is not None:
        space["rule_square"] = op.square_rule.function
        first, second = (f"p_{i.name}" for i in op.inputs)
        push.append(f"    square_ = large_ and {first} is {second}")
        push.append(f"    if square_: {second} = None")
    results = []
    for i in op.inputs:
        rule = op.rules.get(i.name)
        if rule is None:
            results.append("None")
            continue
        space[f"rule_{i.name}"] = rule.function
        text, parent = _rule_call(f"rule_{i.name}", rule.names), f"p_{i.name}"
        if rule.function.__code__.co_code == _PASS_ON.__code__.co_code and not rule.names:
            text = "g"
        results.append(f"{text} if {parent} is not None else None")
        if i.name in op.large_rules:
            large = op.large_rules[i.name]
            space[f"large_{i.name}"] = large.function
            text = f"{_rule_call(f'large_{i.name}', large.names)} if large_ else {text}"
            if op.square_rule is not None and i is op.inputs[0]:
                text = f"{_rule_call('rule_square', op.square_rule.names)} if square_ else {text}"
        push += _send_lines(parent, text)
    for lines in (pull, record):
        lines.append(f"    return ({', '.join(results)},)")
    made = _execute([*pull, *push, *record], f"backward of {op.name}", space)
    return made["backward"], made["carry"], made["recorded"]


def _send_lines(parent: str, gradient: str, given: str = "") -> list[str]:
    """Leave a gradient for a parent, where there is one, and line the parent up."""
    return [
        f"    if {parent} is not None{given}:",
        f"        x_ = {gradient}",
        "        if x_.__class__ is not ndarray:",
        "            x_ = asarray(x_)",
        f"        earlier_ = waiting.get({parent})",
        "        if earlier_ is None:",
        f"            waiting[{parent}] = x_",
        f"            if not {parent}.quiet:",
        f"                push(heap, (-{parent}.seq, {parent}))",
        f"        elif x_.size < {SMALL}:",
        "            x_ = earlier_ + x_",  # of two 0-d arrays NumPy makes a scalar
        f"            waiting[{parent}] = x_ if x_.__class__ is ndarray else asarray(x_)",
        "        else:",
        f"            waiting[{parent}] = total(earlier_, x_)",
    ]


def _execute(lines: list[str], title: str, space: dict[str, Any]) -> dict[str, Any]:
    """Run generated source (our own) so that tracebacks can show it."""
    source = "\n".join(lines) + "\n"
    filename = f"<autotn {title}>"
    exec(compile(source, filename, "exec"), space)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return space


def operator_of(made: Any) -> Any:
    """The function as a Python operator: an operand it can't understand gives NotImplemented."""
    if not isinstance(made, Op) or len(made.parameters) < 2:
        return made.function
    if made.operator is None:
        made.operator = make_function(made, made.declared)
        if made.generated is not None:
            generate(made)
    return made.operator


def reversed_operator_of(made: Any) -> Any:
    """The operator for ``number - tensor`` and its like: Python hands the operands over swapped."""
    from autotn.core import call

    function = made.function

    def operator(self: Any, other: Any) -> Any:
        if not isinstance(other, call.OPERANDS):
            return NotImplemented
        if other.__class__ is float or other.__class__ is int:
            other = constant(other, self._data.dtype) or other
        return function(other, self)

    operator.__name__ = operator.__qualname__ = f"reversed_{made.name}"
    return operator


def with_out(function: Any) -> Any:
    """A composite with PyTorch's ``out=``."""
    from autotn.core import inplace

    known = frozenset(parameter_names(function))
    words = {word: p for p, word in NUMPY_WORDS.items() if p in known}

    @functools.wraps(function)
    def wrapper(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if kwargs and not known.issuperset(kwargs):
            kwargs = {words.get(name, name): value for name, value in kwargs.items()}
            if not known.issuperset(kwargs):
                raise unknown_keyword(wrapper, kwargs)
        result = function(*args, **kwargs)
        return result if out is None else inplace.write_out(function.__name__, out, result, args)

    wrapper.__wrapped__ = _WithOut(function)  # type: ignore[assignment]
    return wrapper


#: A composite of so many options has enough work that a look at its keywords is nothing beside it.
_MANY_OPTIONS = 5


def with_known_keywords(function: Any) -> Any:
    """A composite, which says more of a keyword it does not take if it has many options."""
    declared = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or ())]
    if len(declared) < _MANY_OPTIONS:
        return function
    known = frozenset(parameter_names(function))

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not known.issuperset(kwargs):
            raise unknown_keyword(wrapper, kwargs)
        return function(*args, **kwargs)

    return wrapper
