"""What happens when a form is handed in?"""
