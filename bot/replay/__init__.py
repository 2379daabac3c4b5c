"""What would Tocsin have posted? The main job over files, by their own timestamps, without Slack.

sources   files → lines          records   lines → log records      ordered   … by their time
drive     records and changes → the engine, a window at a time      told      what it would have posted, in words
cli       `tocsin replay`
"""
