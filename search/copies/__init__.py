"""Reverse lookup and duplicates: is this picture, or something made from it, known?"""
