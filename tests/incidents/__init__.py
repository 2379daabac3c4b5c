"""What belongs to an incident, what caused it, and how quick were we?"""
