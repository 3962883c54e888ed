"""The tree a Module is: parameters, buffers and child modules, by name."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from autotn.core.keywords import KnownKeywords
from autotn.core.node import RemovableHandle
from autotn.core.tensor import Tensor
from autotn.layers.members import (
    CHANGES,
    COLLECTIONS,
    Members,
    may_hold,
    member,
    replace_member,
    search,
    unique,
)
from autotn.layers.parameter import Buffer, Parameter

Self = TypeVar("Self", bound="Tree")

TABLES = ("_parameters", "_buffers", "_modules")
#: Methods PyTorch's modules do not have: members may take their names.
OURS = frozenset(["summary"])

#: Hooks on what any module registers, by what is registered.
REGISTRATION_HOOKS: dict[str, dict[int, Callable[..., Any]]] = {name: {} for name in TABLES}

_KIND = {"_parameters": "parameter", "_buffers": "buffer", "_modules": "module"}


class _Walk(threading.local):
    """The modules this thread is going down from."""

    def __init__(self) -> None:
        self.ancestors: set[int] = set()


_walk = _Walk()


def _registered(owner: Tree, table: str, name: str, value: Any) -> Any:
    """Ask the registration hooks; they may replace the value."""
    for hook in list(REGISTRATION_HOOKS[table].values()):
        answer = hook(owner, name, value)
        if answer is not None:
            value = answer
    return value


def _walk_down(
    module: Tree, prefix: str, ancestors: set[int], seen: set[Any], remove_duplicate: bool
) -> Iterator[tuple[str, Any]]:
    """A module and all below it, with their names; one in `seen` is left out.

    Not a function inside `named_modules`: one that calls itself would be a reference cycle.
    """
    if module in seen:
        return
    if remove_duplicate:
        seen.add(module)
    yield prefix, module
    ancestors = ancestors | {id(module)}
    start = f"{prefix}." if prefix else ""
    for name, child in module._modules.items():
        if child is not None:
            yield from _walk_down(child, start + name, ancestors, seen, remove_duplicate)
    for name, child in module._found_modules():
        if id(child) not in ancestors:
            yield from _walk_down(child, start + name, ancestors, seen, remove_duplicate)


def _below(root: Tree) -> Iterator[Tree]:
    """A module and all below it, parents first, each once: `_walk_down` without names, in half of the time."""
    seen: set[Tree] = set()
    waiting = [root]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            yield module
            children: Iterable[Any] = module._modules.values()
            if module._collections:
                children = [child for _, child in module._own_modules()]
            for child in reversed(children):  # type: ignore[call-overload]
                if child is not None:
                    waiting.append(child)


def _parameters_of(modules: Iterable[Tree]) -> Iterator[Parameter]:
    """The parameters of these modules, each once."""
    seen: set[Parameter] = set()
    for module in modules:
        own: Iterable[Any] = module._parameters.values()
        if module._collections:
            own = [parameter for _, parameter in module._own_parameters()]
        for parameter in own:
            if parameter is not None and parameter not in seen:
                seen.add(parameter)
                yield parameter


def _meant(tree: Tree, name: str) -> str:
    """A member whose name is close to `name`, or nothing."""
    if name.startswith("_"):
        return ""
    members = [key for table in TABLES for key in tree.__dict__.get(table, ())]
    return next(iter(difflib.get_close_matches(name, [*members, *tree.__dict__], n=1)), "")


class Tree(KnownKeywords):
    """Parameters, buffers and children under names: the part of Module that has no behaviour.

    A list, tuple or dict assigned as an attribute stays what it is. Its modules and parameters
    belong to the tree nevertheless, under names such as ``layers.0``; they are looked up each
    time the tree is walked, so a later ``append`` is seen too.
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]
    #: Names of the attributes that are lists, tuples or dicts, in order.
    _collections: dict[str, None]

    def _plant(self) -> None:
        """Start with empty tables."""
        attributes = self.__dict__
        attributes["training"] = True
        for name in TABLES:
            attributes[name] = Members(self)
        attributes["_non_persistent_buffers_set"] = set()
        attributes["_collections"] = {}

    def _tie(self) -> None:
        """Make the tables' members attributes again: after a copy or a pickle."""
        for name in TABLES:
            self.__dict__[name] = Members(self, self.__dict__.get(name, {}))
        self.__dict__.setdefault("_non_persistent_buffers_set", set())
        self.__dict__.setdefault("_collections", {})

    # ------------------------------------------------------------------ one member

    def _check_name(self, table: str, name: Any, replacing: bool = False) -> None:
        kind = _KIND[table]
        if "_parameters" not in self.__dict__:
            raise AttributeError(
                f"cannot assign {kind} before Module.__init__() call: {type(self).__name__}.__init__ "
                f"must begin with super().__init__(), before it sets {name!r}"
            )
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain ".", got: {name!r}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        # Not hasattr(self, …): a subclass's __getattr__ may need members that are yet to come.
        if name not in self.__dict__[table] and (
            (name in self.__dict__ and not replacing)
            or (hasattr(type(self), name) and name not in OURS)
        ):
            raise KeyError(f"attribute '{name}' already exists")

    def _store(self, table: str, name: str, value: Any) -> None:
        """Put a member into its table and beside it as an attribute, and into no other table."""
        attributes = self.__dict__
        for other in TABLES:
            if other != table and name in attributes[other]:
                del attributes[other][name]
        self._collections.pop(name, None)
        attributes[table][name] = value
        attributes[name] = value

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name; None keeps the name for later.

        >>> layer = nn.Module()
        >>> layer.register_parameter("scale", nn.Parameter(tn.ones(2)))
        >>> layer.scale.shape
        tn.Size([2])
        """
        self._check_name("_parameters", name)
        self._put_parameter(name, param)

    def _put_parameter(self, name: str, param: Parameter | None) -> None:
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{type(param).__name__}' object to parameter '{name}' "
                    "(Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"cannot assign a non-leaf tensor to parameter '{name}': a parameter is "
                    "created, not computed; to use a computed value, compute it in forward()"
                )
            param = _registered(self, "_parameters", name, param)
        self._store("_parameters", name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module's state but is not trained.

        Parameters
        ----------
        persistent : bool
            Whether it is part of ``state_dict``.

        >>> layer = nn.Module()
        >>> layer.register_buffer("mean", tn.zeros(2))
        >>> list(layer.state_dict())
        ['mean']
        """
        self._check_name("_buffers", name)
        self._put_buffer(name, tensor, persistent)

    def _put_buffer(self, name: str, tensor: Tensor | None, persistent: bool) -> None:
        if tensor is not None:
            if not isinstance(tensor, Tensor):
                raise TypeError(
                    f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' "
                    "(Tensor or None required)"
                )
            tensor = _registered(self, "_buffers", name, tensor)
        self._store("_buffers", name, tensor)
        hidden = self._non_persistent_buffers_set
        hidden.discard(name) if persistent else hidden.add(name)

    def add_module(self, name: str, module: Any) -> None:
        """Add a child module under a name.

        >>> net = nn.Module()
        >>> net.add_module("fc", nn.Linear(2, 3))
        >>> net.fc
        Linear(in_features=2, out_features=3, bias=True)
        """
        if module is not None and not isinstance(module, Tree):
            hint = ""
            if isinstance(module, (list, tuple)):
                hint = f"; {type(self).__name__}(*layers) takes the modules of a list one by one"
            elif isinstance(module, type) and issubclass(module, Tree):
                hint = f"; {module.__name__}(…) makes one of the class"
            raise TypeError(f"{type(module).__name__} is not a Module subclass{hint}")
        self._check_name("_modules", name)
        if module is not None:
            module = _registered(self, "_modules", name, module)
        self._store("_modules", name, module)

    def register_module(self, name: str, module: Any) -> None:
        """Alias of `add_module`."""
        self.add_module(name, module)

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = self.__dict__
        if isinstance(value, Parameter):
            self._check_name("_parameters", name, replacing=True)
            self._put_parameter(name, value)
            return
        if name in attributes.get("_parameters", ()):
            self._refill("_parameters", name, value)
            return
        if isinstance(value, Tree):
            if "_modules" not in attributes:
                self._check_name("_modules", name)
            self._store("_modules", name, _registered(self, "_modules", name, value))
            return
        if name in attributes.get("_modules", ()):
            self._refill("_modules", name, value)
            return
        if isinstance(value, Buffer):
            self._check_name("_buffers", name, replacing=True)
            self._put_buffer(name, value, value.persistent)
            return
        if name in attributes.get("_buffers", ()):
            self._refill("_buffers", name, value)
            return
        object.__setattr__(self, name, value)
        if isinstance(value, COLLECTIONS):
            if name in TABLES:
                attributes[name] = Members(self, value)
            elif "_collections" in attributes and (
                not isinstance(value, tuple) or may_hold(value, (Parameter, Tree))
            ):
                attributes["_collections"][name] = None
                CHANGES.note()

    def _refill(self, table: str, name: str, value: Any) -> None:
        """Assign something that is not a member by type to the name of a member."""
        if value is not None and not (table == "_buffers" and isinstance(value, Tensor)):
            expected = {
                "_parameters": "nn.Parameter or None",
                "_buffers": "Tensor, nn.Buffer or None",
                "_modules": "nn.Module or None",
            }[table]
            kind = "child module" if table == "_modules" else _KIND[table]
            raise TypeError(
                f"cannot assign '{type(value).__name__}' as {kind} '{name}' ({expected} expected)"
                + (
                    f"; write nn.Parameter(…), or under tn.no_grad() {name}.copy_(…) to keep the parameter"
                    if table == "_parameters" and isinstance(value, Tensor)
                    else ""
                )
            )
        self._store(table, name, _registered(self, table, name, value))

    def __getattr__(self, name: str) -> Any:
        # Members are ordinary attributes; this finds one that only a table knows.
        for table in TABLES:
            found = self.__dict__.get(table)
            if found and name in found:
                return found[name]
        if isinstance(getattr(type(self), name, None), property):
            # Its getter raised an AttributeError of its own: let that be seen.
            return object.__getattribute__(self, name)
        text = f"'{type(self).__name__}' object has no attribute '{name}'"
        if meant := _meant(self, name):
            # Without the object Python can't add to the text what it thinks was meant.
            raise AttributeError(f"{text}. Did you mean: '{meant}'?", name=name, obj=None)
        raise AttributeError(text)

    def __delattr__(self, name: str) -> None:
        for table in TABLES:
            if name in self.__dict__.get(table, ()):
                del self.__dict__[table][name]
                self.__dict__.pop(name, None)
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)
        self.__dict__.get("_collections", {}).pop(name, None)

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__}
        for table in TABLES:
            names.update(self.__dict__.get(table, ()))
        return sorted(name for name in names if not name[:1].isdigit())

    # ------------------------------------------------------------------ members in collections

    def _in_collections(self, kind: type) -> Iterator[tuple[str, Any]]:
        for name in self._collections:
            collection = self.__dict__.get(name)
            if isinstance(collection, COLLECTIONS):
                yield from search(name, collection, (kind,))

    def _found_modules(self) -> Iterator[tuple[str, Any]]:
        """Modules in lists, tuples and dicts that are children by that alone.

        A collection is often only a second way to modules that are registered already; those
        are left out.
        """
        if not self._collections:
            return
        known: dict[int, Tree] | None = None
        for name, module in self._in_collections(Tree):
            if known is None:
                known = _reach([self])
            if id(module) not in known:
                known[id(module)] = module
                yield name, module

    def _found_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Parameters in lists, tuples and dicts that no module below has."""
        if not self._collections:
            return
        known: set[int] | None = None
        for name, parameter in self._in_collections(Parameter):
            if known is None:
                below = _reach([self, *(module for _, module in self._found_modules())])
                known = {id(p) for module in below.values() for p in module._parameters.values()}
            if id(parameter) not in known:
                known.add(id(parameter))
                yield name, parameter

    def _own_modules(self) -> Iterable[tuple[str, Any]]:
        """All children by name, None among them."""
        if not self._collections:
            return self._modules.items()
        return [*self._modules.items(), *self._found_modules()]

    def _descend(self) -> Iterator[tuple[str, Any]]:
        """The children, for a walk that goes down into each before it asks for the next.

        A module found in a collection that is one of the ancestors is left out: a child may keep
        its parent in a list.
        """
        ancestors = _walk.ancestors
        first = id(self) not in ancestors
        ancestors.add(id(self))
        try:
            for name, module in self._modules.items():
                if module is not None:
                    yield name, module
            for name, module in self._found_modules():
                if id(module) not in ancestors:
                    yield name, module
        finally:
            if first:
                ancestors.discard(id(self))

    def _own_parameters(self) -> Iterable[tuple[str, Parameter | None]]:
        """All parameters of this module alone, by name, None among them."""
        if not self._collections:
            return self._parameters.items()
        return [*self._parameters.items(), *self._found_parameters()]

    # ------------------------------------------------------------------ walking

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """Children with their names, each once."""
        return unique(self._own_modules())

    def children(self) -> Iterator[Any]:
        """Children, each once."""
        for _, module in self.named_children():
            yield module

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """This module and all below it with their names, parents first.

        >>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        >>> [name for name, _ in net.named_modules()]
        ['', '0', '1']
        """
        seen = set() if memo is None else memo
        return _walk_down(self, prefix, set(), seen, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Any]:
        """This module and all below it, each once."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def _named_members(
        self,
        get_members_fn: Callable[[Any], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        modules: Iterable[tuple[str, Any]] = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        everything = (
            (f"{where}.{name}" if where else name, value)
            for where, module in modules
            for name, value in get_members_fn(module)
        )
        if remove_duplicate:
            return unique(everything)
        return ((name, value) for name, value in everything if value is not None)

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Parameters with their names, of this module and (`recurse`) all below.

        >>> [name for name, _ in nn.Linear(2, 3).named_parameters()]
        ['weight', 'bias']
        """
        return self._named_members(
            lambda module: module._own_parameters(), prefix, recurse, remove_duplicate
        )

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Parameters, each once: what an optimizer is given.

        >>> sum(p.numel() for p in nn.Linear(2, 3).parameters())
        9
        """
        cls = type(self)
        if (
            cls.named_parameters is Tree.named_parameters
            and cls.named_modules is Tree.named_modules
        ):
            return _parameters_of(_below(self) if recurse else (self,))
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Buffers with their names."""
        return self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # ------------------------------------------------------------------ by path

    def _follow(self, path: str) -> Any:
        """What stands at a dotted path, through modules, lists, tuples and dicts."""
        found: Any = self
        for position, name in enumerate(names := path.split(".") if path else []):
            try:
                found = member(found, name)
            except AttributeError as error:
                place = ".".join(names[:position])
                raise AttributeError(f"{error}" + (f" (at '{place}')" if place else "")) from None
        return found

    def _is_registered(self, path: str) -> bool:
        """Whether a path leads through registered members alone, not through a collection."""
        *above, last = path.split(".")
        found: Any = self
        for name in above:
            found = found._modules.get(name)
            if found is None:
                return False
        return last in found._parameters or last in found._buffers

    def get_submodule(self, target: str) -> Any:
        """The module at a dotted path; the empty path is this module.

        >>> nn.Sequential(nn.Linear(2, 2), nn.ReLU()).get_submodule("1")
        ReLU()
        """
        found = self._follow(target)
        if not isinstance(found, Tree):
            raise AttributeError(f"`{target}` is not an nn.Module")
        return found

    def set_submodule(self, target: str, module: Any, strict: bool = False) -> None:
        """Put a module at a dotted path, replacing what stands there.

        Parameters
        ----------
        strict : bool
            Refuse a path at which there is nothing yet.
        """
        if target == "":
            raise ValueError("cannot set the submodule without a target name")
        if not isinstance(module, Tree):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        holder = self._follow(path)
        present = not isinstance(holder, Tree) or hasattr(holder, name)
        if not present and strict:
            raise AttributeError(f"{type(holder).__name__} has no attribute `{name}`")
        if present and not isinstance(member(holder, name), Tree):
            raise AttributeError(f"`{name}` is not an nn.Module")
        replace_member(holder, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path."""
        found = self._follow(target)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{target}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        found = member(owner, name)
        if name not in owner._buffers:
            raise AttributeError(f"`{target}` is not a buffer")
        return found


def _reach(roots: Iterable[Tree]) -> dict[int, Tree]:
    """All modules that registration leads to from these, by identity."""
    seen: dict[int, Tree] = {}
    stack = list(roots)
    while stack:
        module = stack.pop()
        if id(module) not in seen:
            seen[id(module)] = module
            stack.extend(child for child in module._modules.values() if child is not None)
    return seen


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` whenever a module gets a parameter."""
    return RemovableHandle(REGISTRATION_HOOKS["_parameters"], hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` whenever a module gets a buffer."""
    return RemovableHandle(REGISTRATION_HOOKS["_buffers"], hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, child)`` whenever a module gets a child."""
    return RemovableHandle(REGISTRATION_HOOKS["_modules"], hook)
