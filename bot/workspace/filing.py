"""How are files kept and shared? Used by the Web API, the upload addresses and the people's side."""

import base64
import mimetypes

from bot.workspace import postings
from bot.workspace.core import Core
from bot.workspace.events import emit
from bot.workspace.refusal import Json

FILE_BYTES_MAX = 50_000_000  # of this workspace; Slack takes 1 GB


def new_file(core: Core, name: str, size: int, user: str) -> Json:
    """A row of the file table: Slack's file object with what only the workspace needs (`data`, `upload_key`)."""
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    extension = name.rpartition(".")[2].lower() if "." in name else "binary"
    now = int(core.now().timestamp())
    return {
        "id": core.ids.id("F"),
        "created": now,
        "timestamp": now,
        "name": name,
        "title": name,
        "mimetype": mimetype,
        "filetype": extension,
        "pretty_type": extension.upper(),
        "user": user,
        "user_team": core.team.id,
        "editable": False,
        "size": size,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "channels": [],
        "groups": [],
        "ims": [],
        "comments_count": 0,
        "shares": {},
        "data": None,
        "is_complete": False,
    }


def shown_file(core: Core, file: Json) -> Json:
    """The file object as Slack gives it."""
    hidden = ("data", "upload_key", "is_complete", "app_id")
    shown = {key: value for key, value in file.items() if key not in hidden}
    url = f"{core.root_url}/files-pri/{core.team.id}-{file['id']}/{file['name']}"
    shown.update(url_private=url, url_private_download=f"{url}?download=1", permalink=url)
    if file["mimetype"].startswith("image/"):
        shown["thumb_360"] = url
    return shown


def keep_bytes(core: Core, file: Json, data: bytes) -> None:
    file.update(data=base64.b64encode(data).decode(), size=len(data))
    core.team.files.put(file["id"], file)


def share(core: Core, channel: Json, files: list[Json], message: Json, thread_ts: str | None) -> Json:
    """Post files into a channel as one message."""
    message.update(files=[shown_file(core, file) for file in files], upload=True)
    posted = postings.post(core, channel, message, thread_ts=thread_ts)
    for file in files:
        place = {"ts": posted["ts"], "channel_name": channel.get("name", ""), "team_id": core.team.id}
        shares = {**file["shares"], "public": {**file["shares"].get("public", {}), channel["id"]: [place]}}
        file.update(shares=shares, channels=[*file["channels"], channel["id"]])
        core.team.files.put(file["id"], file)
        event = {"type": "file_shared", "file_id": file["id"], "user_id": file["user"], "file": {"id": file["id"]}}
        emit(core, {**event, "channel_id": channel["id"]}, channel=channel)
    return posted
