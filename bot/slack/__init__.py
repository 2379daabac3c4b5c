"""How does Tocsin speak with Slack? The only package that knows Slack's Web API.

mrkdwn   harmless text in Slack's and the terminal's markup      blocks   what a template can draw
render   templates + pages → messages, forms, text               courier  outbox → Slack, once and in order
client   signing in, Socket Mode, HTTP                           guards   who pressed, was it handled, what went wrong
doctor   is everything set up?
"""
