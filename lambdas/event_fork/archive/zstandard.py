"""Zstandard, where Python has it: from 3.14 on, and before with the package backports.zstd, the command's extra `zstd`.

Frames: https://www.rfc-editor.org/rfc/rfc8878. A decoder need not take a window of more than 8 MiB, and this one takes
none: whoever made the object says how much memory it takes. All levels of zstd(1) but --ultra and --long stay below.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from event_fork.archive.errors import UnreadableObjectError

MAGIC = b"\x28\xb5\x2f\xfd"
_WINDOW_LOG = 23
_MAX_OUTPUT = 1024 * 1024
"""What one call gives at most."""
_LIBRARIES = ("compression", "compression.zstd"), ("backports", "backports.zstd")


def library() -> Any:
    """The module that decompresses, None when there is none."""
    found = (module for package, module in _LIBRARIES if find_spec(package) and find_spec(module))
    name = next(found, None)
    return None if name is None else import_module(name)


def decompress_stream(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Plain bytes of any number of frames, one after the other. Raises UnreadableObjectError."""
    zstd = library()
    if zstd is None:
        raise UnreadableObjectError(
            "is Zstandard; this Python reads it with the extra zstd (pip install '.[zstd]'), Python 3.14 without"
        )
    frame: Any = None
    try:
        for chunk in chunks:
            data = chunk
            while data or (frame is not None and not frame.needs_input):
                if frame is None:
                    frame = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
                yield frame.decompress(data, _MAX_OUTPUT)
                data, frame = (frame.unused_data, None) if frame.eof else (b"", frame)
    except zstd.ZstdError as error:
        raise UnreadableObjectError(f"damaged Zstandard, or with a window of more than 8 MiB: {error}") from error
    if frame is not None:
        raise UnreadableObjectError("Zstandard is cut off: its end is missing")
