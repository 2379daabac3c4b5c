"""Which Web API methods does the workspace answer, and what does each take?

One line a method: name, HTTP verb, whether a JSON body is read (`json`) or only a form (`form`), the rate tier (t1 to
t4, t5 is Slack's "special"), the bot scopes of which one is needed (`-` = none), then the arguments. `name!` is
required, `:json`, `:int`, `:bool`, `:list` are read as that, `=a/b` takes only those values. Written from Slack's
method reference (docs.slack.dev/reference/methods); a test compares every line with the published table.
"""

from dataclasses import dataclass

TABLE = """
api.test POST json t4 - error
auth.test POST json t5 -
auth.revoke GET form t3 - test:bool
auth.teams.list POST form t2 - cursor include_icon:bool limit:int
apps.connections.open POST json t3 -
apps.uninstall POST form t1 - client_id! client_secret!
apps.event.authorizations.list POST json t5 - cursor event_context! limit:int
bots.info GET form t3 users:read bot team_id
bookmarks.add POST json t2 bookmarks:write access_level=read/write channel_id emoji entity_id link parent_id title!
  type!
bookmarks.edit POST json t2 bookmarks:write bookmark_id channel_id emoji link title
bookmarks.list POST json t3 bookmarks:read channel_id
bookmarks.remove POST json t2 bookmarks:write bookmark_id channel_id quip_section_id
blocks.validate POST json t5 - blocks:json message:json view:json
chat.postMessage POST json t5 chat:write as_user:bool attachments:json blocks:json channel!
  current_draft_last_updated_ts icon_emoji icon_url link_names:bool markdown_text metadata:json mrkdwn:bool parse
  reply_broadcast:bool text thread_ts unfurl_links:bool unfurl_media:bool username
chat.postEphemeral POST json t4 chat:write as_user:bool attachments:json blocks:json channel! icon_emoji icon_url
  link_names:bool markdown_text metadata:json parse=/none/full/mrkdwn/false text thread_ts user! username
chat.update POST json t3 chat:write as_user:bool attachments:json blocks:json channel! file_ids:list link_names:bool
  markdown_text metadata:json parse reply_broadcast:bool text ts! unfurled_attachments:json
chat.delete POST json t3 chat:write as_user:bool channel! ts!
chat.getPermalink GET form t5 - channel! message_ts!
chat.scheduleMessage POST json t3 chat:write as_user:bool attachments:json blocks:json channel! link_names:bool
  markdown_text metadata:json parse=none/full post_at!:int reply_broadcast:bool text thread_ts unfurl_links:bool
  unfurl_media:bool
chat.deleteScheduledMessage POST json t3 chat:write as_user:bool channel! scheduled_message_id!
chat.scheduledMessages.list POST json t3 - channel cursor latest limit:int oldest team_id
chat.meMessage POST json t3 chat:write channel! text!
chat.unfurl POST json t3 links:write channel source=composer/conversations_history ts unfurl_id unfurls:json
  user_auth_blocks:json user_auth_message user_auth_required:bool user_auth_url
conversations.create POST json t2 channels:manage,channels:write,groups:write,im:write,mpim:write is_private:bool
  name! team_id
conversations.archive POST json t2 channels:manage,channels:write,groups:write,im:write,mpim:write channel!
conversations.unarchive POST json t2 channels:manage,channels:write,groups:write,im:write,mpim:write channel!
conversations.invite POST json t3
  channels:manage,channels:write.invites,groups:write,groups:write.invites,im:write,mpim:write channel! force:bool
  users!
conversations.kick POST json t3 channels:manage,groups:write channel! user
conversations.join POST json t3 channels:join channel!
conversations.leave POST json t3 channels:manage,channels:write,groups:write,im:write,mpim:write channel!
conversations.list GET form t2 channels:read,groups:read,im:read,mpim:read cursor exclude_archived:bool limit:int
  team_id types
conversations.info GET form t3 channels:read,groups:read,im:read,mpim:read channel! include_locale:bool
  include_num_members:bool
conversations.members GET form t4 channels:read,groups:read,im:read,mpim:read channel! cursor limit:int
conversations.open POST json t3 channels:manage,groups:write,im:write,mpim:write channel prevent_creation:bool
  return_im:bool users
conversations.close POST json t2 channels:manage,channels:write,groups:write,im:write,mpim:write channel!
conversations.rename POST json t2 channels:manage,channels:write,groups:write,im:write,mpim:write channel! name!
conversations.setTopic POST json t2
  channels:manage,channels:write.topic,groups:write,groups:write.topic,im:write,im:write.topic,mpim:write,mpim:write.topic
  channel! topic!
conversations.setPurpose POST json t2
  channels:manage,channels:write.topic,groups:write,groups:write.topic,im:write,im:write.topic,mpim:write,mpim:write.topic
  channel! purpose!
conversations.history GET json t3 channels:history,groups:history,im:history,mpim:history channel! cursor
  include_all_metadata:bool inclusive:bool latest limit:int oldest
conversations.replies GET form t3 channels:history,groups:history,im:history,mpim:history channel! cursor
  include_all_metadata:bool inclusive:bool latest limit:int oldest ts!
conversations.mark POST json t3 channels:manage,channels:write,groups:write,im:write,mpim:write channel! ts!
files.getUploadURLExternal POST form t4 files:write alt_txt filename! length!:int snippet_type
files.completeUploadExternal POST json t4 files:write blocks:json channel_id channels files!:json icon_emoji
  icon_url initial_comment thread_ts username
files.info GET form t4 files:read count:int cursor file! limit:int page:int
files.list GET form t3 files:read channel count:int page:int show_files_hidden_by_limit:bool team_id ts_from ts_to
  types user
files.delete POST json t3 files:write file!
oauth.v2.access POST form t5 - assertion client_id client_secret code code_verifier grant_type redirect_uri
  refresh_token
pins.add POST json t2 pins:write channel! timestamp
pins.remove POST json t2 pins:write channel! timestamp
pins.list GET form t2 pins:read channel!
reactions.add POST json t3 reactions:write channel! name! timestamp!
reactions.get GET form t3 reactions:read channel file file_comment full:bool timestamp
reactions.list GET form t2 reactions:read count:int cursor full:bool limit:int page:int team_id user
reactions.remove POST json t2 reactions:write channel file file_comment name! timestamp
team.info GET json t3 team:read domain team
usergroups.list GET form t2 usergroups:read include_count:bool include_disabled:bool include_users:bool team_id
usergroups.create POST json t2 usergroups:write additional_channels:list channels:list description
  enable_section:bool handle include_count:bool name! team_id
usergroups.update POST json t2 usergroups:write additional_channels:list channels:list description
  enable_section:bool handle include_count:bool name team_id usergroup!
usergroups.enable POST json t2 usergroups:write include_count:bool team_id usergroup!
usergroups.disable POST json t2 usergroups:write include_count:bool team_id usergroup!
usergroups.users.list GET form t2 usergroups:read include_disabled:bool team_id usergroup!
usergroups.users.update POST json t2 usergroups:write additional_channels:list include_count:bool is_shared:bool
  team_id usergroup! users!:list
users.info GET form t4 users:read include_locale:bool user!
users.list GET form t2 users:read cursor include_locale:bool limit:int team_id
users.lookupByEmail GET form t3 users:read.email email!
users.getPresence GET form t3 users:read user
users.setPresence POST json t2 users:write presence!=auto/away
users.conversations GET form t3 channels:read,groups:read,im:read,mpim:read cursor exclude_archived:bool
  exclude_muted:bool limit:int team_id types user
users.profile.get GET form t4 users.profile:read include_labels:bool user
views.open POST json t4 - interactivity_pointer trigger_id view!:json
views.push POST json t4 - interactivity_pointer trigger_id view!:json
views.update POST json t4 - external_id hash view!:json view_id
views.publish POST json t4 - hash interactivity_pointer user_id! view!:json
emoji.list GET form t2 emoji:read include_categories:bool
dnd.info GET form t3 dnd:read team_id user
dnd.teamInfo GET form t2 dnd:read team_id users!
"""

