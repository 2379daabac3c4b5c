"""Is the right one on call, and asked?"""
