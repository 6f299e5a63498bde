"""/v1/files"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path, PurePath
from typing import BinaryIO

from openai.types import FileObject
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from rft.errors import UserError
from rft.local.api.errors import ApiError, invalid, not_found
from rft.local.api.service import page, service_of
from rft.local.rows import read_chats
from rft.local.store import Store

_PURPOSES = ("fine-tune", "user_data", "batch", "assistants", "vision", "evals")


async def create(request: Request) -> Response:
    """POST: multipart form with purpose and file."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise ApiError(415, "Send the file as multipart/form-data with the fields purpose, file.")
    async with request.form(max_files=1, max_fields=8) as form:
        purpose, upload = form.get("purpose"), form.get("file")
        if not isinstance(upload, UploadFile):
            message, code = "Missing required parameter: 'file'.", "missing_required_parameter"
            raise ApiError(400, message, param="file", code=code)
        if purpose not in _PURPOSES:
            raise invalid("purpose", f"use one of {', '.join(_PURPOSES)}, not {purpose!r:.60}")
        # Only the last part of the name, and that only to be shown: content lies under the id.
        name = PurePath((upload.filename or "").replace("\\", "/")).name[:200] or "file"
        store = service_of(request).store
        kept = await run_in_threadpool(_keep, store, upload.file, name, str(purpose))
    return JSONResponse(kept.model_dump())


def _keep(store: Store, content: BinaryIO, name: str, purpose: str) -> FileObject:
    with tempfile.NamedTemporaryFile(dir=store.folder / "files", prefix=".", delete=False) as copy:
        path = Path(copy.name)
        try:
            shutil.copyfileobj(content, copy)
            copy.close()
            if purpose == "fine-tune":
                for _ in read_chats(path):
                    pass
            return store.add_file(path, name, purpose)
        except UserError as error:
            message, code = f"Invalid file {name}: {error}.", "invalid_file_format"
            raise ApiError(400, message, param="file", code=code) from None
        finally:
            path.unlink(missing_ok=True)


async def listed(request: Request) -> Response:
    """GET: a page of the files, newest first."""
    files = service_of(request).store.files()
    if purpose := request.query_params.get("purpose"):
        files = [file for file in files if file.purpose == purpose]
    if request.query_params.get("order") == "asc":
        files.reverse()
    return page(request, files, FileObject.model_dump, default=10_000, most=10_000)


def _file(request: Request) -> FileObject:
    file_id = request.path_params["file_id"]
    if (file := service_of(request).store.file(file_id)) is None:
        raise not_found("file", file_id, "id")
    return file


async def retrieve(request: Request) -> Response:
    """GET /{id}."""
    return JSONResponse(_file(request).model_dump())


async def content(request: Request) -> Response:
    """GET /{id}/content: the bytes."""
    file = _file(request)
    path = service_of(request).store.file_path(file.id)
    return FileResponse(path, media_type="application/octet-stream", filename=file.filename)


async def delete(request: Request) -> Response:
    """DELETE /{id}. Jobs have copies of their rows."""
    file = _file(request)
    service_of(request).store.delete_file(file.id)
    return JSONResponse({"id": file.id, "object": "file", "deleted": True})
