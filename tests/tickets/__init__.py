"""Do tickets elsewhere follow incidents?"""
