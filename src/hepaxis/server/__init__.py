"""The face in a browser: ``hepaxis serve`` on this machine alone, over the Python faces of the other rooms.

``serve`` binds to loopback and runs until stopped; ``Workspace`` is the folder that holds patients, runs and jobs.
"""

from hepaxis.server.workspace import Workspace, open_workspace

__all__ = ["Workspace", "open_workspace", "serve"]


def serve(*args: object, **kwargs: object) -> None:
    """See ``start.serve``; imported late, so that reading a workspace does not load a web server."""
    from hepaxis.server.start import serve as run

    run(*args, **kwargs)  # type: ignore[arg-type]
