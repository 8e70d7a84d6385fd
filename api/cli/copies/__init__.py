"""Commands of reverse lookup: is it known already, and what is there twice?"""
