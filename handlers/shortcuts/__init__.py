"""What happens when a shortcut is used, from anywhere or on a message?"""
