"""``hepaxis serve``: the face in a browser, on this machine alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

WORKSPACE = Path("hepaxis-workspace")
Workspace = Annotated[Path, typer.Option(help="Folder for patients, runs and jobs; made if it is not there.")]


def serve(
    workspace: Workspace = WORKSPACE,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 8731,
    jobs: Annotated[int, typer.Option(help="Jobs that run at a time.", min=1, max=64)] = 1,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Serve the app on this machine alone. Research use only, not for treatment decisions."""
    from hepaxis import STATEMENT
    from hepaxis.server import serve as run

    typer.echo(STATEMENT, err=True)
    run(workspace, port=port, slots=jobs, browser=not no_browser, say=lambda text: typer.echo(text, err=True))