# Calls a minute that a tier allows (docs.slack.dev/apis/web-api/rate-limits). Special: chat.postMessage's one a second
# is counted a channel; the others are allowed what tier 4 allows.
TIER_PER_MINUTE = {"t1": 1, "t2": 20, "t3": 50, "t4": 100, "t5": 100}

# Arguments that every method takes and none lists.
EVERYWHERE = frozenset({"token", "team_id", "_x_reason", "_x_mode", "_x_sonic", "_x_app_name"})


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    kind: str  # "text" | "json" | "int" | "bool" | "list"
    required: bool
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodRule:
    name: str
    verb: str
    reads_json: bool
    tier: str
    scopes: tuple[str, ...]
    arguments: tuple[Argument, ...]

    def argument(self, name: str) -> Argument | None:
        return next((argument for argument in self.arguments if argument.name == name), None)


def _argument(word: str) -> Argument:
    word, _, values = word.partition("=")
    word, _, kind = word.partition(":")
    return Argument(word.rstrip("!"), kind or "text", word.endswith("!"), tuple(values.split("/")) if values else ())


def _rule(line: str) -> MethodRule:
    name, verb, body, tier, scopes, *words = line.split()
    return MethodRule(
        name=name,
        verb=verb,
        reads_json=body == "json",
        tier=tier,
        scopes=() if scopes == "-" else tuple(scopes.split(",")),
        arguments=tuple(_argument(word) for word in words),
    )


def _lines(table: str) -> list[str]:
    """A line that starts with a space continues the one before it."""
    return table.strip().replace("\n ", " ").splitlines()


METHOD_RULES: dict[str, MethodRule] = {rule.name: rule for rule in map(_rule, _lines(TABLE))}
