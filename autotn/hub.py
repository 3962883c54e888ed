"""``hub``: nothing is downloaded; weights that are in the cache folder already are loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlparse

_folder: Path | None = None


def get_dir() -> str:
    """The cache folder: as set, else ``$TORCH_HOME/hub``, else ``~/.cache/torch/hub``."""
    if _folder is not None:
        return str(_folder)
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", f"{cache}/torch")
    return str(Path(home).expanduser() / "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Set the cache folder."""
    global _folder
    _folder = Path(d).expanduser()


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = True,
) -> Any:
    """The weights of `url` from the cache folder, where PyTorch or a browser has put them.

    Raises
    ------
    NotImplementedError
        When they are not there: nothing is downloaded.
    """
    from autotn.serialization import load as load_file

    name = file_name or os.path.basename(urlparse(url).path)
    path = Path(model_dir or os.path.join(get_dir(), "checkpoints")) / name
    if not path.exists():
        raise NotImplementedError(
            f"hub: nothing is downloaded. Put the file of {url} at {path}, or load it with tn.load"
        )
    return load_file(path, map_location=map_location, weights_only=weights_only)


def download_url_to_file(url: str, dst: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Refused: nothing is downloaded."""
    raise NotImplementedError(
        f"hub: nothing is downloaded; put the file of {url} at {dst} yourself"
    )


def load(repo_or_dir: str, model: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Refused: models of the hub are code made for PyTorch itself."""
    raise NotImplementedError(
        f"hub.load: {model!r} of {repo_or_dir!r} is code made for PyTorch; build the model here and "
        "load its weights with tn.load"
    )


def list(github: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Refused: nothing is downloaded."""
    raise NotImplementedError("hub.list: nothing is downloaded")


def help(github: str, model: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Refused: nothing is downloaded."""
    raise NotImplementedError("hub.help: nothing is downloaded")


#: The name in ``utils.model_zoo``.
load_url = load_state_dict_from_url
