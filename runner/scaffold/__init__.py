"""A new repository of cohorts as text: its project file, its workflows, and what stands
around them.
"""
