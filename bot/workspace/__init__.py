"""Where can Tocsin be tried without Slack? In a local workspace: a server that speaks Slack's protocols."""

from bot.workspace.server import Workspace

__all__ = ["Workspace"]
