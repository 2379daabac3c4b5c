"""What happens when Slack tells of something?"""
