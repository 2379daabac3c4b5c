"""Does the local workspace behave as Slack does? Against Slack's data, other validators and real clients."""
