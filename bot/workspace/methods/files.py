"""How does an app share a file? The two-step upload and the other `files.*` methods."""

from bot.workspace import postings
from bot.workspace.call import Call, Handler, page_of
from bot.workspace.filing import FILE_BYTES_MAX, new_file, share, shown_file
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.validate import check_blocks, refuse_blocks

_ALT_MAX = 1000


async def get_upload_url(call: Call) -> Json:
    length = call.get("length")
    if length <= 0:
        raise ApiRefusal("missing_argument")
    if length > FILE_BYTES_MAX:
        raise ApiRefusal("file_upload_size_restricted")
    if len(call.text("alt_txt")) > _ALT_MAX:
        raise ApiRefusal("alt_txt_too_large")
    file = new_file(call.core, call.text("filename"), length, call.user)
    file.update(alt_txt=call.text("alt_txt"), upload_key=call.core.ids.secret(32), app_id=call.app["id"])
    call.core.team.files.put(file["id"], file)
    return {"upload_url": f"{call.core.root_url}/upload/v1/{file['upload_key']}", "file_id": file["id"]}


async def complete_upload(call: Call) -> Json:
    asked = call.get("files", [])
    if not asked or not all(isinstance(item, dict) and item.get("id") for item in asked):
        raise ApiRefusal("invalid_arguments")
    files = [_uploaded(call, item) for item in asked]
    names = [call.text("channel_id"), *call.text("channels").split(",")]
    channels = [_shared_channel(call, name) for name in dict.fromkeys(names) if name]
    blocks = call.get("blocks") or []
    if problems := check_blocks(blocks):
        raise refuse_blocks(problems)
    for channel in channels:
        said = {"text": call.get("initial_comment"), "blocks": blocks, "username": call.get("username")}
        message = postings.bot_message(call.core, call.app, said)
        share(call.core, channel, files, message, call.get("thread_ts"))
    for file in files:
        call.core.team.files.put(file["id"], {**file, "is_complete": True})
    done = [call.core.team.files.get(file["id"]) for file in files]
    return {"files": [shown_file(call.core, file) for file in done if file]}


def _uploaded(call: Call, item: Json) -> Json:
    file = call.core.team.files.get(str(item["id"]))
    if file is None or file["user"] != call.user or file["data"] is None:
        raise ApiRefusal("file_not_found")
    if item.get("title"):
        file["title"] = str(item["title"])
    return file


def _shared_channel(call: Call, name: str) -> Json:
    channel = call.core.team.channel(name, seen_by=call.user)
    if channel.get("is_archived"):
        raise ApiRefusal("posting_to_channel_denied")
    if not call.core.team.is_member(channel["id"], call.user):
        raise ApiRefusal("not_in_channel")
    return channel


def _file(call: Call) -> Json:
    file = call.core.team.files.get(call.text("file"))
    if file is None or not file["is_complete"]:
        raise ApiRefusal("file_not_found")
    return file


async def file_info(call: Call) -> Json:
    return {"file": shown_file(call.core, _file(call)), "comments": [], "response_metadata": {"next_cursor": ""}}


async def list_files(call: Call) -> Json:
    files = [file for file in call.core.team.files.values() if file["is_complete"]]
    for name, key in (("user", "user"),):
        if call.get(name):
            files = [file for file in files if file[key] == call.text(name)]
    if call.get("channel"):
        files = [file for file in files if call.text("channel") in file["channels"]]
    page, _ = page_of(files[::-1], call)
    paging = {"count": 100, "total": len(files), "page": 1, "pages": max(1, -(-len(files) // 100))}
    return {"files": [shown_file(call.core, file) for file in page], "paging": paging}


async def delete_file(call: Call) -> Json:
    file = _file(call)
    if file["user"] != call.user:
        raise ApiRefusal("cant_delete_file")
    call.core.team.files.drop(file["id"])
    return {}


HANDLERS: dict[str, Handler] = {
    "files.getUploadURLExternal": get_upload_url,
    "files.completeUploadExternal": complete_upload,
    "files.info": file_info,
    "files.list": list_files,
    "files.delete": delete_file,
}
