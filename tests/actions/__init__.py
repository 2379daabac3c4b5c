"""What is a run, who may ask for it, and what is an approval bound to?"""
